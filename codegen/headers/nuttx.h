/*
 * Our own declarations for NuttX: the package registries have no header pack of this system. The
 * facts are those of NuttX 13.0.0, the first release whose open flags have Linux's values.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;
typedef __UINTPTR_TYPE__ uintptr_t;

/*
 * poll(2). POLLRDHUP is POLLHUP. `pollevent_t` is `uint32_t`. The last three fields are the
 * kernel's, and poll(2) writes to them. They are pointers: two to data, one to a function.
 * https://github.com/apache/nuttx/blob/273c77128b6698f0c95f0d7cde1d0bb803782021/include/sys/poll.h#L73-L151
 * https://github.com/apache/nuttx/blob/273c77128b6698f0c95f0d7cde1d0bb803782021/fs/vfs/fs_poll.c#L147-L150
 */
struct pollfd {
	int fd;
	unsigned int events;
	unsigned int revents;
	uintptr_t arg;
	uintptr_t cb;
	uintptr_t priv;
};

#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLOUT 0x4
#define POLLERR 0x8
#define POLLHUP 0x10
#define POLLNVAL 0x20

/*
 * errno(3)
 * https://github.com/apache/nuttx/blob/273c77128b6698f0c95f0d7cde1d0bb803782021/include/errno.h#L90
 */
#define EBADF 9

/*
 * fcntl(2), open(2)
 * https://github.com/apache/nuttx/blob/273c77128b6698f0c95f0d7cde1d0bb803782021/include/fcntl.h#L57-L65
 * https://github.com/apache/nuttx/blob/273c77128b6698f0c95f0d7cde1d0bb803782021/include/fcntl.h#L98-L105
 */
#define F_GETFL 2
#define F_SETFL 9
#define O_NONBLOCK 0x800
#define O_CLOEXEC 0x80000

/*
 * eventfd(2)
 * https://github.com/apache/nuttx/blob/273c77128b6698f0c95f0d7cde1d0bb803782021/include/sys/eventfd.h#L37-L65
 */
#define EFD_CLOEXEC 0x80000
#define EFD_NONBLOCK 0x800

/*
 * Prototypes
 * https://github.com/apache/nuttx/blob/273c77128b6698f0c95f0d7cde1d0bb803782021/include/fcntl.h#L215
 * https://github.com/apache/nuttx/blob/273c77128b6698f0c95f0d7cde1d0bb803782021/include/unistd.h#L373-L398
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe2(int *pipefd, int flags);
int eventfd(unsigned int initval, int flags);
