//! The kinds of readiness that a registration asks for.

use std::fmt;
use std::num::NonZeroU8;
use std::ops;

/// The kinds of readiness that a registration asks for. At least one kind is set.
///
/// # Examples
///
/// ```
/// use mio::Interest;
///
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both.remove(Interest::READABLE), Some(Interest::WRITABLE));
/// assert_eq!(Interest::READABLE.remove(Interest::READABLE), None);
/// ```
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interest(NonZeroU8);

/// The interest with these bits. At least one bit must be set.
#[allow(clippy::panic)] // The compiler evaluates it: a wrong constant does not compile.
const fn from_bits(bits: u8) -> Interest {
    match NonZeroU8::new(bits) {
        Some(bits) => Interest(bits),
        None => panic!("an interest has at least one bit"),
    }
}

impl Interest {
    /// Data, a connection or an end of file that can be read.
    pub const READABLE: Interest = from_bits(0b0_0001);

    /// Room for data to write, or the end of a connection attempt.
    pub const WRITABLE: Interest = from_bits(0b0_0010);

    /// Completion of POSIX asynchronous I/O.
    ///
    /// Available on FreeBSD, DragonFly BSD and Apple systems ([`EVFILT_AIO`][kqueue]). There,
    /// registering with it adds nothing to the kqueue: the system call that starts the operation
    /// names the kqueue and the token. On other systems, registering with it fails with
    /// [`Unsupported`](std::io::ErrorKind::Unsupported).
    ///
    /// [kqueue]: https://man.freebsd.org/cgi/man.cgi?query=kqueue&sektion=2
    pub const AIO: Interest = from_bits(0b0_0100);

    /// Completion of a list of POSIX asynchronous I/O operations.
    ///
    /// Available on FreeBSD ([`EVFILT_LIO`][aio]). There, registering with it adds nothing to the
    /// kqueue. On other systems, registering with it fails with
    /// [`Unsupported`](std::io::ErrorKind::Unsupported).
    ///
    /// [aio]: https://github.com/freebsd/freebsd-src/blob/release/13.1.0/sys/kern/vfs_aio.c
    pub const LIO: Interest = from_bits(0b0_1000);

    /// Priority data, such as the out-of-band byte of TCP.
    ///
    /// Available on epoll, event ports, Windows, and poll(2) except on Vita and WASI. Where the
    /// system cannot watch for it, registering with it fails with
    /// [`Unsupported`](std::io::ErrorKind::Unsupported).
    pub const PRIORITY: Interest = from_bits(0b1_0000);

    /// Returns the union of both: the same as `self | other`, and usable in constants.
    ///
    /// ```
    /// use mio::Interest;
    ///
    /// const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    /// assert_eq!(BOTH, Interest::READABLE | Interest::WRITABLE);
    /// ```
    #[must_use]
    #[allow(clippy::should_implement_trait)]
    #[inline]
    pub const fn add(self, other: Interest) -> Interest {
        match NonZeroU8::new(self.0.get() | other.0.get()) {
            Some(bits) => Interest(bits),
            // Unreachable, because the union of non-empty sets is not empty.
            None => self,
        }
    }

    /// Returns `self` without the kinds of `other`, or `None` if no kind is left.
    ///
    /// ```
    /// use mio::Interest;
    ///
    /// const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
    /// assert_eq!(BOTH.remove(Interest::WRITABLE).unwrap(), Interest::READABLE);
    /// ```
    #[must_use]
    pub fn remove(self, other: Interest) -> Option<Interest> {
        NonZeroU8::new(self.0.get() & !other.0.get()).map(Interest)
    }

    /// Returns whether [`READABLE`](Interest::READABLE) is set.
    #[must_use]
    #[inline]
    pub const fn is_readable(self) -> bool {
        self.has(Interest::READABLE)
    }

    /// Returns whether [`WRITABLE`](Interest::WRITABLE) is set.
    #[must_use]
    #[inline]
    pub const fn is_writable(self) -> bool {
        self.has(Interest::WRITABLE)
    }

    /// Returns whether [`AIO`](Interest::AIO) is set.
    #[must_use]
    #[inline]
    pub const fn is_aio(self) -> bool {
        self.has(Interest::AIO)
    }

    /// Returns whether [`LIO`](Interest::LIO) is set.
    #[must_use]
    #[inline]
    pub const fn is_lio(self) -> bool {
        self.has(Interest::LIO)
    }

    /// Returns whether [`PRIORITY`](Interest::PRIORITY) is set.
    #[must_use]
    #[inline]
    pub const fn is_priority(self) -> bool {
        self.has(Interest::PRIORITY)
    }

    /// One bit for each kind, five in all.
    #[inline]
    pub(crate) const fn bits(self) -> u8 {
        self.0.get()
    }

    const fn has(self, other: Interest) -> bool {
        self.bits() & other.bits() != 0
    }
}

impl ops::BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

impl ops::BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.add(other);
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (Interest::READABLE, "READABLE"),
            (Interest::WRITABLE, "WRITABLE"),
            (Interest::AIO, "AIO"),
            (Interest::LIO, "LIO"),
            (Interest::PRIORITY, "PRIORITY"),
        ];
        let mut separator = "";
        for (kind, name) in kinds {
            if self.has(kind) {
                write!(f, "{separator}{name}")?;
                separator = " | ";
            }
        }
        Ok(())
    }
}
