/*
 * What the Solaris bindings are made from. No header pack of this system is in the registries, so this file states the facts:
 * port_create(3C), port_associate(3C), port_get(3C), port_send(3C) of Solaris 11.4, and its port.h, poll.h, fcntl.h, errno.h.
 */
typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

typedef __UINTPTR_TYPE__ uintptr_t;

/* poll(2) */
struct pollfd {
	int fd;
	short events;
	short revents;
};

/* clock_gettime(3C) */
struct timespec {
	long tv_sec;
	long tv_nsec;
};

/* port_get(3C) */
struct port_event {
	int portev_events;
	unsigned short portev_source;
	unsigned short portev_pad;
	uintptr_t portev_object;
	void *portev_user;
};

#define EBADF 9
#define EBADFD 81
#define FD_CLOEXEC 1
#define F_GETFL 3
#define F_SETFD 2
#define F_SETFL 4
#define EAGAIN 11
#define EINTR 4
#define ENOENT 2
#define ETIME 62
#define F_DUPFD_CLOEXEC 47
#define O_NONBLOCK 0x80
#define O_CLOEXEC 0x800000
#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20
#define PORT_SOURCE_USER 3
#define PORT_SOURCE_FD 4

int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe2(int *pipefd, int flags);
int port_create(void);
int port_associate(int port, int source, uintptr_t object, int events, void *user);
int port_dissociate(int port, int source, uintptr_t object);
int port_getn(int port, struct port_event *list, unsigned int max, unsigned int *nget, struct timespec *timeout);
int port_send(int port, int events, void *user);
