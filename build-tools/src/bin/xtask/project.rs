//! The folders of the project, and the backends of the library.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::checkout::{self, Entered};

/// The folders of a checkout.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    /// Builds and downloads, which a fresh clone reuses.
    pub(crate) cache: PathBuf,
    pub(crate) logs: PathBuf,
}

impl Project {
    pub(crate) fn find() -> Result<Project> {
        // Cargo sets the variable. A program that is run without Cargo uses the path of its build.
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .filter(|folder| folder.ends_with("build-tools"))
            .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        let root = package
            .parent()
            .context("build-tools has no parent folder")?;
        let root = root
            .canonicalize()
            .with_context(|| format!("{}", root.display()))?;
        // A relative path is invalid and ignored
        // (<https://specifications.freedesktop.org/basedir-spec/latest/>).
        let cache = match env::var_os("XDG_CACHE_HOME").map(PathBuf::from) {
            Some(folder) if folder.is_absolute() => folder,
            _ => PathBuf::from(env::var_os("HOME").context("HOME is not set")?).join(".cache"),
        };
        Ok(Project {
            logs: root.join("target/xtask/logs"),
            root,
            cache: cache.join("mio-build"),
        })
    }

    /// Locks the builds for this checkout, see [`checkout`].
    pub(crate) fn enter(&self) -> Result<Entered> {
        checkout::enter(&self.cache.join("target"), &self.root)
    }

    /// The build folder of all builds with the same flags.
    pub(crate) fn target(&self, flags: &str) -> PathBuf {
        self.cache.join("target").join(flags)
    }

    pub(crate) fn path(&self, below_root: impl AsRef<Path>) -> PathBuf {
        self.root.join(below_root)
    }
}

/// A selector and a waker that a build for Linux can select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backend {
    pub(crate) name: &'static str,
    pub(crate) rustflags: &'static str,
}

/// All four. The first is the default.
pub(crate) const BACKENDS: [Backend; 4] = [
    Backend {
        name: "epoll-eventfd",
        rustflags: "",
    },
    Backend {
        name: "epoll-pipe",
        rustflags: "--cfg mio_unsupported_force_waker_pipe",
    },
    Backend {
        name: "poll-eventfd",
        rustflags: "--cfg mio_unsupported_force_poll_poll",
    },
    Backend {
        name: "poll-pipe",
        rustflags: "--cfg mio_unsupported_force_poll_poll --cfg mio_unsupported_force_waker_pipe",
    },
];

/// The default backend. All builds without flags share its folder.
pub(crate) const PLAIN: Backend = BACKENDS[0];
