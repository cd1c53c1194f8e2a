/*
 * The Linux bindings come from the kernel's own headers, in the header pack. What no kernel header
 * declares follows them. The prototypes are ours, each after its manual page. glibc, musl, uClibc,
 * OpenHarmony's musl and bionic export all of these functions.
 */
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/version.h>
#include <asm/unistd.h>
#include <linux/eventpoll.h>

/*
 * Older kernels' headers (--sysroot) lack this file. The structure is the same on every
 * architecture.
 * https://github.com/torvalds/linux/blob/94c467ddb273dc9a6a4fb09aef392c119b151edb/include/uapi/linux/time_types.h
 */
#if __has_include(<linux/time_types.h>)
#include <linux/time_types.h>
#else
struct __kernel_timespec {
	long long tv_sec;
	long long tv_nsec;
};
#endif

/*
 * Older kernels' headers lack this file, too. The flags are those of open(2) on every architecture.
 * https://github.com/torvalds/linux/blob/2612e3bbc0386368a850140a6c9b990cd496a5ec/include/uapi/linux/eventfd.h
 * https://man7.org/linux/man-pages/man2/eventfd.2.html
 */
#if __has_include(<linux/eventfd.h>)
#include <linux/eventfd.h>
#else
#define EFD_CLOEXEC O_CLOEXEC
#define EFD_NONBLOCK O_NONBLOCK
#endif

/*
 * epoll_ctl(2). The kernel declares the field as `__u64 data`; the manual page declares this union.
 * The list of symbols puts the union in the place of the field.
 * https://github.com/torvalds/linux/blob/0b77b97066628deef03a6eac7b29e5c3756f4ab0/include/uapi/linux/eventpoll.h
 * https://man7.org/linux/man-pages/man2/epoll_ctl.2.html
 */
union epoll_data {
	void *ptr;
	int fd;
	__u32 u32;
	__u64 u64;
};

/*
 * The ppoll that takes a `timespec` of two 64-bit integers. 32-bit kernels have two system calls:
 * ppoll, with 32-bit time, and ppoll_time64, since Linux 5.1. Where time has always had 64 bits
 * (64-bit kernels and x32) it is ppoll.
 * https://github.com/torvalds/linux/blob/400913252d09f9cfb8cce33daee43167921fc343/arch/x86/entry/syscalls/syscall_32.tbl
 */
#ifdef __NR_ppoll_time64
#define NR_ppoll_64 __NR_ppoll_time64
#else
#define NR_ppoll_64 __NR_ppoll
#endif

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ssize_t;

/*
 * https://man7.org/linux/man-pages/man2/epoll_create.2.html
 * https://man7.org/linux/man-pages/man2/epoll_ctl.2.html
 * https://man7.org/linux/man-pages/man2/epoll_wait.2.html
 */
int epoll_create1(int flags);
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeout);

/* https://man7.org/linux/man-pages/man2/eventfd.2.html */
int eventfd(unsigned int initval, int flags);

/*
 * `nfds_t` is `unsigned long` in the kernel and in POSIX C libraries, and `unsigned int` in bionic.
 * Both pass a count in the same register.
 * https://man7.org/linux/man-pages/man2/poll.2.html
 * https://github.com/aosp-mirror/platform_bionic/blob/6ef10547e967e1b09d833087f60bd1be2444d0b1/libc/include/poll.h
 */
int poll(struct pollfd *fds, unsigned long nfds, int timeout);

/*
 * https://man7.org/linux/man-pages/man2/pipe.2.html
 * https://man7.org/linux/man-pages/man2/fcntl.2.html
 * https://man7.org/linux/man-pages/man2/read.2.html
 * https://man7.org/linux/man-pages/man2/write.2.html
 * https://man7.org/linux/man-pages/man2/syscall.2.html
 */
int pipe2(int *pipefd, int flags);
int fcntl(int fd, int cmd, ...);
ssize_t read(int fd, void *buf, size_t count);
ssize_t write(int fd, const void *buf, size_t count);
long syscall(long number, ...);
