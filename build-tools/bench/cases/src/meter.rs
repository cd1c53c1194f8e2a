//! The meter: runs the measured part of a case.

/// Runs the measured part of a case.
type Span<'a> = dyn FnMut(&mut dyn FnMut()) + 'a;

/// The turns before the first measured turn.
const WARM: u64 = 8;

/// Runs and counts the turns of a case.
pub struct Meter<'a> {
    /// The number of turns.
    n: u64,
    /// Runs a measured part.
    span: &'a mut Span<'a>,
    /// The number of measured operations.
    operations: u64,
    /// The case's own result, in nanoseconds an operation.
    own: Option<f64>,
}

impl<'a> Meter<'a> {
    /// A meter for `n` turns.
    pub fn new(n: u64, span: &'a mut Span<'a>) -> Meter<'a> {
        Meter {
            n,
            span,
            operations: 0,
            own: None,
        }
    }

    /// The number of turns to run.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The number of measured operations.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// The case's own result.
    #[must_use]
    pub fn own(&self) -> Option<f64> {
        self.own
    }

    /// Measures every turn, as one operation.
    pub fn each(&mut self, mut turn: impl FnMut()) {
        for _ in 0..WARM {
            turn();
        }
        let n = self.n;
        (self.span)(&mut || {
            for _ in 0..n {
                turn();
            }
        });
        self.operations += n;
    }

    /// Measures every turn, as `per` operations, but not its preparation.
    pub fn prepared<T>(
        &mut self,
        per: u64,
        scene: &mut T,
        mut prepare: impl FnMut(&mut T),
        mut turn: impl FnMut(&mut T),
    ) {
        for _ in 0..WARM {
            prepare(scene);
            turn(scene);
        }
        for _ in 0..self.n {
            prepare(scene);
            (self.span)(&mut || turn(scene));
        }
        self.operations += self.n * per;
    }

    /// Measures one call, as this number of operations.
    pub fn once(&mut self, operations: u64, mut all: impl FnMut()) {
        (self.span)(&mut all);
        self.operations += operations;
    }

    /// Records the case's own result, in nanoseconds an operation.
    pub fn result(&mut self, nanos: f64) {
        self.own = Some(nanos);
    }
}
