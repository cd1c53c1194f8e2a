/*
 * Our own declarations for Cygwin: the package registries have no header pack of this system. The
 * facts are those of Cygwin 3.6.10 and its newlib. `long` has 64 bits, unlike on Windows.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2)
 * https://github.com/cygwin/cygwin/blob/b11613e477c006b2ce0332463ed07f1118260e79/winsup/cygwin/include/sys/poll.h#L18-L45
 */
struct pollfd {
	int fd;
	short events;
	short revents;
};

#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20

/*
 * clock_gettime(2). `time_t` is `long` where that has 64 bits.
 * https://github.com/cygwin/cygwin/blob/b11613e477c006b2ce0332463ed07f1118260e79/newlib/libc/include/sys/_timespec.h#L47-L50
 * https://github.com/cygwin/cygwin/blob/b11613e477c006b2ce0332463ed07f1118260e79/newlib/libc/include/sys/_types.h#L184-L189
 */
struct timespec {
	long tv_sec;
	long tv_nsec;
};

/*
 * errno(3)
 * https://github.com/cygwin/cygwin/blob/b11613e477c006b2ce0332463ed07f1118260e79/newlib/libc/include/sys/errno.h#L45
 */
#define EBADF 9

/*
 * fcntl(2), open(2): `_FNONBLOCK` and `_FNOINHERIT`
 * https://github.com/cygwin/cygwin/blob/b11613e477c006b2ce0332463ed07f1118260e79/newlib/libc/include/sys/_default_fcntl.h#L23-L63
 * https://github.com/cygwin/cygwin/blob/b11613e477c006b2ce0332463ed07f1118260e79/newlib/libc/include/sys/_default_fcntl.h#L134-L135
 */
#define F_GETFL 3
#define F_SETFL 4
#define O_NONBLOCK 0x4000
#define O_CLOEXEC 0x40000

/*
 * Prototypes. ppoll(2) takes a signal mask, which is opaque here and always null.
 * https://github.com/cygwin/cygwin/blob/b11613e477c006b2ce0332463ed07f1118260e79/newlib/libc/include/sys/_default_fcntl.h#L220
 * https://github.com/cygwin/cygwin/blob/b11613e477c006b2ce0332463ed07f1118260e79/newlib/libc/include/sys/unistd.h#L182-L248
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe2(int *pipefd, int flags);
int ppoll(struct pollfd *fds, unsigned int nfds, const struct timespec *timeout, const void *mask);
