/*
 * Our own declarations for Haiku: the package registries have no header pack of this system. The
 * facts are those of R1/beta5. Error codes are negative.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2)
 * https://github.com/haiku/haiku/blob/a1f00118db8b858feb73f64ac4dc3d038b82bf9b/headers/posix/poll.h#L13-L40
 */
struct pollfd {
	int fd;
	short events;
	short revents;
};

#define POLLIN 0x1
#define POLLOUT 0x2
#define POLLERR 0x4
#define POLLPRI 0x20
#define POLLHUP 0x80
#define POLLNVAL 0x1000

/*
 * errno(3): B_FILE_ERROR, which is INT_MIN + 0x6000
 * https://github.com/haiku/haiku/blob/a1f00118db8b858feb73f64ac4dc3d038b82bf9b/headers/os/support/Errors.h#L13-L22
 * https://github.com/haiku/haiku/blob/a1f00118db8b858feb73f64ac4dc3d038b82bf9b/headers/os/support/Errors.h#L101
 * https://github.com/haiku/haiku/blob/a1f00118db8b858feb73f64ac4dc3d038b82bf9b/headers/os/support/Errors.h#L209
 */
#define EBADF (-2147459072)

/*
 * fcntl(2), open(2)
 * https://github.com/haiku/haiku/blob/a1f00118db8b858feb73f64ac4dc3d038b82bf9b/headers/posix/fcntl.h#L17-L49
 */
#define FD_CLOEXEC 1
#define F_GETFL 8
#define F_SETFD 4
#define F_SETFL 0x10
#define O_NONBLOCK 0x80

/*
 * Prototypes
 * https://github.com/haiku/haiku/blob/a1f00118db8b858feb73f64ac4dc3d038b82bf9b/headers/posix/fcntl.h#L99
 * https://github.com/haiku/haiku/blob/a1f00118db8b858feb73f64ac4dc3d038b82bf9b/headers/posix/unistd.h#L343-L383
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe(int *pipefd);
