//! What a registration asks for.

use std::fmt;
use std::num::NonZeroU8;
use std::ops;

/// What readiness a source is watched for. At least one kind is always set.
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

/// The interest with these bits, of which at least one must be set.
const fn from_bits(bits: u8) -> Interest {
    match NonZeroU8::new(bits) {
        Some(bits) => Interest(bits),
        // Only reached in the evaluation of a constant that is written wrongly, which then does not compile.
        None => panic!("an interest has at least one bit"),
    }
}

impl Interest {
    /// Data, connections or an end of file to read.
    pub const READABLE: Interest = from_bits(0b0_0001);

    /// Room to write.
    pub const WRITABLE: Interest = from_bits(0b0_0010);

    /// Completion of POSIX asynchronous I/O.
    ///
    /// Only kqueue has it; there it registers nothing by itself: the system call that starts the operation names the queue and the
    /// token. Elsewhere registering with it is [`ErrorKind::Unsupported`](std::io::ErrorKind::Unsupported).
    pub const AIO: Interest = from_bits(0b0_0100);

    /// Completion of a list of POSIX asynchronous I/O.
    ///
    /// Only kqueue has it, and only FreeBSD's kernel reports it; it registers nothing by itself. Elsewhere registering with it is
    /// [`ErrorKind::Unsupported`](std::io::ErrorKind::Unsupported).
    pub const LIO: Interest = from_bits(0b0_1000);

    /// Priority data, such as TCP's out-of-band byte.
    ///
    /// epoll, poll(2), event ports and Windows have it. Where the system cannot watch for it, registering with it is
    /// [`ErrorKind::Unsupported`](std::io::ErrorKind::Unsupported).
    pub const PRIORITY: Interest = from_bits(0b1_0000);

    /// The union of both; the same as `self | other`, and usable in constants.
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
            // The union of two sets that are not empty is not empty; `self` is what makes this total.
            None => self,
        }
    }

    /// What is left of `self` without `other`; `None` if that is nothing.
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

    /// Whether readable is set.
    #[must_use]
    #[inline]
    pub const fn is_readable(self) -> bool {
        self.has(Interest::READABLE)
    }

    /// Whether writable is set.
    #[must_use]
    #[inline]
    pub const fn is_writable(self) -> bool {
        self.has(Interest::WRITABLE)
    }

    /// Whether AIO is set.
    #[must_use]
    #[inline]
    pub const fn is_aio(self) -> bool {
        self.has(Interest::AIO)
    }

    /// Whether LIO is set.
    #[must_use]
    #[inline]
    pub const fn is_lio(self) -> bool {
        self.has(Interest::LIO)
    }

    /// Whether priority is set.
    #[must_use]
    #[inline]
    pub const fn is_priority(self) -> bool {
        self.has(Interest::PRIORITY)
    }

    /// The set as a number: one bit for each kind, five in all.
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
