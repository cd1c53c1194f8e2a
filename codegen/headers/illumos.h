/*
 * What the illumos bindings are made from. No header pack of this system is in the registries, so this file states the facts:
 * epoll(7), eventfd(7), poll(2), fcntl(2) of its manual and sys/epoll.h, sys/eventfd.h, sys/poll.h of illumos-gate.
 */
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/* poll(2) */
struct pollfd {
	int fd;
	short events;
	short revents;
};

/* epoll_ctl(2) */
union epoll_data {
	void *ptr;
	int fd;
	unsigned int u32;
	unsigned long long u64;
};

struct epoll_event {
	unsigned int events;
	union epoll_data data;
}
#if defined(__i386__) || defined(__x86_64__)
__attribute__((packed, aligned(4)))
#endif
;

typedef unsigned int epoll_flags;

#define EBADF 9
#define FD_CLOEXEC 1
#define F_GETFL 3
#define F_SETFD 2
#define F_SETFL 4
#define F_DUPFD_CLOEXEC 37
#define O_NONBLOCK 0x80
#define O_CLOEXEC 0x800000
#define EFD_CLOEXEC 0x80000
#define EFD_NONBLOCK 0x800
#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20
#define POLLRDHUP 0x4000
#define EPOLLIN 0x1
#define EPOLLPRI 0x2
#define EPOLLOUT 0x4
#define EPOLLERR 0x8
#define EPOLLHUP 0x10
#define EPOLLRDHUP 0x2000
#define EPOLLONESHOT 0x40000000
#define EPOLLET 0x80000000
#define EPOLL_CLOEXEC 0x80000
#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int epoll_create1(int flags);
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);
int pipe2(int *pipefd, int flags);
int eventfd(unsigned int initval, int flags);
