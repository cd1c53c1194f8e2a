/*
 * The kernel's headers, which are read together: the flags in the other ones are those of open(2).
 * The prototypes follow the manual pages. Every C library of Linux exports these functions.
 */
#include <linux/version.h>
#include <linux/types.h>
#include <linux/fcntl.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <linux/timerfd.h>
#include <linux/signalfd.h>
#include <linux/inotify.h>
#include <asm/unistd.h>

/*
 * The timerfd_settime that takes times of 64 bits. 32-bit kernels have two system calls since Linux
 * 5.1, and the `itimerspec` of a C library has another layout on some of them.
 * https://github.com/torvalds/linux/blob/400913252d09f9cfb8cce33daee43167921fc343/arch/x86/entry/syscalls/syscall_32.tbl
 */
#ifdef __NR_timerfd_settime64
#define NR_timerfd_settime_64 __NR_timerfd_settime64
#else
#define NR_timerfd_settime_64 __NR_timerfd_settime
#endif

/*
 * https://man7.org/linux/man-pages/man2/timerfd_create.2.html
 * https://man7.org/linux/man-pages/man2/inotify_init.2.html
 * https://man7.org/linux/man-pages/man2/inotify_add_watch.2.html
 * https://man7.org/linux/man-pages/man2/inotify_rm_watch.2.html
 * https://man7.org/linux/man-pages/man2/syscall.2.html
 */
int timerfd_create(int clockid, int flags);
int inotify_init1(int flags);
int inotify_add_watch(int fd, const char *pathname, __u32 mask);
int inotify_rm_watch(int fd, int wd);
long syscall(long number, ...);
