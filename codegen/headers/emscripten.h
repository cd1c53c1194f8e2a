/*
 * Our own declarations for Emscripten: the package registries have no header pack of this system.
 * The facts are those of the musl in Emscripten 6.0.8. Error codes are WASI's.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2)
 * https://github.com/emscripten-core/emscripten/blob/aeb67926e7de656da38bc807d83050af93578758/system/lib/libc/musl/include/poll.h#L12-L38
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
#define POLLRDHUP 0x2000

/*
 * epoll_ctl(2). The structure is packed on x86-64 alone.
 * https://github.com/emscripten-core/emscripten/blob/aeb67926e7de656da38bc807d83050af93578758/system/lib/libc/musl/include/sys/epoll.h#L17-L56
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
#define EPOLL_CLOEXEC 0x80000
#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

/*
 * errno(3)
 * https://github.com/emscripten-core/emscripten/blob/aeb67926e7de656da38bc807d83050af93578758/system/lib/libc/musl/arch/emscripten/bits/errno.h#L11
 * https://github.com/emscripten-core/emscripten/blob/aeb67926e7de656da38bc807d83050af93578758/system/include/wasi/api.h#L156
 */
#define EBADF 8

/*
 * fcntl(2), open(2)
 * https://github.com/emscripten-core/emscripten/blob/aeb67926e7de656da38bc807d83050af93578758/system/lib/libc/musl/arch/generic/bits/fcntl.h#L6-L26
 */
#define F_GETFL 3
#define F_SETFL 4
#define O_NONBLOCK 0x800
#define O_CLOEXEC 0x80000

/*
 * Prototypes. Emscripten declares `nfds_t` as `unsigned int`, musl as `unsigned long`; both have 32
 * bits on wasm32.
 * https://github.com/emscripten-core/emscripten/blob/aeb67926e7de656da38bc807d83050af93578758/system/lib/libc/musl/include/fcntl.h#L37
 * https://github.com/emscripten-core/emscripten/blob/aeb67926e7de656da38bc807d83050af93578758/system/lib/libc/musl/include/poll.h#L29-L38
 * https://github.com/emscripten-core/emscripten/blob/aeb67926e7de656da38bc807d83050af93578758/system/lib/libc/musl/include/unistd.h#L50-L61
 * https://github.com/emscripten-core/emscripten/blob/aeb67926e7de656da38bc807d83050af93578758/system/lib/libc/musl/include/sys/epoll.h#L71-L73
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int epoll_create1(int flags);
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);
int pipe2(int *pipefd, int flags);
