//! The differences between the kernels. The documentation of each constant has the sources of its
//! values. FreeBSD's values were also measured, on kernels 12.3 and 13.1.

use super::host::Errno;

/// What adding `EVFILT_WRITE` to a pipe does whose other end is closed.
#[allow(dead_code)] // A build has one kernel, which uses one variant.
pub(super) enum DeadPipe {
    Refused(Errno),
    Attached,
}

/// What `EV_ENABLE` and `EV_DISABLE` in one change do.
#[allow(dead_code)] // A build has one kernel, which uses one variant.
#[derive(PartialEq, Eq)]
pub(super) enum EnableAndDisable {
    Refused,
    Enables,
    Disables,
}

/// The properties of one kernel that others do not share.
pub(super) struct Quirks {
    /// A receipt has the flags of the change, and `EV_ERROR`.
    pub(super) receipts_keep_flags: bool,
    /// A receipt of success that does not fit into the event list ends the call.
    pub(super) receipts_need_room: bool,
    pub(super) enable_and_disable: EnableAndDisable,
    pub(super) dead_pipe: DeadPipe,
    /// Both ends of a pipe can be read and written, so the reading end of an open pipe has room.
    pub(super) pipes_are_full_duplex: bool,
    /// Reporting `EV_EOF` of a pipe removes `EVFILT_WRITE`.
    pub(super) dead_pipe_is_one_shot: bool,
    /// fstat(2) of a pipe returns a device number and an inode number.
    pub(super) pipes_have_inodes: bool,
    /// What adding a filter to `/dev/tty` returns; `None` if it watches the terminal.
    pub(super) controlling_terminal: Option<Errno>,
    /// The kernel supports user events.
    pub(super) user_events: bool,
    /// Adding and triggering a user event in one change triggers it.
    pub(super) adding_triggers: bool,
    /// `EV_CLEAR` in the change that triggers a user event resets the trigger.
    pub(super) clear_cancels_trigger: bool,
    /// Events have the flags with which their filter was added, such as `EV_ADD`.
    pub(super) events_keep_flags: bool,
}

/// `kqueue_kevent` sets a receipt's flags to `EV_ERROR` alone and returns when one does not fit;
/// `kqueue_register` refuses `EV_ENABLE` with `EV_DISABLE`, takes `EV_ADD` out of the flags and
/// clears `fflags` before the filter is attached, so that `filt_userattach` sees no trigger;
/// `filt_usertouch` ends with `EV_CLEAR`; `knlist_cleardel` adds `EV_ONESHOT`:
/// <https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/kern_event.c>.
///
/// `kern_pipe` opens both ends with `FREAD | FWRITE`, `pipe_kqfilter` returns EPIPE when the peer
/// is closed, `pipeclose` calls `knlist_clear` on the list that has the peer's writing filters, and
/// `pipe_stat` returns the inode number of `pipe_create`:
/// <https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/sys_pipe.c>.
const FREEBSD: Quirks = Quirks {
    receipts_keep_flags: false,
    receipts_need_room: true,
    enable_and_disable: EnableAndDisable::Refused,
    dead_pipe: DeadPipe::Refused(libc::EPIPE),
    pipes_are_full_duplex: true,
    dead_pipe_is_one_shot: true,
    pipes_have_inodes: true,
    controlling_terminal: None,
    user_events: true,
    adding_triggers: false,
    clear_cancels_trigger: true,
    events_keep_flags: false,
};

#[cfg(mio_fake_kernel = "freebsd")]
pub(super) const QUIRKS: Quirks = FREEBSD;

/// `kevent1` and `kqueue_register`, which keeps the flags of the change and enables after it has
/// disabled; `filt_userattach` sees no trigger, as FreeBSD's; `filt_usertouch` ends with
/// `EV_CLEAR`:
/// <https://github.com/NetBSD/src/blob/de77ca7363b0bbf89d3f4a68ec9a194585da2a78/sys/kern/kern_event.c>.
///
/// `pipe1` opens one end with `FREAD` and the other with `FWRITE`, and only the reader has a
/// buffer, so that `filt_pipewrite` finds no room in the writer's. `pipe_kqfilter` returns EBADF
/// when the peer is closed, and `pipeclose` sets no `EV_ONESHOT`. `pipe_stat` leaves `st_dev` and
/// `st_ino` zero, and sets `st_ctim` to the time of creation:
/// <https://github.com/NetBSD/src/blob/0099411437599d0f288840a8155fe1c6237ba5bb/sys/kern/sys_pipe.c>.
#[cfg(mio_fake_kernel = "netbsd")]
pub(super) const QUIRKS: Quirks = Quirks {
    enable_and_disable: EnableAndDisable::Enables,
    dead_pipe: DeadPipe::Refused(libc::EBADF),
    pipes_are_full_duplex: false,
    dead_pipe_is_one_shot: false,
    pipes_have_inodes: false,
    events_keep_flags: true,
    ..FREEBSD
};

