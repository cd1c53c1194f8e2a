/*
 * Our own declarations for Hermit: the package registries have no header pack of this system. The
 * facts are those of the crate hermit-abi 0.5.2. The names here are POSIX's; the link names are
 * those of Hermit's system calls.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2)
 * https://github.com/hermit-os/hermit-rs/blob/356f491b8c68aaa893a4450b10b9c080f6d2e63a/hermit-abi/src/lib.rs#L275-L282
 */
struct pollfd {
	int fd;
	short events;
	short revents;
};

/*
 * Conditions of poll(2)
 * https://github.com/hermit-os/hermit-rs/blob/356f491b8c68aaa893a4450b10b9c080f6d2e63a/hermit-abi/src/lib.rs#L145-L155
 */
#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20
#define POLLRDHUP 0x2000

/*
 * errno(3)
 * https://github.com/hermit-os/hermit-rs/blob/356f491b8c68aaa893a4450b10b9c080f6d2e63a/hermit-abi/src/errno.rs#L26
 */
#define EBADF 9

/*
 * fcntl(2), open(2)
 * https://github.com/hermit-os/hermit-rs/blob/356f491b8c68aaa893a4450b10b9c080f6d2e63a/hermit-abi/src/lib.rs#L54-L60
 */
#define F_GETFL 3
#define F_SETFL 4
#define O_NONBLOCK 04000

/*
 * eventfd(2)
 * https://github.com/hermit-os/hermit-rs/blob/356f491b8c68aaa893a4450b10b9c080f6d2e63a/hermit-abi/src/lib.rs#L157-L158
 */
#define EFD_CLOEXEC 040000
#define EFD_NONBLOCK 04000

/*
 * Functions
 * https://github.com/hermit-os/hermit-rs/blob/356f491b8c68aaa893a4450b10b9c080f6d2e63a/hermit-abi/src/lib.rs#L699-L700
 * https://github.com/hermit-os/hermit-rs/blob/356f491b8c68aaa893a4450b10b9c080f6d2e63a/hermit-abi/src/lib.rs#L766-L767
 * https://github.com/hermit-os/hermit-rs/blob/356f491b8c68aaa893a4450b10b9c080f6d2e63a/hermit-abi/src/lib.rs#L825-L852
 */
int fcntl(int fd, int cmd, int arg) __asm__("sys_fcntl");
int poll(struct pollfd *fds, size_t nfds, int timeout) __asm__("sys_poll");
ssize_t read(int fd, unsigned char *buf, size_t count) __asm__("sys_read");
ssize_t write(int fd, const unsigned char *buf, size_t count) __asm__("sys_write");
int eventfd(unsigned long long initval, short flags) __asm__("sys_eventfd");
