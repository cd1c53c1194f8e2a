/*
 * What the QNX Neutrino bindings are made from. No header pack of this system is in the registries, so this file states the facts:
 * poll.h, fcntl.h and errno.h of QNX SDP 7.0 to 8.0; poll(), fcntl() in its C library reference.
 */
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/* poll(2) */
struct pollfd {
	int fd;
	short events;
	short revents;
};

#define EBADF 9
#define FD_CLOEXEC 1
#define F_GETFL 3
#define F_SETFD 2
#define F_SETFL 4
#define O_NONBLOCK 0200
#define POLLIN 0x5
#define POLLOUT 0x2
#define POLLPRI 0x8
#define POLLERR 0x20
#define POLLHUP 0x40
#define POLLNVAL 0x1000

int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe(int *pipefd);
