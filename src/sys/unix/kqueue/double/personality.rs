//! In what the kernels differ.

use super::queue::Errno;

/// What adding the writing filter does to a pipe whose reader is gone.
#[allow(dead_code)] // Each kernel has one of them.
pub(super) enum DeadPipe {
    Refused(Errno),
    Attached,
}

/// One kernel.
pub(super) struct Personality {
    /// An answer has the change's flags besides `EV_ERROR`.
    pub(super) receipts_keep_flags: bool,
    /// An answer of success without room for it ends the call.
    pub(super) receipts_need_room: bool,
    pub(super) dead_pipe: DeadPipe,
    /// Whether it has user events.
    pub(super) user_events: bool,
    /// Adding and triggering a user event in one change triggers it.
    pub(super) adding_triggers: bool,
    /// `EV_CLEAR` in the change that triggers takes the trigger back.
    pub(super) clear_cancels_trigger: bool,
    /// `EV_ADD` stays in the flags of an event.
    pub(super) events_keep_add: bool,
}

const FREEBSD: Personality = Personality {
    receipts_keep_flags: false,
    receipts_need_room: true,
    dead_pipe: DeadPipe::Refused(libc::EPIPE),
    user_events: true,
    adding_triggers: false,
    clear_cancels_trigger: true,
    events_keep_add: false,
};

#[cfg(mio_kqueue_double = "freebsd")]
pub(super) const PERSONALITY: Personality = FREEBSD;

#[cfg(mio_kqueue_double = "netbsd")]
pub(super) const PERSONALITY: Personality = Personality {
    dead_pipe: DeadPipe::Refused(libc::EBADF),
    events_keep_add: true,
    ..FREEBSD
};

#[cfg(mio_kqueue_double = "openbsd")]
pub(super) const PERSONALITY: Personality = Personality {
    user_events: false,
    ..FREEBSD
};

#[cfg(mio_kqueue_double = "apple")]
pub(super) const PERSONALITY: Personality = Personality {
    receipts_keep_flags: true,
    receipts_need_room: false,
    dead_pipe: DeadPipe::Attached,
    adding_triggers: true,
    clear_cancels_trigger: false,
    ..FREEBSD
};

#[cfg(mio_kqueue_double = "dragonfly")]
pub(super) const PERSONALITY: Personality = Personality {
    adding_triggers: true,
    ..FREEBSD
};
