//! Discards standard error. libclang prints every error there besides returning it, once for each
//! target.

use indicatif::ProgressDrawTarget;

#[cfg(unix)]
mod imp {
    use std::fs::File;
    use std::io::{self, stderr};
    use std::os::fd::{AsFd, OwnedFd};

    use indicatif::ProgressDrawTarget;

    /// The original standard error.
    #[derive(Debug)]
    pub(super) struct Original(OwnedFd);

    impl Original {
        /// Replaces standard error by the null device.
        pub(super) fn new() -> io::Result<Original> {
            let original = stderr().as_fd().try_clone_to_owned()?;
            let null = File::options().write(true).open("/dev/null")?;
            rustix::stdio::dup2_stderr(&null)?;
            Ok(Original(original))
        }

        /// Draws progress to the original standard error.
        pub(super) fn target(&self) -> io::Result<ProgressDrawTarget> {
            let file = || self.0.try_clone().map(File::from);
            let term = console::Term::read_write_pair(file()?, file()?);
            Ok(ProgressDrawTarget::term(term, 20))
        }
    }

    impl Drop for Original {
        fn drop(&mut self) {
            // Both descriptors are open, so dup2(2) does not fail:
            // https://man7.org/linux/man-pages/man2/dup.2.html
            let _ = rustix::stdio::dup2_stderr(&self.0);
        }
    }
}

/// Discards standard error until it is dropped.
#[derive(Debug)]
pub(crate) struct SilentStderr {
    /// The original standard error. None if it cannot be replaced.
    #[cfg(unix)]
    original: Option<imp::Original>,
}

impl SilentStderr {
    /// Starts to discard.
    pub(crate) fn new() -> SilentStderr {
        SilentStderr {
            #[cfg(unix)]
            original: imp::Original::new().ok(),
        }
    }

    /// Where progress is drawn.
    pub(crate) fn target(&self) -> ProgressDrawTarget {
        #[cfg(unix)]
        if let Some(target) = self
            .original
            .as_ref()
            .and_then(|original| original.target().ok())
        {
            return target;
        }
        ProgressDrawTarget::stderr()
    }
}
