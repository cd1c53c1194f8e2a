/*
 * Our own declarations for DragonFly BSD: the package registries have no header pack of this
 * system. The facts are those of a revision of July 2020, in the development of 6.0, the newest
 * that was read. The libc crate has the same layouts and values.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

typedef __UINTPTR_TYPE__ uintptr_t;
typedef __INTPTR_TYPE__ intptr_t;

/*
 * poll(2)
 * https://github.com/DragonFlyBSD/DragonFlyBSD/blob/f875a8eec79e1ede24a447f231db7c2b058e68cd/sys/sys/poll.h#L38-L73
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
 * clock_gettime(2). `time_t` is as wide as a pointer.
 * https://github.com/DragonFlyBSD/DragonFlyBSD/blob/f875a8eec79e1ede24a447f231db7c2b058e68cd/sys/sys/_timespec.h#L42-L45
 * https://github.com/DragonFlyBSD/DragonFlyBSD/blob/f875a8eec79e1ede24a447f231db7c2b058e68cd/sys/cpu/x86_64/include/stdint.h#L124
 */
struct timespec {
	long tv_sec;
	long tv_nsec;
};

/*
 * kqueue(2). Each constant gets the type of the field that holds it.
 * https://github.com/DragonFlyBSD/DragonFlyBSD/blob/f875a8eec79e1ede24a447f231db7c2b058e68cd/sys/sys/event.h#L39-L113
 */
typedef short kevent_filter;
typedef unsigned short kevent_flags;
typedef unsigned int kevent_fflags;

struct kevent {
	uintptr_t ident;
	short filter;
	unsigned short flags;
	unsigned int fflags;
	intptr_t data;
	void *udata;
};

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_AIO (-3)
#define EVFILT_VNODE (-4)
#define EVFILT_PROC (-5)
#define EVFILT_SIGNAL (-6)
#define EVFILT_TIMER (-7)
#define EVFILT_USER (-9)
#define EV_ADD 0x1
#define EV_DELETE 0x2
#define EV_ENABLE 0x4
#define EV_DISABLE 0x8
#define EV_ONESHOT 0x10
#define EV_CLEAR 0x20
#define EV_RECEIPT 0x40
#define EV_DISPATCH 0x80
#define EV_ERROR 0x4000
#define EV_EOF 0x8000
#define NOTE_TRIGGER 0x1000000

/*
 * errno(3)
 * https://github.com/DragonFlyBSD/DragonFlyBSD/blob/f875a8eec79e1ede24a447f231db7c2b058e68cd/sys/sys/errno.h#L72
 */
#define EBADF 9

/*
 * fcntl(2), open(2)
 * https://github.com/DragonFlyBSD/DragonFlyBSD/blob/f875a8eec79e1ede24a447f231db7c2b058e68cd/sys/sys/fcntl.h#L71-L101
 * https://github.com/DragonFlyBSD/DragonFlyBSD/blob/f875a8eec79e1ede24a447f231db7c2b058e68cd/sys/sys/fcntl.h#L192-L213
 */
#define FD_CLOEXEC 1
#define F_GETFL 3
#define F_SETFD 2
#define F_SETFL 4
#define O_NONBLOCK 0x4
#define O_CLOEXEC 0x20000

/*
 * Prototypes
 * https://github.com/DragonFlyBSD/DragonFlyBSD/blob/f875a8eec79e1ede24a447f231db7c2b058e68cd/sys/sys/event.h#L268-L270
 * https://github.com/DragonFlyBSD/DragonFlyBSD/blob/f875a8eec79e1ede24a447f231db7c2b058e68cd/sys/sys/fcntl.h#L333
 * https://github.com/DragonFlyBSD/DragonFlyBSD/blob/f875a8eec79e1ede24a447f231db7c2b058e68cd/sys/sys/poll.h#L100
 * https://github.com/DragonFlyBSD/DragonFlyBSD/blob/f875a8eec79e1ede24a447f231db7c2b058e68cd/include/unistd.h#L396-L410
 * https://github.com/DragonFlyBSD/DragonFlyBSD/blob/f875a8eec79e1ede24a447f231db7c2b058e68cd/include/unistd.h#L576
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe2(int *pipefd, int flags);
int kqueue(void);
int kevent(int kq, const struct kevent *changelist, int nchanges, struct kevent *eventlist,
           int nevents, const struct timespec *timeout);
