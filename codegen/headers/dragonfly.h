/*
 * What the DragonFly BSD bindings are made from. No header pack of this system is in the registries, so this file states the facts:
 * kqueue(2), poll(2), fcntl(2), pipe(2) of DragonFly 6.4 and its sys/event.h, sys/errno.h, sys/fcntl.h.
 */
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

typedef __UINTPTR_TYPE__ uintptr_t;
typedef __INTPTR_TYPE__ intptr_t;
typedef short kevent_filter;
typedef unsigned short kevent_flags;
typedef unsigned int kevent_fflags;

/* poll(2) */
struct pollfd {
	int fd;
	short events;
	short revents;
};

/* clock_gettime(2) */
struct timespec {
	long tv_sec;
	long tv_nsec;
};

/* kqueue(2) */
struct kevent {
	uintptr_t ident;
	short filter;
	unsigned short flags;
	unsigned int fflags;
	intptr_t data;
	void *udata;
};

#define EBADF 9
#define FD_CLOEXEC 1
#define F_GETFL 3
#define F_SETFD 2
#define F_SETFL 4
#define EAGAIN 35
#define EEXIST 17
#define EINTR 4
#define EINVAL 22
#define ENOENT 2
#define ENOSYS 78
#define EPERM 1
#define EPIPE 32
#define F_GETFD 1
#define F_DUPFD_CLOEXEC 17
#define O_NONBLOCK 0x4
#define O_CLOEXEC 0x20000
#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20
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

int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe2(int *pipefd, int flags);
int kqueue(void);
int kevent(int kq, const struct kevent *changelist, int nchanges, struct kevent *eventlist, int nevents, const struct timespec *timeout);
