/*
 * Our own declarations for GNU Hurd: the package registries have no header pack of this system. The
 * facts are those of glibc 2.42.9000, the development of 2.43. Error codes carry Mach's system
 * number, 0x40000000.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2)
 * https://github.com/bminor/glibc/blob/04e750e75b73957cf1c791535a3f4319534a52fc/io/sys/poll.h#L33-L54
 * https://github.com/bminor/glibc/blob/04e750e75b73957cf1c791535a3f4319534a52fc/bits/poll.h#L25-L42
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
 * errno(3)
 * https://github.com/bminor/glibc/blob/04e750e75b73957cf1c791535a3f4319534a52fc/sysdeps/mach/hurd/bits/errno.h#L37
 */
#define EBADF 0x40000009

/*
 * fcntl(2), open(2)
 * https://github.com/bminor/glibc/blob/04e750e75b73957cf1c791535a3f4319534a52fc/sysdeps/mach/hurd/bits/fcntl.h#L105-L123
 * https://github.com/bminor/glibc/blob/04e750e75b73957cf1c791535a3f4319534a52fc/sysdeps/mach/hurd/bits/fcntl.h#L164-L165
 */
#define F_GETFL 3
#define F_SETFL 4
#define O_NONBLOCK 0x8
#define O_CLOEXEC 0x400000

/*
 * Prototypes
 * https://github.com/bminor/glibc/blob/04e750e75b73957cf1c791535a3f4319534a52fc/io/fcntl.h#L177
 * https://github.com/bminor/glibc/blob/04e750e75b73957cf1c791535a3f4319534a52fc/posix/unistd.h#L371-L442
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe2(int *pipefd, int flags);
