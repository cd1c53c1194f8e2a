//! How often what counts is run, and what is run around it.

/// Runs the part of a case that counts.
type Span<'a> = dyn FnMut(&mut dyn FnMut()) + 'a;

/// Turns before the first one that counts.
const WARM: u64 = 8;

/// What a case reports to.
pub struct Meter<'a> {
    /// How often.
    n: u64,
    /// What counts is handed to this.
    span: &'a mut Span<'a>,
    /// How many operations have counted.
    operations: u64,
    /// A case's own result, in nanoseconds an operation.
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

    /// How many turns are wanted.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// How many operations have counted.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// What the case measured by itself.
    #[must_use]
    pub fn own(&self) -> Option<f64> {
        self.own
    }

    /// Every turn counts, as one operation.
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

    /// Before each turn that counts, as `per` operations, something is prepared that does not.
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

    /// All of it counts, once, as `operations`.
    pub fn once(&mut self, operations: u64, mut all: impl FnMut()) {
        (self.span)(&mut all);
        self.operations += operations;
    }

    /// The case has measured by itself: nanoseconds an operation.
    pub fn result(&mut self, nanos: f64) {
        self.own = Some(nanos);
    }
}
