/*
 * What the NuttX bindings are made from. No header pack of this system is in the registries, so this file states the facts:
 * include/sys/poll.h, include/fcntl.h, include/errno.h and include/sys/eventfd.h of NuttX 12. POLLRDHUP is POLLHUP there.
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
#define F_GETFL 2
#define F_SETFL 9
#define O_NONBLOCK 0x800
#define O_CLOEXEC 0x80000
#define EFD_CLOEXEC 0x80000
#define EFD_NONBLOCK 0x800
#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20

int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe2(int *pipefd, int flags);
int eventfd(unsigned int initval, int flags);
