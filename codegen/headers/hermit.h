/*
 * What the Hermit bindings are made from. No header pack of this system is in the registries, so this file states the facts:
 * the system calls that crate hermit-abi 0.5 declares; the names here are POSIX's, the link names Hermit's.
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
#define O_NONBLOCK 04000
#define EFD_CLOEXEC 040000
#define EFD_NONBLOCK 04000
#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20
#define POLLRDHUP 0x2000

int fcntl(int fd, int cmd, int arg) __asm__("sys_fcntl");
int poll(struct pollfd *fds, size_t nfds, int timeout) __asm__("sys_poll");
ssize_t read(int fd, unsigned char *buf, size_t count) __asm__("sys_read");
ssize_t write(int fd, const unsigned char *buf, size_t count) __asm__("sys_write");
int eventfd(unsigned long long initval, short flags) __asm__("sys_eventfd");
