/*
 * What the AIX bindings are made from. No header pack of this system is in the registries, so this file states the facts:
 * sys/poll.h, fcntl.h, sys/fcntl.h and sys/errno.h of AIX 7.2; poll(), fcntl() in its base operating system reference.
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
#define O_NONBLOCK 0x4
#define POLLIN 0x1
#define POLLOUT 0x2
#define POLLPRI 0x4
#define POLLHUP 0x2000
#define POLLERR 0x4000
/* The sign of a short, which `events` is. */
#define POLLNVAL ((short)0x8000)

int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe(int *pipefd);
