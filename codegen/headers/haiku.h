/*
 * What the Haiku bindings are made from. No header pack of this system is in the registries, so this file states the facts:
 * headers/posix/{poll,fcntl,errno}.h and headers/os/support/Errors.h of Haiku R1/beta5. Error codes are negative.
 */
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/* poll(2) */
struct pollfd {
	int fd;
	short events;
	short revents;
};

#define EBADF (-2147459072)
#define FD_CLOEXEC 1
#define F_GETFL 8
#define F_SETFD 4
#define F_SETFL 0x10
#define O_NONBLOCK 0x80
#define POLLIN 0x1
#define POLLOUT 0x2
#define POLLERR 0x4
#define POLLPRI 0x20
#define POLLHUP 0x80
#define POLLNVAL 0x1000

int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe(int *pipefd);
