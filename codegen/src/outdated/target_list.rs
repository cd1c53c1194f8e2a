//! Compares the targets of rustc with the table of targets.

use std::process::Command;

use serde::Serialize;

use crate::error::Error;
use crate::targets::SYSTEMS;
use crate::version_error::VersionError;

/// The targets of the rustc in use, against `codegen/targets`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct TargetList {
    /// The version of rustc.
    pub(super) rustc: String,
    /// The targets of known systems that the table lacks.
    pub(super) new: Vec<New>,
    /// The targets of the table that rustc does not have.
    pub(super) gone: Vec<&'static str>,
}

/// A target that the table lacks.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct New {
    /// Its triple.
    pub(super) triple: String,
    /// Its system.
    pub(super) system: &'static str,
}

impl TargetList {
    /// Whether the table and rustc differ.
    pub(super) fn differs(&self) -> bool {
        !self.new.is_empty() || !self.gone.is_empty()
    }
}

/// Asks rustc.
pub(super) fn read() -> Result<TargetList, Error> {
    let list = rustc(&["--print", "target-list"])?;
    let version = rustc(&["--version"])?;
    let version = version.split_whitespace().nth(1).unwrap_or_default();
    let triples: Vec<&str> = list.lines().collect();
    Ok(compare(version, &triples))
}

/// The output of rustc.
fn rustc(arguments: &[&str]) -> Result<String, Error> {
    let failed = |why: String| Error::Version(VersionError::Rustc { why });
    let output = Command::new("rustc").args(arguments).output();
    let output = output.map_err(|error| failed(format!("rustc does not start: {error}")))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(failed(message.trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The differences between rustc's triples and the table.
fn compare(version: &str, triples: &[&str]) -> TargetList {
    let mut new = Vec::new();
    for triple in triples {
        let known = SYSTEMS.iter().any(|os| {
            os.targets.iter().any(|target| target.triple == *triple)
                || os.left_out.iter().any(|left| left.name == *triple)
        });
        if let (false, Some(os)) = (known, SYSTEMS.iter().find(|os| (os.is)(triple))) {
            new.push(New {
                triple: (*triple).to_owned(),
                system: os.name,
            });
        }
    }
    let of_table = SYSTEMS.iter().flat_map(|os| os.targets);
    let of_table = of_table.map(|target| target.triple);
    TargetList {
        rustc: version.to_owned(),
        new,
        gone: of_table
            .filter(|triple| !triples.contains(triple))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_and_gone_targets_are_found() {
        let all: Vec<&str> = mio_targets::all()
            .map(|(_, target)| target.triple)
            .collect();
        let same = compare("1.0.0", &all);
        assert!(!same.differs(), "{same:?}");
        let mut other: Vec<&str> = all;
        let gone = other.remove(0);
        // No system of the table has the last one.
        other.extend(["riscv128-unknown-netbsd", "x86_64-unknown-uefi"]);
        let found = compare("1.0.0", &other);
        assert_eq!(found.gone, [gone]);
        let new: Vec<(&str, &str)> = found
            .new
            .iter()
            .map(|new| (&*new.triple, new.system))
            .collect();
        assert_eq!(new, [("riscv128-unknown-netbsd", "netbsd")]);
    }
}
