//! Where a report goes. That it can be written there is found out before anything else is.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::abi_diff::Report;
use crate::cli::Output;
use crate::error::Error;
use crate::report::{self, Format};

/// Where a report goes, and how it is written.
#[derive(Debug)]
pub(crate) struct Destination<'a> {
    /// What was asked for.
    pub(crate) output: &'a Output,
    /// The file; standard output if none.
    file: Option<(PathBuf, Opened)>,
}

/// A file that can be written.
#[derive(Debug)]
enum Opened {
    /// A file beside it, which takes its name at the end.
    Beside(NamedTempFile, PathBuf),
    /// A device or pipe.
    Itself(File),
}

impl<'a> Destination<'a> {
    /// An error if the file that was asked for cannot be written.
    pub(crate) fn open(output: &'a Output) -> Result<Destination<'a>, Error> {
        let file = match &output.output {
            Some(path) => {
                let opened = open(path).map_err(Error::io("write", path))?;
                Some((path.clone(), opened))
            }
            None => None,
        };
        Ok(Destination { output, file })
    }

    /// The report in the format that was asked for, and already in the file if there is one. It has its name there
    /// when all is done.
    pub(crate) fn prepare(&mut self, report: &Report) -> Result<String, Error> {
        let text = report::write(report, self.output.format, self.output.unfold);
        if let Some((path, opened)) = &mut self.file {
            // Files have no colours.
            let plain = anstream::adapter::strip_str(&text).to_string();
            let written = match opened {
                Opened::Beside(file, _) => file
                    .write_all(plain.as_bytes())
                    .and_then(|()| file.as_file().sync_all()),
                Opened::Itself(file) => file.write_all(plain.as_bytes()),
            };
            written.map_err(Error::io("write", &*path))?;
        }
        Ok(text)
    }

    /// Gives the file its name. The sentence that says so; none if there is no file.
    pub(crate) fn keep(self) -> Result<Option<String>, Error> {
        let Some((path, opened)) = self.file else {
            return Ok(None);
        };
        if let Opened::Beside(file, target) = opened {
            file.persist(&target)
                .map_err(|error| Error::io("write", &path)(error.error))?;
        }
        Ok(Some(format!("{}: written\n", path.display())))
    }

    /// Does a reader on a terminal see the report itself?
    pub(crate) fn is_terminal(&self) -> bool {
        self.output.format == Format::Terminal
    }
}

/// Makes sure that the path can be written. A file that is there stays as it is for now.
fn open(path: &Path) -> std::io::Result<Opened> {
    let target = match fs::metadata(path) {
        Ok(meta) if meta.is_file() => {
            OpenOptions::new().write(true).open(path)?;
            path.canonicalize()?
        }
        Ok(_) => {
            return OpenOptions::new()
                .write(true)
                .open(path)
                .map(Opened::Itself);
        }
        Err(_) => path.to_owned(),
    };
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".codegen-report-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file; the umask takes its part.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    Ok(Opened::Beside(file, target))
}
