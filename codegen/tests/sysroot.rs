//! A tree of headers that the user names, in place of the pack.

mod support;

use std::fs;

use support::{Repository, Result};

#[test]
fn missing_include_folder_is_an_error() -> Result {
    let repository = Repository::new()?;
    let nowhere = repository.path("nowhere").display().to_string();
    let message = repository.fail(&[
        "--target",
        "x86_64-unknown-linux-gnu",
        "--sysroot",
        &nowhere,
    ])?;
    assert!(
        message.contains(&format!(
            "the include folder {nowhere}/include does not exist"
        )),
        "{message}"
    );
    Ok(())
}

#[test]
fn sysroot_is_read_in_place_of_the_pack() -> Result {
    let repository = Repository::whole()?;
    // A minimal tree: headers of Linux 4.1, without linux/time_types.h, with two flags exchanged.
    let tree = repository.path("tree");
    for (name, text) in [
        (
            "asm/unistd.h",
            "#define __NR_epoll_pwait2 441\n#define __NR_ppoll 271\n",
        ),
        (
            "linux/types.h",
            "typedef unsigned __u32;\ntypedef unsigned long long __u64;\n",
        ),
        ("linux/errno.h", ERRNO),
        ("linux/fcntl.h", FCNTL),
        (
            "linux/eventfd.h",
            "#define EFD_CLOEXEC O_CLOEXEC\n#define EFD_NONBLOCK O_NONBLOCK\n",
        ),
        ("linux/poll.h", POLL),
        ("linux/version.h", "#define LINUX_VERSION_CODE 0x040100\n"),
        ("linux/eventpoll.h", EVENTPOLL),
    ] {
        let path = tree.join("include").join(name);
        fs::create_dir_all(path.parent().ok_or("no parent")?)?;
        fs::write(path, text)?;
    }
    let tree = tree.display().to_string();
    let args = ["--target", "x86_64-unknown-linux-musl", "--sysroot", &tree];
    let message = repository.fail(&[&args[..], &["--check"]].concat())?;
    assert!(
        message.contains("-pub const EPOLLIN: u32 = 1;\n    +pub const EPOLLIN: u32 = 4;\n"),
        "{message}"
    );
    repository.succeed(&args)?;
    let text = fs::read_to_string(repository.path("generated/linux/x86_64.rs"))?;
    assert!(
        text.contains("//! Headers: a tree given by --sysroot (Linux 4.1)."),
        "{text}"
    );
    assert!(!text.contains(&tree), "no path of this machine");
    assert!(
        repository
            .succeed(&args)?
            .contains("these headers give the same")
    );
    assert!(
        repository
            .fail(&["--check", "--os", "linux"])?
            .contains("changed: generated/linux/x86_64.rs")
    );
    Ok(())
}

/// `<linux/errno.h>` of that tree.
const ERRNO: &str = "#define EAGAIN 11\n#define EBADF 9\n#define EEXIST 17\n\
    #define EINTR 4\n#define EINVAL 22\n#define ENOENT 2\n\
    #define ENOSYS 38\n#define EPERM 1\n";
/// `<linux/fcntl.h>` of that tree.
const FCNTL: &str = "#define FD_CLOEXEC 1\n#define F_DUPFD_CLOEXEC 1030\n\
    #define F_GETFD 1\n#define F_GETFL 3\n#define F_SETFD 2\n\
    #define F_SETFL 4\n#define O_CLOEXEC 524288\n#define O_NONBLOCK 2048\n";
/// `<linux/poll.h>` of that tree.
const POLL: &str = "struct pollfd { int fd; short events, revents; };\n\
    #define POLLERR 8\n#define POLLHUP 16\n#define POLLIN 1\n\
    #define POLLNVAL 32\n#define POLLOUT 4\n#define POLLPRI 2\n#define POLLRDHUP 8192\n";
/// `<linux/eventpoll.h>` of that tree.
const EVENTPOLL: &str = "\
    struct epoll_event { __u32 events; __u64 data; } __attribute__((packed));\n\
    #define EPOLLERR 8\n#define EPOLLET (1U << 31)\n#define EPOLLHUP 16\n\
    #define EPOLLIN 4\n#define EPOLLONESHOT (1U << 30)\n#define EPOLLOUT 1\n\
    #define EPOLLPRI 2\n#define EPOLLRDHUP 8192\n#define EPOLL_CLOEXEC O_CLOEXEC\n\
    #define EPOLL_CTL_ADD 1\n\
    #define EPOLL_CTL_DEL 2\n#define EPOLL_CTL_MOD 3\n";
