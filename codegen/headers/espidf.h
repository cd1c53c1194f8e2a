/*
 * Our own declarations for ESP-IDF: the package registries have no header pack of this system. The
 * facts are those of ESP-IDF 5.5.5 and Espressif's newlib.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2). POLLPRI is POLLRDBAND.
 * https://github.com/espressif/esp-idf/blob/b774170ff46c393eeb5e495ea37936038d3f4f4f/components/newlib/platform_include/sys/poll.h#L10-L34
 */
struct pollfd {
	int fd;
	short events;
	short revents;
};

#define POLLIN 0x1
#define POLLPRI 0x4
#define POLLOUT 0x8
#define POLLERR 0x20
#define POLLHUP 0x40
#define POLLNVAL 0x80

/*
 * errno(3)
 * https://github.com/espressif/newlib-esp32/blob/ff0b7d937917fd4847d9eb1a12d709a1cb651938/newlib/libc/include/sys/errno.h#L39
 */
#define EBADF 9

/*
 * fcntl(2), open(2): `_FNONBLOCK`
 * https://github.com/espressif/newlib-esp32/blob/ff0b7d937917fd4847d9eb1a12d709a1cb651938/newlib/libc/include/sys/_default_fcntl.h#L23-L58
 * https://github.com/espressif/newlib-esp32/blob/ff0b7d937917fd4847d9eb1a12d709a1cb651938/newlib/libc/include/sys/_default_fcntl.h#L127-L134
 */
#define FD_CLOEXEC 1
#define F_GETFL 3
#define F_SETFD 2
#define F_SETFL 4
#define O_NONBLOCK 0x4000

/*
 * Prototypes. eventfd(2) is always nonblocking, and returns EINVAL for every flag but one of its
 * own, for interrupts.
 * https://github.com/espressif/newlib-esp32/blob/ff0b7d937917fd4847d9eb1a12d709a1cb651938/newlib/libc/include/sys/_default_fcntl.h#L218
 * https://github.com/espressif/newlib-esp32/blob/ff0b7d937917fd4847d9eb1a12d709a1cb651938/newlib/libc/include/sys/unistd.h#L181-L245
 * https://github.com/espressif/esp-idf/blob/b774170ff46c393eeb5e495ea37936038d3f4f4f/components/vfs/include/esp_vfs_eventfd.h#L59
 * https://github.com/espressif/esp-idf/blob/b774170ff46c393eeb5e495ea37936038d3f4f4f/components/vfs/vfs_eventfd.c#L399-L408
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe(int *pipefd);
int eventfd(unsigned int initval, int flags);
