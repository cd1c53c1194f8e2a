/*
 * What the Fuchsia bindings are made from. No header pack of this system is in the registries, so this file states the facts:
 * poll.h, fcntl.h, errno.h and sys/eventfd.h of the sysroot (musl's, with flags of its own).
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
#define F_GETFL 3
#define F_SETFL 4
#define O_NONBLOCK 0x10
#define O_CLOEXEC 0x100
#define EFD_CLOEXEC 0x100
#define EFD_NONBLOCK 0x10
#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20

int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe2(int *pipefd, int flags);
int eventfd(unsigned int initval, int flags);
