/*
 * What the Linux bindings are made from: the kernel's own headers, then the facts no kernel header holds. The prototypes are
 * ours, each after the manual page named beside it; gnu, musl, uclibc, ohos and bionic export all of them.
 */
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/version.h>
#include <asm/unistd.h>
#include <linux/eventpoll.h>

/* Older kernels' headers (--sysroot) lack these; what they declare is the same everywhere. */
#if __has_include(<linux/time_types.h>)
#include <linux/time_types.h>
#else
struct __kernel_timespec {
	long long tv_sec;
	long long tv_nsec;
};
#endif

/* eventfd(2) says what the flags are. */
#if __has_include(<linux/eventfd.h>)
#include <linux/eventfd.h>
#else
#define EFD_CLOEXEC O_CLOEXEC
#define EFD_NONBLOCK O_NONBLOCK
#endif

/*
 * epoll_ctl(2). The kernel's header says `__u64 data`; the manual page says which members it may
 * hold. The list of symbols puts this union in that field's place.
 */
union epoll_data {
	void *ptr;
	int fd;
	__u32 u32;
	__u64 u64;
};

/*
 * The ppoll whose `timespec` is two 64-bit numbers. 32-bit kernels have it beside the old one since Linux 5.1; where time was
 * 64-bit from the start (64-bit kernels and x32) it is plain ppoll.
 */
#ifdef __NR_ppoll_time64
#define NR_ppoll_64 __NR_ppoll_time64
#else
#define NR_ppoll_64 __NR_ppoll
#endif

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/* epoll_create(2), epoll_ctl(2), epoll_wait(2) */
int epoll_create1(int flags);
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);

/* eventfd(2) */
int eventfd(unsigned int initval, int flags);

/* poll(2). The kernel and POSIX C libraries take `unsigned long`; bionic says `unsigned int`, which reads the same register. */
int poll(struct pollfd *fds, unsigned long nfds, int timeout);

/* pipe(2), fcntl(2), read(2), write(2), syscall(2) */
int pipe2(int *pipefd, int flags);
int fcntl(int fd, int cmd, ...);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
long syscall(long number, ...);
