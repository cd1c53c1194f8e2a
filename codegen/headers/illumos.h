/*
 * Our own declarations for illumos: the package registries have no header pack of this system. The
 * facts are those of illumos-gate of December 2023.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2)
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/poll.h#L48-L76
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
#define POLLRDHUP 0x4000

/*
 * epoll_ctl(2). The alignment of 64-bit integers decides on the packing. No release has the port to
 * aarch64; the last link is its branch.
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/epoll.h#L27-L73
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/isa_defs.h#L255-L331
 * https://github.com/r1mikey/illumos-gate/blob/5ecb040f8821043f2fbbf3b30c0831ee6c852b0d/usr/src/uts/common/sys/isa_defs.h#L530-L543
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
}
#if defined(__i386__) || defined(__x86_64__)
__attribute__((packed, aligned(4)))
#endif
;

typedef unsigned int epoll_flags;

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

/*
 * errno(3)
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/errno.h#L59
 */
#define EBADF 9

/*
 * fcntl(2), open(2)
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/fcntl.h#L73-L106
 */
#define F_GETFL 3
#define F_SETFL 4
#define O_NONBLOCK 0x80
#define O_CLOEXEC 0x800000

/*
 * eventfd(3C). The flags are Linux's, not O_CLOEXEC and O_NONBLOCK.
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/eventfd.h#L38-L52
 */
#define EFD_CLOEXEC 0x80000
#define EFD_NONBLOCK 0x800

/*
 * Prototypes
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/head/fcntl.h#L131
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/poll.h#L152
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/epoll.h#L78-L81
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/head/unistd.h#L425-L561
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int epoll_create1(int flags);
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);
int pipe2(int *pipefd, int flags);
int eventfd(unsigned int initval, int flags);
