/*
 * Our own declarations for Fuchsia: the package registries have no header pack of this system. The
 * facts are those of the musl in its system root, read in a mirror of the repository; each link
 * names the newest revision that was read.
 */

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * poll(2)
 * https://github.com/vsrinivas/fuchsia/blob/575a4c11f7d91a70e82ad5a28a216744148b6e8b/zircon/third_party/ulib/musl/include/poll.h
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
 * errno(3). The mirror has no copy of bits/errno.h; the value is that of the libc crate 0.2.189.
 * https://github.com/rust-lang/libc/blob/ef0906e20828777175f65caa7e681a0ce33c559a/src/fuchsia/mod.rs#L1296
 */
#define EBADF 9

/*
 * fcntl(2), open(2)
 * https://github.com/vsrinivas/fuchsia/blob/3927402be5002cbecf3383dbf1305f53401c8a95/zircon/third_party/ulib/musl/include/fcntl.h
 */
#define F_GETFL 3
#define F_SETFL 4
#define O_NONBLOCK 0x10
#define O_CLOEXEC 0x100

/*
 * eventfd(2). The flags are O_CLOEXEC and O_NONBLOCK, and the function returns EINVAL for any other
 * bit. The libc crate has Linux's EFD_CLOEXEC, 0x80000.
 * https://github.com/vsrinivas/fuchsia/blob/7c5e521391fddb98fd8f6970da7c410899ddf5cf/zircon/third_party/ulib/musl/include/sys/eventfd.h
 * https://github.com/vsrinivas/fuchsia/blob/ff28aa2e1758b4ec7d7084091630dea46618e0c0/sdk/lib/fdio/event.cc
 */
#define EFD_CLOEXEC 0x100
#define EFD_NONBLOCK 0x10

/*
 * Prototypes: poll.h, fcntl.h and eventfd.h as above, and unistd.h
 * https://github.com/vsrinivas/fuchsia/blob/1b7365903d720404c8c022c879da670387dd5267/zircon/third_party/ulib/musl/include/unistd.h
 */
int fcntl(int fd, int cmd, ...);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
int pipe2(int *pipefd, int flags);
int eventfd(unsigned int initval, int flags);
