//! Builds the servers.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::Folders;
use crate::servers::{Backend, PEERS};
use crate::worker::build;

/// The built servers of a backend.
#[derive(Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
    /// The program that runs them, if they are programs of Windows.
    wine: Option<PathBuf>,
}

impl Programs {
    /// Builds the servers of this machine.
    pub(crate) fn build(folders: &Folders, backend: Backend) -> Result<Programs> {
        let flags = match backend {
            Backend::Poll => "--cfg mio_unsupported_force_poll_poll",
            _ => "",
        };
        let target = folders.target.join(format!("servers-{}", backend.name()));
        for peer in PEERS {
            let mut command = Command::new("cargo");
            command
                .args(["build", "--release", "--locked"])
                .current_dir(folders.bench.join("server").join(peer));
            let what = format!("the server: {}, {peer}", backend.name());
            build(&mut command, &what, &target, flags)?;
        }
        Ok(Programs {
            folder: target.join("release"),
            wine: None,
        })
    }

    /// The servers for Windows, which `cargo xtask bench servers` has built.
    pub(crate) fn for_windows(folder: &Path, wine: &Path) -> Programs {
        Programs {
            folder: folder.to_owned(),
            wine: Some(wine.to_owned()),
        }
    }

    pub(crate) fn is_of_windows(&self) -> bool {
        self.wine.is_some()
    }

    /// The program of a peer, and the arguments that run it.
    pub(crate) fn command(&self, peer: &str) -> Vec<PathBuf> {
        let program = self.folder.join(format!("server-{peer}"));
        match &self.wine {
            None => vec![program],
            Some(wine) => vec![wine.clone(), program.with_extension("exe")],
        }
    }
}
