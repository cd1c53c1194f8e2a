/*
 * What the ESP-IDF bindings are made from. No header pack of this system is in the registries, so this file states the facts:
 * components/newlib/platform_include/sys/poll.h, components/vfs/include/esp_vfs_eventfd.h and newlib's sys/_default_fcntl.h,
 * ESP-IDF 5. Its eventfd is non-blocking by itself and knows no other flag than one for interrupts.
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
#define O_NONBLOCK 0x4000
#define POLLIN 0x1
#define POLLPRI 0x4
#define POLLOUT 0x8
#define POLLERR 0x20
#define POLLHUP 0x40
#define POLLNVAL 0x80

int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe(int *pipefd);
int eventfd(unsigned int initval, int flags);
