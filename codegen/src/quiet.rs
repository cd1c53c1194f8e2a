//! libclang prints every error to standard error, target by target, besides returning it. Only what is returned is shown.

use indicatif::ProgressDrawTarget;

#[cfg(unix)]
mod imp {
    use std::fs::File;
    use std::io::{self, stderr};
    use std::os::fd::{AsFd, OwnedFd};

    use indicatif::ProgressDrawTarget;

    /// Standard error, while something else stands in its place.
    #[derive(Debug)]
    pub(super) struct Real(OwnedFd);

    impl Real {
        /// Puts the null device there.
        pub(super) fn new() -> io::Result<Real> {
            let real = stderr().as_fd().try_clone_to_owned()?;
            let null = File::options().write(true).open("/dev/null")?;
            rustix::stdio::dup2_stderr(&null)?;
            Ok(Real(real))
        }

        /// Where progress is shown meanwhile.
        pub(super) fn target(&self) -> io::Result<ProgressDrawTarget> {
            let file = || self.0.try_clone().map(File::from);
            let term = console::Term::read_write_pair(file()?, file()?);
            Ok(ProgressDrawTarget::term(term, 20))
        }
    }

    impl Drop for Real {
        fn drop(&mut self) {
            // It is as open as it was, so nothing can fail.
            let _ = rustix::stdio::dup2_stderr(&self.0);
        }
    }
}

/// While it lives, nothing that clang prints is seen.
#[derive(Debug)]
pub(crate) struct Quiet {
    /// Standard error; none where it cannot be exchanged.
    #[cfg(unix)]
    real: Option<imp::Real>,
}

impl Quiet {
    /// From now on.
    pub(crate) fn new() -> Quiet {
        Quiet {
            #[cfg(unix)]
            real: imp::Real::new().ok(),
        }
    }

    /// Where progress is shown.
    pub(crate) fn target(&self) -> ProgressDrawTarget {
        #[cfg(unix)]
        if let Some(target) = self.real.as_ref().and_then(|real| real.target().ok()) {
            return target;
        }
        ProgressDrawTarget::stderr()
    }
}
