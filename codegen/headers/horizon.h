/*
 * Our own declarations for the Nintendo 3DS: the package registries have no header pack of this
 * system. The facts are those of libctru 2.6.2 and devkitPro's newlib.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2). `events` and `revents` are `int` here.
 * https://github.com/devkitPro/libctru/blob/04d3b091efa6d22fa519cc6030299444cd6bdef1/libctru/include/poll.h#L3-L23
 */
struct pollfd {
	int fd;
	int events;
	int revents;
};

#define POLLIN 0x1
#define POLLPRI 0x2
#define POLLHUP 0x4
#define POLLERR 0x8
#define POLLOUT 0x10
#define POLLNVAL 0x20

/*
 * errno(3)
 * https://github.com/devkitPro/newlib/blob/4cc8767a6067786cbb2da969baff3481bd71461c/newlib/libc/include/sys/errno.h#L45
 */
#define EBADF 9

/*
 * fcntl(2), open(2): `_FNONBLOCK`
 * https://github.com/devkitPro/newlib/blob/4cc8767a6067786cbb2da969baff3481bd71461c/newlib/libc/include/sys/_default_fcntl.h#L23-L58
 * https://github.com/devkitPro/newlib/blob/4cc8767a6067786cbb2da969baff3481bd71461c/newlib/libc/include/sys/_default_fcntl.h#L134-L135
 */
#define F_GETFL 3
#define F_SETFL 4
#define O_NONBLOCK 0x4000

/*
 * Prototypes
 * https://github.com/devkitPro/newlib/blob/4cc8767a6067786cbb2da969baff3481bd71461c/newlib/libc/include/sys/_default_fcntl.h#L220
 * https://github.com/devkitPro/newlib/blob/4cc8767a6067786cbb2da969baff3481bd71461c/newlib/libc/include/sys/unistd.h#L185-L245
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned int nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
