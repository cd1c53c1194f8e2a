/*
 * Our own declarations for AIX 7.2: the package registries have no header pack of this system, and
 * IBM publishes no source of its headers. The facts rest on golang/sys, whose AIX files cgo wrote
 * from the headers of an AIX machine, and on the libc crate 0.2.189. The manual page of poll is
 * IBM's.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2). The headers declare the two fields as `unsigned short` (`PollFd`); `short` is the same
 * bits.
 * https://www.ibm.com/support/knowledgecenter/ja/ssw_aix_72/p_bostechref/poll.html
 * https://github.com/golang/sys/blob/e8c1c3274309bd87f360205f5706e986ceccb317/unix/ztypes_aix_ppc64.go#L299-L312
 * https://github.com/rust-lang/libc/blob/ef0906e20828777175f65caa7e681a0ce33c559a/src/unix/aix/mod.rs#L1584-L1591
 */
struct pollfd {
	int fd;
	short events;
	short revents;
};

#define POLLIN 0x1
#define POLLOUT 0x2
#define POLLPRI 0x4
#define POLLHUP 0x2000
#define POLLERR 0x4000
/* Bit 15 is the sign of a `short`, the type of `events`. */
#define POLLNVAL ((short)0x8000)

/*
 * errno(3), fcntl(2), open(2)
 * https://github.com/golang/sys/blob/e8c1c3274309bd87f360205f5706e986ceccb317/unix/zerrors_aix_ppc64.go#L129-L152
 * https://github.com/golang/sys/blob/e8c1c3274309bd87f360205f5706e986ceccb317/unix/zerrors_aix_ppc64.go#L533
 * https://github.com/golang/sys/blob/e8c1c3274309bd87f360205f5706e986ceccb317/unix/zerrors_aix_ppc64.go#L1046
 */
#define EBADF 9
#define FD_CLOEXEC 1
#define F_GETFL 3
#define F_SETFD 2
#define F_SETFL 4
#define O_NONBLOCK 0x4

/*
 * Prototypes: POSIX's, with the `nfds_t` of the libc crate.
 * https://github.com/rust-lang/libc/blob/ef0906e20828777175f65caa7e681a0ce33c559a/src/unix/aix/mod.rs#L27
 * https://github.com/rust-lang/libc/blob/ef0906e20828777175f65caa7e681a0ce33c559a/src/unix/mod.rs#L1131-L1188
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe(int *pipefd);
