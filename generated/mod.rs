//! temporary stand-in until codegen writes it
pub mod linux {
use core::ffi::*;
#[repr(C)] #[derive(Clone, Copy)] pub union epoll_data { pub ptr: *mut c_void, pub fd: c_int, pub u32_: u32, pub u64_: u64 }
#[repr(C, packed)] #[derive(Clone, Copy)] pub struct epoll_event { pub events: u32, pub data: epoll_data }
#[repr(C)] #[derive(Clone, Copy)] pub struct pollfd { pub fd: c_int, pub events: c_short, pub revents: c_short }
#[repr(C)] #[derive(Clone, Copy)] pub struct __kernel_timespec { pub tv_sec: c_longlong, pub tv_nsec: c_longlong }
pub const EPOLLIN: u32 = 1; pub const EPOLLPRI: u32 = 2; pub const EPOLLOUT: u32 = 4; pub const EPOLLERR: u32 = 8; pub const EPOLLHUP: u32 = 16;
pub const EPOLLRDHUP: u32 = 0x2000; pub const EPOLLET: u32 = 1<<31; 
pub const EPOLL_CTL_ADD: c_int = 1; pub const EPOLL_CTL_DEL: c_int = 2; pub const EPOLL_CTL_MOD: c_int = 3; pub const EPOLL_CLOEXEC: c_int = 0o2000000;
pub const EFD_CLOEXEC: c_int = 0o2000000; pub const EFD_NONBLOCK: c_int = 0o4000; pub const O_CLOEXEC: c_int = 0o2000000; pub const O_NONBLOCK: c_int = 0o4000;
pub const POLLIN: c_short = 1; pub const POLLPRI: c_short = 2; pub const POLLOUT: c_short = 4; pub const POLLERR: c_short = 8; pub const POLLHUP: c_short = 16; pub const POLLNVAL: c_short = 32; pub const POLLRDHUP: c_short = 0x2000;
pub const F_GETFD: c_int = 1; pub const F_SETFD: c_int = 2; pub const F_GETFL: c_int = 3; pub const F_SETFL: c_int = 4; pub const F_DUPFD_CLOEXEC: c_int = 1030; pub const FD_CLOEXEC: c_int = 1;
pub const EAGAIN: c_int = 11; pub const EINTR: c_int = 4; pub const ENOSYS: c_int = 38; pub const EPERM: c_int = 1; pub const EINVAL: c_int = 22; pub const EBADF: c_int = 9; pub const EEXIST: c_int = 17; pub const ENOENT: c_int = 2;
pub const __NR_epoll_pwait2: c_long = 441; pub const NR_ppoll_64: c_long = 271;
pub const EPOLL_NAMES: &[(&str, u32)] = &[("EPOLLIN", 1), ("EPOLLOUT", 4)];
pub const POLL_NAMES: &[(&str, c_short)] = &[("POLLIN", 1), ("POLLOUT", 4)];
unsafe extern "C" { pub fn epoll_create1(flags: c_int) -> c_int; pub fn epoll_ctl(e: c_int, op: c_int, fd: c_int, ev: *mut epoll_event) -> c_int; pub fn epoll_wait(e: c_int, ev: *mut epoll_event, n: c_int, t: c_int) -> c_int;
pub fn eventfd(i: c_uint, f: c_int) -> c_int; pub fn poll(f: *mut pollfd, n: c_ulong, t: c_int) -> c_int; pub fn pipe2(p: *mut c_int, f: c_int) -> c_int; pub fn fcntl(fd: c_int, c: c_int, ...) -> c_int;
pub fn read(fd: c_int, b: *mut c_void, n: usize) -> isize; pub fn write(fd: c_int, b: *const c_void, n: usize) -> isize; pub fn syscall(n: c_long, ...) -> c_long; }
}
