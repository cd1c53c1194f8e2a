/*
 * Our own declarations for QNX Neutrino: the package registries have no header pack of this system,
 * and the headers of SDP 7.0 to 8.0 are not public. The facts are those of the source of its C
 * library that QNX once published, in a mirror of December 2009. The libc crate 0.2.189 has the
 * same values.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2). POLLIN is POLLRDNORM and POLLRDBAND.
 * https://github.com/vocho/openqnx/blob/cc95df3543a1c481d4f8ad387e29f0d1ff0c87fe/trunk/lib/c/public/sys/poll.h#L68-L109
 * https://github.com/rust-lang/libc/blob/ef0906e20828777175f65caa7e681a0ce33c559a/src/unix/nto/mod.rs#L1039-L1044
 */
struct pollfd {
	int fd;
	short events;
	short revents;
};

#define POLLIN 0x5
#define POLLOUT 0x2
#define POLLPRI 0x8
#define POLLERR 0x20
#define POLLHUP 0x40
#define POLLNVAL 0x1000

/*
 * errno(3)
 * https://github.com/vocho/openqnx/blob/cc95df3543a1c481d4f8ad387e29f0d1ff0c87fe/trunk/lib/c/public/errno.h#L70
 * https://github.com/rust-lang/libc/blob/ef0906e20828777175f65caa7e681a0ce33c559a/src/unix/nto/mod.rs#L1261
 */
#define EBADF 9

/*
 * fcntl(2), open(2)
 * https://github.com/vocho/openqnx/blob/cc95df3543a1c481d4f8ad387e29f0d1ff0c87fe/trunk/lib/c/public/fcntl.h#L98
 * https://github.com/vocho/openqnx/blob/cc95df3543a1c481d4f8ad387e29f0d1ff0c87fe/trunk/lib/c/public/fcntl.h#L142-L189
 * https://github.com/rust-lang/libc/blob/ef0906e20828777175f65caa7e681a0ce33c559a/src/unix/nto/mod.rs#L767-L769
 * https://github.com/rust-lang/libc/blob/ef0906e20828777175f65caa7e681a0ce33c559a/src/unix/nto/mod.rs#L1684
 */
#define FD_CLOEXEC 1
#define F_GETFL 3
#define F_SETFD 2
#define F_SETFL 4
#define O_NONBLOCK 0200

/*
 * Prototypes
 * https://github.com/vocho/openqnx/blob/cc95df3543a1c481d4f8ad387e29f0d1ff0c87fe/trunk/lib/c/public/fcntl.h#L280
 * https://github.com/vocho/openqnx/blob/cc95df3543a1c481d4f8ad387e29f0d1ff0c87fe/trunk/lib/c/public/unistd.h#L380-L396
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe(int *pipefd);
