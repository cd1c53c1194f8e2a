//! The resources of this process: descriptors or handles, memory, allocations that were not freed.

#[cfg(unix)]
use std::fs;

#[path = "../../../tests/support/counting_allocator.rs"]
#[allow(dead_code, clippy::duplicate_mod)]
mod counting_allocator;
#[cfg(windows)]
#[path = "../../../tests/support/handles.rs"]
#[allow(dead_code)]
mod handles;

#[global_allocator]
static ALLOCATOR: counting_allocator::Counting = counting_allocator::Counting;

/// What the system calls them.
pub(crate) const DESCRIPTORS: &str = if cfg!(windows) {
    "handles"
} else {
    "descriptors"
};

/// The allocations that were not freed.
pub(crate) fn blocks() -> usize {
    counting_allocator::live()
}

/// Raises the limit of descriptors as far as this process may, and returns it.
#[cfg(unix)]
pub(crate) fn raise_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // It may fail where the hard limit exceeds the kernel's own. Then the soft limit stays.
    let _ = setrlimit(Resource::Nofile, limit);
    getrlimit(Resource::Nofile).current
}

/// Windows limits handles by memory alone.
#[cfg(windows)]
pub(crate) fn raise_limit() -> Option<u64> {
    None
}

/// The open descriptors.
#[cfg(unix)]
pub(crate) fn descriptors() -> Option<usize> {
    let list = if cfg!(target_os = "linux") {
        "/proc/self/fd"
    } else {
        "/dev/fd"
    };
    // One of them reads the list.
    Some(fs::read_dir(list).ok()?.count().saturating_sub(1))
}

/// The open handles.
#[cfg(windows)]
pub(crate) fn descriptors() -> Option<usize> {
    Some(handles::open())
}

/// The memory that is resident, in bytes: the second field of
/// [statm](https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html).
#[cfg(unix)]
pub(crate) fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// The working set, in bytes.
#[cfg(windows)]
#[allow(unsafe_code)]
pub(crate) fn resident() -> Option<u64> {
    /// <https://learn.microsoft.com/en-us/windows/win32/api/psapi/ns-psapi-process_memory_counters>
    #[repr(C)]
    #[derive(Default)]
    struct Counters {
        size: u32,
        page_faults: u32,
        /// The peak and the current working set, four quotas, the current and the peak page file.
        sizes: [usize; 8],
    }

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetCurrentProcess() -> *mut std::ffi::c_void;
        fn K32GetProcessMemoryInfo(
            process: *mut std::ffi::c_void,
            counters: *mut Counters,
            size: u32,
        ) -> i32;
    }

    let mut counters = Counters::default();
    let size = size_of::<Counters>() as u32;
    counters.size = size;
    // SAFETY: GetCurrentProcess takes nothing; what it returns needs not be closed.
    let process = unsafe { GetCurrentProcess() };
    // SAFETY: the call writes at most `size` bytes to `counters`, which is that large.
    let result = unsafe { K32GetProcessMemoryInfo(process, &mut counters, size) };
    let [_, working_set, ..] = counters.sizes;
    (result != 0 && working_set > 0).then_some(working_set as u64)
}

#[cfg(test)]
mod tests {
    use super::{blocks, descriptors, resident};

    #[test]
    fn resources_are_counted() {
        // Other tests of this program close file descriptors and free memory meanwhile.
        let are_counted = || {
            let (before, blocks_before) = (descriptors().unwrap(), blocks());
            let sockets: Vec<_> = (0..100)
                .map(|_| std::net::UdpSocket::bind("127.0.0.1:0").unwrap())
                .collect();
            let (after, blocks_after) = (descriptors().unwrap(), blocks());
            drop(sockets);
            after >= before + 100 && blocks_after > blocks_before
        };
        assert!((0..100).any(|_| are_counted()));
        let memory = vec![1_u8; 64 << 20];
        let with = resident().unwrap();
        assert!(with >= 64 << 20, "{with}");
        drop(memory);
    }
}
