//! The choices of random tests. A unit test takes them from a seed, a fuzz target
//! (`build-tools/fuzz`) from its input.

use std::collections::VecDeque;

/// A source of choices.
#[derive(Debug)]
pub(crate) struct Choices {
    /// The state of a pseudo-random generator (xorshift64), which is never 0.
    state: u64,
    /// The bytes that come first.
    input: VecDeque<u8>,
    has_input: bool,
}

impl Choices {
    /// The same pseudo-random choices in every run.
    pub(crate) fn from_seed(seed: u64) -> Choices {
        Choices {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            input: VecDeque::new(),
            has_input: false,
        }
    }

    /// The choices that `input` encodes, and after its end pseudo-random ones.
    #[allow(dead_code)] // For the fuzz targets.
    pub(crate) fn from_input(input: &[u8]) -> Choices {
        Choices {
            input: input.iter().copied().collect(),
            has_input: true,
            ..Choices::from_seed(1)
        }
    }

    /// Whether there was an input, and all of it was used.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_input && self.input.is_empty()
    }

    /// A number below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        if let Some(byte) = self.input.pop_front() {
            // One byte is enough for most choices. Larger numbers take another.
            let high = if limit > 256 {
                self.input.pop_front()
            } else {
                None
            };
            return u64::from(u16::from_le_bytes([byte, high.unwrap_or(0)])) % limit;
        }
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % limit
    }

    /// Whether an event of this probability happens.
    pub(crate) fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}