/// `sys_kevent` and `kqueue_register`, which keeps the flags of the change:
/// <https://github.com/openbsd/src/blob/0f0d0f957e83845b9ea328181972c6df85dc75c5/sys/kern/kern_event.c>.
/// Older releases, on which the library runs too, have no user events, and this fake has none.
///
/// `dopipe` opens both ends with `FREAD | FWRITE` and `pipe_pair_create` gives each a buffer;
/// `pipe_kqfilter` returns EPIPE when the peer is closed; `filt_pipewrite_common` sets `EV_EOF`
/// alone; `pipe_stat` leaves `st_dev` and `st_ino` zero, and sets `st_ctim` to the time of
/// creation:
/// <https://github.com/openbsd/src/blob/029b91ee4a71acb8fc1e54fe1ef0711437738fe6/sys/kern/sys_pipe.c>.
#[cfg(mio_fake_kernel = "openbsd")]
pub(super) const QUIRKS: Quirks = Quirks {
    enable_and_disable: EnableAndDisable::Enables,
    dead_pipe_is_one_shot: false,
    pipes_have_inodes: false,
    user_events: false,
    events_keep_flags: true,
    ..FREEBSD
};

/// `kevent_register` lets `EV_DISABLE` overrule and keeps the flags of a change, for the knote and
/// for the receipt; `filt_userattach` checks for the trigger, and `filt_usertouch` has no
/// `EV_CLEAR`:
/// <https://github.com/apple-oss-distributions/xnu/blob/836167ae90b2c5a86bf3f5f9becc34c7be73be4b/bsd/kern/kern_event.c>.
///
/// `pipe_kqfilter` never refuses; on the wrong end of a pipe a filter reports nothing until the
/// pipe dies (`filt_pipenotsup`):
/// <https://github.com/apple-oss-distributions/xnu/blob/1031c584a5e37aff177559b9f69dbd3c8c3fd30a/bsd/kern/sys_pipe.c>.
///
/// The device of `/dev/tty` is the second entry of `cdevsw`, for which nothing calls
/// `cdevsw_setkqueueok`, as `ptmx_init` does for pseudo-terminals. So `filt_specattach` refuses a
/// filter without `NOTE_LOWAT`, and `vn_kqfilter` returns EINVAL:
/// <https://github.com/apple-oss-distributions/xnu/blob/e3723e1f17661b24996789d8afc084c0c3303b26/bsd/dev/arm64/conf.c>,
/// <https://github.com/apple-oss-distributions/xnu/blob/e3723e1f17661b24996789d8afc084c0c3303b26/bsd/miscfs/specfs/spec_vnops.c#L3106-L3110>,
/// <https://github.com/apple-oss-distributions/xnu/blob/e3723e1f17661b24996789d8afc084c0c3303b26/bsd/vfs/vfs_vnops.c#L1967-L1977>.
/// A user has seen it: <https://github.com/tokio-rs/mio/issues/1377>.
#[cfg(mio_fake_kernel = "apple")]
pub(super) const QUIRKS: Quirks = Quirks {
    receipts_keep_flags: true,
    receipts_need_room: false,
    enable_and_disable: EnableAndDisable::Disables,
    dead_pipe: DeadPipe::Attached,
    pipes_are_full_duplex: false,
    dead_pipe_is_one_shot: false,
    controlling_terminal: Some(libc::EINVAL),
    adding_triggers: true,
    clear_cancels_trigger: false,
    events_keep_flags: true,
    ..FREEBSD
};

/// `kern_kevent` (without room for a receipt it returns), `kqueue_register`;
/// `filt_userattach` checks `kn_sfflags` for the trigger, and `filt_usertouch` ends with
/// `EV_CLEAR`:
/// <https://github.com/DragonFlyBSD/DragonFlyBSD/blob/e9b43d119393f0758f09e21413c17f3c4f7cf85b/sys/kern/kern_event.c>.
///
/// `sys_pipe` opens both ends with `FREAD | FWRITE`. An end keeps its peer until both are closed,
/// so `pipe_kqfilter` attaches the filter, and `filt_pipewrite` reports the end:
/// <https://github.com/DragonFlyBSD/DragonFlyBSD/blob/59b728a7d19d91e26e18c2e77fe1db5f9886393f/sys/kern/sys_pipe.c>.
#[cfg(mio_fake_kernel = "dragonfly")]
pub(super) const QUIRKS: Quirks = Quirks {
    enable_and_disable: EnableAndDisable::Enables,
    dead_pipe: DeadPipe::Attached,
    dead_pipe_is_one_shot: false,
    adding_triggers: true,
    events_keep_flags: true,
    ..FREEBSD
};
