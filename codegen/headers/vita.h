/*
 * Our own declarations for the PlayStation Vita: the package registries have no header pack of this
 * system. The facts are those of vitasdk's newlib of October 2023.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2). POLLPRI is POLLIN.
 * https://github.com/vitasdk/newlib/blob/b89e5bc183b516945f9ee07eef483ecb916e45ff/newlib/libc/sys/vita/sys/poll.h
 */
struct pollfd {
	int fd;
	short events;
	short revents;
};

#define POLLIN 0x1
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20

/*
 * errno(3)
 * https://github.com/vitasdk/newlib/blob/b89e5bc183b516945f9ee07eef483ecb916e45ff/newlib/libc/include/sys/errno.h#L39
 */
#define EBADF 9

/*
 * fcntl(2), open(2): `_FNONBLOCK` and `_FNOINHERIT`. 0x80000, which the libc crate has for
 * O_CLOEXEC, is `_FDIRECT`. pipe2(2) ignores the flag.
 * https://github.com/vitasdk/newlib/blob/b89e5bc183b516945f9ee07eef483ecb916e45ff/newlib/libc/include/sys/_default_fcntl.h#L23-L63
 * https://github.com/vitasdk/newlib/blob/b89e5bc183b516945f9ee07eef483ecb916e45ff/newlib/libc/include/sys/_default_fcntl.h#L133-L134
 * https://github.com/vitasdk/newlib/blob/b89e5bc183b516945f9ee07eef483ecb916e45ff/newlib/libc/sys/vita/pipe.c
 */
#define F_GETFL 3
#define F_SETFL 4
#define O_NONBLOCK 0x4000
#define O_CLOEXEC 0x40000

/*
 * Prototypes
 * https://github.com/vitasdk/newlib/blob/b89e5bc183b516945f9ee07eef483ecb916e45ff/newlib/libc/include/sys/_default_fcntl.h#L218
 * https://github.com/vitasdk/newlib/blob/b89e5bc183b516945f9ee07eef483ecb916e45ff/newlib/libc/include/sys/unistd.h#L183-L245
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe2(int *pipefd, int flags);
