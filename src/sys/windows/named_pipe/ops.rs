//! The operations of a pipe: their kinds and errors, their memory, and the interface by which a
//! pipe's state starts them, so that the state makes no system call.

use std::io;

/// A kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpKind {
    Connect,
    Read,
    Write,
}

/// What the state distinguishes among errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpErrorKind {
    /// Connecting: a client had connected before; it may have left.
    AlreadyConnected,
    /// No client has connected yet.
    Listening,
    /// Reading: the peer has closed its end, and all of its data was read.
    EndOfFile,
    /// The operation was canceled.
    Aborted,
    /// Any other error.
    Other,
}

/// Why an operation was refused, or how it failed.
#[derive(Debug)]
pub(crate) struct OpError {
    pub(crate) kind: OpErrorKind,
    pub(crate) error: io::Error,
}

/// The memory of an operation.
pub(crate) trait Memory {
    /// Its bytes.
    fn buffer(&mut self) -> &mut Buffer;
}

/// Starts and cancels operations for a pipe's state.
///
/// `M` is the memory of an idle operation; `P` identifies an operation in flight.
pub(crate) trait PipeOps<M, P> {
    /// Returns memory for an operation.
    fn memory(&mut self) -> M;
    /// Keeps memory for another operation.
    fn recycle(&mut self, memory: M);
    /// Starts an operation: a read of at most `len` bytes into the buffer, or a write of the
    /// buffer's data. After `Ok` its completion comes with the same `op` and `serial`, even if the
    /// operation has completed already. After `Err` no completion comes.
    fn start(&mut self, op: OpKind, serial: u64, memory: M, len: usize) -> Result<P, (M, OpError)>;
    /// Cancels an operation. Its completion still comes.
    fn cancel(&mut self, pending: &P);
}

/// The readiness of a pipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

impl Ready {
    pub(crate) const NOTHING: Ready = Ready {
        readable: false,
        writable: false,
    };
    pub(crate) const READABLE: Ready = Ready {
        readable: true,
        writable: false,
    };
    pub(crate) const WRITABLE: Ready = Ready {
        readable: false,
        writable: true,
    };
    pub(crate) const BOTH: Ready = Ready {
        readable: true,
        writable: true,
    };
}

/// The largest capacity that an idle buffer keeps, so that a pipe frees the memory of a large
/// write.
const MAX_KEPT: usize = 1024 * 1024;

/// The buffer of a read or a write: bytes, of which those from `start` to `end` are data.
///
/// All bytes are always initialized, so reading needs no `set_len`, and a buffer that is reused is
/// not cleared.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// Discards the data and makes room for `len` bytes. Fails with `OutOfMemory`.
    #[inline]
    pub(crate) fn make_room(&mut self, len: usize) -> io::Result<()> {
        self.start = 0;
        self.end = 0;
        if let Some(more) = len.checked_sub(self.bytes.len()) {
            self.bytes
                .try_reserve_exact(more)
                .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
            self.bytes.resize(len, 0);
        }
        Ok(())
    }

    /// Replaces the data by the contents of `slices`.
    #[inline]
    pub(crate) fn gather<'s>(
        &mut self,
        slices: impl Iterator<Item = &'s [u8]> + Clone,
    ) -> io::Result<()> {
        let len = slices
            .clone()
            .map(<[u8]>::len)
            .fold(0, usize::saturating_add);
        self.make_room(len)?;
        let mut rest = self.bytes.as_mut_slice();
        for slice in slices {
            // Always `Some`: there is room for all slices.
            let Some((slot, behind)) = rest.split_at_mut_checked(slice.len()) else {
                break;
            };
            slot.copy_from_slice(slice);
            rest = behind;
        }
        self.end = len;
        Ok(())
    }

    /// All bytes, for the kernel to write to.
    #[inline]
    pub(crate) fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Makes the first `len` bytes, which the kernel has written, the data.
    #[inline]
    pub(crate) fn filled(&mut self, len: usize) {
        self.start = 0;
        self.end = len.min(self.bytes.len());
    }

    /// The data.
    #[inline]
    pub(crate) fn data(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Discards the first `len` bytes of the data.
    #[inline]
    pub(crate) fn consume(&mut self, len: usize) {
        self.start = self.start.saturating_add(len).min(self.end);
    }

    /// Discards the data, and frees a large capacity.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
        if self.bytes.len() > MAX_KEPT {
            self.bytes = Vec::new();
        }
    }
}

/// Idle memory. A pipe usually has two operations at a time, a read and a write. So two are kept,
/// and a busy pipe allocates nothing.
#[derive(Debug)]
pub(crate) struct Pool<M>([Option<M>; 2]);

impl<M> Default for Pool<M> {
    fn default() -> Pool<M> {
        Pool([None, None])
    }
}

impl<M> Pool<M> {
    /// Takes memory of an earlier operation.
    pub(crate) fn take(&mut self) -> Option<M> {
        self.0.iter_mut().find_map(Option::take)
    }

    /// Keeps memory, or frees it if two are kept already.
    pub(crate) fn put_back(&mut self, memory: M) {
        if let Some(slot) = self.0.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some(memory);
        }
    }
}

/// The error of an operation that cannot complete yet.
#[inline]
pub(super) fn would_block() -> io::Error {
    io::ErrorKind::WouldBlock.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_gathered_and_consumed() {
        let mut buffer = Buffer::default();
        buffer
            .gather([b"ab".as_slice(), b"", b"cde"].into_iter())
            .unwrap();
        assert_eq!(buffer.data(), b"abcde");
        buffer.consume(3);
        assert_eq!(buffer.data(), b"de");
        buffer.consume(usize::MAX);
        assert_eq!(buffer.data(), b"");
        buffer.gather([b"x".as_slice()].into_iter()).unwrap();
        assert_eq!(buffer.data(), b"x");
    }

    #[test]
    fn filled_length_is_clamped_to_capacity() {
        let mut buffer = Buffer::default();
        buffer.make_room(4).unwrap();
        buffer.space().copy_from_slice(b"wxyz");
        buffer.filled(3);
        assert_eq!(buffer.data(), b"wxy");
        buffer.filled(9);
        assert_eq!(buffer.data(), b"wxyz");
        buffer.make_room(2).unwrap();
        assert_eq!(buffer.data(), b"");
        assert!(buffer.space().len() >= 2);
    }

    #[test]
    fn failed_allocation_is_an_error() {
        let mut buffer = Buffer::default();
        let error = buffer.make_room(usize::MAX).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(buffer.data(), b"");
    }

    #[test]
    fn large_buffers_are_freed() {
        let mut buffer = Buffer::default();
        buffer.make_room(MAX_KEPT + 1).unwrap();
        buffer.clear();
        assert_eq!(buffer.space().len(), 0);
        buffer.make_room(MAX_KEPT).unwrap();
        buffer.clear();
        assert_eq!(buffer.space().len(), MAX_KEPT);
    }

    #[test]
    fn pool_keeps_two_buffers() {
        let mut pool = Pool::default();
        for number in 0..3 {
            pool.put_back(number);
        }
        assert_eq!(
            [pool.take(), pool.take(), pool.take()],
            [Some(0), Some(1), None]
        );
    }
}
