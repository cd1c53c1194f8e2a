/*
 * Our own declarations for Solaris: the package registries have no header pack of this system.
 * Oracle publishes no source of Solaris 11.4. The facts rest on the headers of illumos, which
 * continue those of OpenSolaris, on golang/sys, whose Solaris files cgo wrote from system headers,
 * and on the libc crate 0.2.189. All three agree.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

typedef __UINTPTR_TYPE__ uintptr_t;

/*
 * poll(2)
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/poll.h#L48-L76
 * https://github.com/golang/sys/blob/e8c1c3274309bd87f360205f5706e986ceccb317/unix/ztypes_solaris_amd64.go#L424-L437
 * https://github.com/rust-lang/libc/blob/ef0906e20828777175f65caa7e681a0ce33c559a/src/unix/solarish/mod.rs#L1272-L1277
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
 * clock_gettime(3C)
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/time_impl.h#L57-L60
 * https://github.com/golang/sys/blob/e8c1c3274309bd87f360205f5706e986ceccb317/unix/ztypes_solaris_amd64.go#L25-L28
 */
struct timespec {
	long tv_sec;
	long tv_nsec;
};

/*
 * port_create(3C), port_get(3C)
 * https://www.unix.com/man-page/sunos/3c/port_create/
 * https://www.unix.com/man_page/opensolaris/3c/port_get/
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/port.h#L43-L55
 * https://github.com/golang/sys/blob/e8c1c3274309bd87f360205f5706e986ceccb317/unix/ztypes_solaris_amd64.go#L451-L463
 * https://github.com/rust-lang/libc/blob/ef0906e20828777175f65caa7e681a0ce33c559a/src/unix/solarish/mod.rs#L399-L405
 */
struct port_event {
	int portev_events;
	unsigned short portev_source;
	unsigned short portev_pad;
	uintptr_t portev_object;
	void *portev_user;
};

#define PORT_SOURCE_USER 3
#define PORT_SOURCE_FD 4

/*
 * errno(3C)
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/errno.h#L59-L143
 * https://github.com/golang/sys/blob/e8c1c3274309bd87f360205f5706e986ceccb317/unix/zerrors_solaris_amd64.go#L1217-L1321
 */
#define EBADF 9
#define EBADFD 81
#define ETIME 62

/*
 * fcntl(2), open(2)
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/fcntl.h#L73-L106
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/fcntl.h#L345
 * https://github.com/golang/sys/blob/e8c1c3274309bd87f360205f5706e986ceccb317/unix/zerrors_solaris_amd64.go#L293-L349
 * https://github.com/golang/sys/blob/e8c1c3274309bd87f360205f5706e986ceccb317/unix/zerrors_solaris_amd64.go#L706-L718
 */
#define FD_CLOEXEC 1
#define F_GETFL 3
#define F_SETFD 2
#define F_SETFL 4
#define O_NONBLOCK 0x80
#define O_CLOEXEC 0x800000

/*
 * Prototypes
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/head/port.h#L41-L47
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/head/fcntl.h#L131
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/uts/common/sys/poll.h#L152
 * https://github.com/illumos/illumos-gate/blob/bb936843191c6a154629c77053e56d3847a1d158/usr/src/head/unistd.h#L425-L561
 * https://github.com/rust-lang/libc/blob/ef0906e20828777175f65caa7e681a0ce33c559a/src/unix/solarish/mod.rs#L2642-L2659
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe2(int *pipefd, int flags);
int port_create(void);
int port_associate(int port, int source, uintptr_t object, int events, void *user);
int port_dissociate(int port, int source, uintptr_t object);
int port_getn(int port, struct port_event *list, unsigned int max, unsigned int *nget,
              struct timespec *timeout);
int port_send(int port, int events, void *user);
