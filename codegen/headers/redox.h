/*
 * Our own declarations for Redox: the package registries have no header pack of this system. The
 * facts are those of relibc 0.2.5 of August 2026.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2)
 * https://github.com/redox-os/relibc/blob/6359922768c68a86e509c03555e0efcd97368972/src/header/poll/mod.rs#L26-L62
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
 * epoll_ctl(2). On 64-bit systems a third field makes the structure as large as the kernel's
 * `Event`.
 * https://github.com/redox-os/relibc/blob/6359922768c68a86e509c03555e0efcd97368972/src/header/sys_epoll/mod.rs#L22-L111
 */
union epoll_data {
	void *ptr;
	int fd;
	unsigned int u32;
	unsigned long long u64;
};

struct epoll_event {
	unsigned int events;
	union epoll_data data;
#if __SIZEOF_POINTER__ == 8
	unsigned long long _pad;
#endif
};

typedef unsigned int epoll_flags;

#define EPOLLIN 0x1
#define EPOLLPRI 0x2
#define EPOLLOUT 0x4
#define EPOLLERR 0x8
#define EPOLLHUP 0x10
#define EPOLLRDHUP 0x2000
#define EPOLLONESHOT 0x40000000
#define EPOLLET 0x80000000
#define EPOLL_CLOEXEC 0x1000000
#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

/*
 * errno(3)
 * https://github.com/redox-os/relibc/blob/6359922768c68a86e509c03555e0efcd97368972/src/header/errno/mod.rs#L55
 */
#define EBADF 9

/*
 * fcntl(2), open(2)
 * https://github.com/redox-os/relibc/blob/6359922768c68a86e509c03555e0efcd97368972/src/header/fcntl/mod.rs#L36-L38
 * https://github.com/redox-os/relibc/blob/6359922768c68a86e509c03555e0efcd97368972/src/header/bits_open-flags/redox.rs#L12-L28
 */
#define F_GETFL 3
#define F_SETFL 4
#define O_NONBLOCK 0x40000
#define O_CLOEXEC 0x1000000

/*
 * Functions
 * https://github.com/redox-os/relibc/blob/6359922768c68a86e509c03555e0efcd97368972/src/header/fcntl/mod.rs#L115
 * https://github.com/redox-os/relibc/blob/6359922768c68a86e509c03555e0efcd97368972/src/header/poll/mod.rs#L48
 * https://github.com/redox-os/relibc/blob/6359922768c68a86e509c03555e0efcd97368972/src/header/poll/mod.rs#L179
 * https://github.com/redox-os/relibc/blob/6359922768c68a86e509c03555e0efcd97368972/src/header/sys_epoll/mod.rs#L151-L211
 * https://github.com/redox-os/relibc/blob/6359922768c68a86e509c03555e0efcd97368972/src/header/unistd/mod.rs#L940
 * https://github.com/redox-os/relibc/blob/6359922768c68a86e509c03555e0efcd97368972/src/header/unistd/mod.rs#L1011
 * https://github.com/redox-os/relibc/blob/6359922768c68a86e509c03555e0efcd97368972/src/header/unistd/mod.rs#L1468
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int epoll_create1(int flags);
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);
int pipe2(int *pipefd, int flags);
