//! The destination of a report. Whether it can be written is tested before anything else is done.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::abi_diff::Report;
use crate::cli::Output;
use crate::error::Error;
use crate::project;
use crate::report::{self, Format};
use crate::write::temporary;

/// The destination and the format of a report.
#[derive(Debug)]
pub(crate) struct Destination<'a> {
    /// The options of the command line.
    pub(crate) output: &'a Output,
    /// The file; none for standard output.
    file: Option<(PathBuf, Opened)>,
}

/// A file that can be written.
#[derive(Debug)]
enum Opened {
    /// A temporary file and the path that it is renamed to.
    Temporary(NamedTempFile, PathBuf),
    /// A device or pipe.
    Device(File),
}

impl<'a> Destination<'a> {
    /// Opens the file that `output` names. An error if it cannot be written.
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

    /// Formats the report and writes it to the file if there is one. A temporary file gets its name
    /// in [`Destination::keep`].
    pub(crate) fn prepare(&mut self, report: &Report) -> Result<String, Error> {
        let output = self.output;
        let site = output.site_url.as_deref();
        let text = match output.format {
            Format::Markdown => report::markdown_within(report, output.max_bytes, site),
            format => report::write(report, format, output.unfold, site),
        };
        let text = project::message(&text);
        if let Some((path, opened)) = &mut self.file {
            // Escape sequences of colors are for terminals.
            let plain = anstream::adapter::strip_str(&text).to_string();
            let written = match opened {
                Opened::Temporary(file, _) => file
                    .write_all(plain.as_bytes())
                    .and_then(|()| file.as_file().sync_all()),
                Opened::Device(file) => file.write_all(plain.as_bytes()),
            };
            written.map_err(Error::io("write", &*path))?;
        }
        Ok(text)
    }

    /// Renames the temporary file to its name. Returns a line that states it; none without a file.
    pub(crate) fn keep(self) -> Result<Option<String>, Error> {
        let Some((path, opened)) = self.file else {
            return Ok(None);
        };
        if let Opened::Temporary(file, target) = opened {
            file.persist(&target)
                .map_err(|error| Error::io("write", &path)(error.error))?;
        }
        Ok(Some(format!("{}: written\n", path.display())))
    }

    /// Whether the report is formatted for a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.output.format == Format::Terminal
    }
}

/// Opens the path for writing. An existing file keeps its content until [`Destination::keep`].
fn open(path: &Path) -> io::Result<Opened> {
    let writable = || OpenOptions::new().write(true).open(path);
    let target = match fs::metadata(path) {
        Ok(meta) if meta.is_file() => {
            writable()?;
            path.canonicalize()?
        }
        Ok(_) => return writable().map(Opened::Device),
        Err(_) => path.to_owned(),
    };
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let file = temporary(".codegen-report-", folder.unwrap_or(Path::new(".")))?;
    Ok(Opened::Temporary(file, target))
}
