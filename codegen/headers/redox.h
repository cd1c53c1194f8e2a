/*
 * What the Redox bindings are made from. No header pack of this system is in the registries, so this file states the facts:
 * sys/epoll.h, poll.h, fcntl.h of relibc 0.2. `epoll_event` has a third field there.
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
#if __SIZEOF_POINTER__ == 8
	unsigned long long _pad;
#endif
};

typedef unsigned int epoll_flags;

#define EBADF 9
#define F_GETFL 3
#define F_SETFL 4
#define F_DUPFD_CLOEXEC 1030
#define O_NONBLOCK 0x40000
#define O_CLOEXEC 0x1000000
#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20
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

int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int epoll_create1(int flags);
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);
int pipe2(int *pipefd, int flags);
