//! Collects errors, locates them, and prints them with their helps.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::help::Help;
use crate::input_error::InputError;
use crate::project_error::ProjectError;
use crate::wrap::wrap;

impl Error {
    /// Converts an error of the operating system: `.map_err(Error::io("read", path))`.
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { what, path, source }
    }

    /// The same error, with the statement that nothing was written.
    pub(crate) fn unwritten(self) -> Error {
        match self {
            Error::Io { what, path, source } => Error::Unwritten { what, path, source },
            other => other,
        }
    }

    /// An error of a project, or of a folder of headers.
    pub(crate) fn project(error: ProjectError) -> Error {
        Error::Project(Box::new(error))
    }

    /// All errors as one. `Ok` if there are none.
    pub(crate) fn all(mut errors: Vec<Error>) -> Result<(), Error> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(Error::Many(errors)),
        }
    }

    /// The errors of several targets as one. An error that several targets have appears once, with
    /// their names.
    pub(crate) fn merged(errors: Vec<(&str, Error)>) -> Result<(), Error> {
        let mut all: Vec<(String, Error, Vec<&str>)> = Vec::new();
        for (triple, error) in errors {
            for error in error.flat() {
                let text = error.to_string().replace(triple, "");
                match all.iter_mut().find(|(known, ..)| *known == text) {
                    Some((_, _, triples)) if triples.contains(&triple) => {}
                    Some((_, _, triples)) => triples.push(triple),
                    None => all.push((text, error, vec![triple])),
                }
            }
        }
        let named = all.into_iter().map(|(_, mut error, triples)| {
            if let (Some(target), [first, others @ ..]) = (error.target(), &triples[..]) {
                *target = match others {
                    [] | [_] | [_, _] => triples.join(", "),
                    more => format!("{first} and {} more targets", more.len()),
                };
            }
            error
        });
        Error::all(named.collect())
    }

    /// The errors that it consists of.
    fn flat(self) -> Vec<Error> {
        match self {
            Error::Many(all) => all.into_iter().flat_map(Error::flat).collect(),
            one => vec![one],
        }
    }

    /// The target that has the error.
    fn target(&mut self) -> Option<&mut String> {
        match self {
            Error::MissingSymbol { target, .. }
            | Error::Unbindable { target, .. }
            | Error::Disagree { target, .. }
            | Error::Clang { target, .. }
            | Error::Opaque { target, .. }
            | Error::Shape { target, .. }
            | Error::IncludeDir { target, .. } => Some(target),
            _ => None,
        }
    }

    /// The same error, with the full path of a file in the repository `root`.
    pub(crate) fn within(self, root: &Path) -> Error {
        match self {
            Error::Many(all) => Error::Many(all.into_iter().map(|one| one.within(root)).collect()),
            Error::Unsorted {
                file,
                path,
                line,
                later,
                earlier,
            } => Error::Unsorted {
                file,
                path: root.join(path),
                line,
                later,
                earlier,
            },
            other => other,
        }
    }

    /// References to the errors that it consists of.
    fn parts(&self) -> Vec<&Error> {
        match self {
            Error::Many(all) => all.iter().flat_map(Error::parts).collect(),
            one => vec![one],
        }
    }

    /// Whether the error concerns one of several inputs, so that the others can still be read.
    pub(crate) fn is_local(&self) -> bool {
        matches!(
            self,
            Error::Symbols { .. }
                | Error::Unsorted { .. }
                | Error::Input(_)
                | Error::Add { .. }
                | Error::MissingSymbol { .. }
                | Error::Unbindable { .. }
                | Error::Metadata(_)
                | Error::Disagree { .. }
                | Error::Clang { .. }
                | Error::Opaque { .. }
                | Error::Shape { .. }
                | Error::GroupSplit { .. }
                | Error::OsVersion { .. }
                | Error::IncludeDir { .. }
        ) || matches!(self, Error::Version(error) if error.is_local())
            || matches!(self, Error::Many(errors) if errors.iter().all(Error::is_local))
    }

    /// Where the error is: a file, with the line if there is one, or a target.
    pub(crate) fn location(&self) -> Option<Location<'_>> {
        match self {
            Error::Io { path, .. }
            | Error::Unwritten { path, .. }
            | Error::Hash { path, .. }
            | Error::Unpack { path, .. } => Some(Location::File(path, None)),
            Error::Project(error) => match &**error {
                ProjectError::Targets(_) => Some(Location::File(Path::new("targets.toml"), None)),
                _ => None,
            },
            Error::Sources(_) => Some(Location::File(Path::new("codegen/sources.toml"), None)),
            Error::Symbols { file, line, .. }
            | Error::Input(InputError::Unused { file, line, .. })
            | Error::Unsorted { file, line, .. }
            | Error::Table { file, line, .. } => Some(Location::File(Path::new(file), Some(*line))),
            Error::Accepted(problem) => problem.location(),
            Error::UnknownInput { file, .. } => Some(Location::File(Path::new(file), None)),
            Error::MissingSymbol { target, .. }
            | Error::Unbindable { target, .. }
            | Error::Disagree { target, .. }
            | Error::Clang { target, .. }
            | Error::Opaque { target, .. }
            | Error::Shape { target, .. }
            | Error::IncludeDir { target, .. }
            | Error::LeftOut { target, .. } => Some(Location::Target(target)),
            Error::GroupSplit { second, .. } => Some(Location::Target(second)),
            _ => None,
        }
    }

    /// The help, if it is a sentence.
    fn advice(&self) -> Option<String> {
        match self.help() {
            Some(Help::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A command for GitHub's runner, which shows the error beside the line of a pull request:
    /// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message>
    fn annotation(&self) -> String {
        let text = |text: &str| {
            text.replace('%', "%25")
                .replace('\r', "%0D")
                .replace('\n', "%0A")
        };
        let value = |value: &str| text(value).replace(':', "%3A").replace(',', "%2C");
        let location = match self.location() {
            Some(Location::File(file, line)) => {
                let line = line.map_or_else(String::new, |line| format!(",line={line}"));
                format!(" file={}{line}", value(&file.to_string_lossy()))
            }
            Some(Location::Target(target)) => format!(" title={}", value(target)),
            None => String::new(),
        };
        let mut message = self.to_string().trim_end().to_owned();
        if let Some(advice) = self.advice() {
            message.push_str(&format!("\nhelp: {advice}"));
        }
        format!("::error{location}::{}\n", text(&message))
    }

    /// The whole message. Its last lines are the commands that resolve the errors; `given` are the
    /// arguments of this run. Only a command is never wrapped, so that it can be copied.
    pub(crate) fn message(&self, given: &[String], width: Option<usize>) -> String {
        let mut text = String::new();
        let mut commands = BTreeSet::new();
        let mut printed = BTreeSet::new();
        let mut parts = self.parts();
        // Two systems may have the same error.
        parts.retain(|error| printed.insert(error.to_string()));
        for (index, error) in parts.iter().enumerate() {
            text.push_str(&format!("error: {}\n", error.to_string().trim_end()));
            match error.help() {
                Some(Help::Text(advice)) => {
                    let next = parts.get(index + 1).and_then(|error| error.advice());
                    if next.as_ref() != Some(&advice) {
                        text.push_str(&format!("help: {advice}\n"));
                    }
                }
                help => commands.extend(help),
            }
        }
        text = wrap(&text, width);
        if std::env::var_os("GITHUB_ACTIONS").is_some() {
            text.extend(parts.into_iter().map(Error::annotation));
        }
        for command in Help::join(commands, given) {
            text.push_str(&format!("help: {command}\n"));
        }
        text
    }
}

/// Where an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location<'a> {
    /// In a file, and in this line of it.
    File(&'a Path, Option<usize>),
    /// On a target.
    Target(&'a str),
}

/// Several errors, one in each line.
pub(crate) struct Lines<'a>(pub(crate) &'a [Error]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_locations_and_commands_come_last() {
        let symbols = |line| Error::Symbols {
            file: "codegen/symbols/linux.txt".to_owned(),
            line,
            why: "`# WHY` is missing".to_owned(),
        };
        let file = Path::new("codegen/symbols/linux.txt");
        assert_eq!(symbols(3).location(), Some(Location::File(file, Some(3))));
        let hash = Error::Hash {
            path: "/a/it's.whl".into(),
            wanted: "1".to_owned(),
            found: "2".to_owned(),
        };
        let message = Error::Many(vec![symbols(3), symbols(5), hash]).message(&[], None);
        let lines: Vec<&str> = message.lines().collect();
        assert!(lines[0].starts_with("error: codegen/symbols/linux.txt:3: "));
        assert!(lines[1].starts_with("error: codegen/symbols/linux.txt:5: "));
        assert!(
            lines[2].starts_with("help: correct the line: "),
            "{message}"
        );
        assert_eq!(
            lines.last(),
            Some(&"help: rm \"/a/it's.whl\" && cargo codegen")
        );
    }

    #[test]
    fn error_of_several_targets_appears_once() {
        let lack = |target: &str, symbols: &str| Error::MissingSymbol {
            target: target.to_owned(),
            symbols: symbols.to_owned(),
            os: "linux",
        };
        let triples = ["i686-a", "i686-b", "i686-c", "i686-d"];
        let mut all: Vec<(&str, Error)> = Vec::new();
        for triple in triples {
            let mut errors = vec![lack(triple, "EPOLL")];
            if triple == "i686-d" {
                errors.insert(0, lack(triple, "POLL"));
            }
            all.push((triple, Error::Many(errors)));
        }
        let message = Error::merged(all).unwrap_err().message(&[], None);
        let wanted = "error: i686-a and 3 more targets: the headers lack EPOLL\n\
            error: i686-d: the headers lack POLL\n\
            help: correct codegen/symbols/linux.txt or codegen/headers/linux.h\n";
        assert_eq!(message, wanted);
        assert!(Error::merged(Vec::new()).is_ok());
    }

    #[test]
    fn error_that_a_target_has_twice_counts_once() {
        let lack = || Error::MissingSymbol {
            target: "t".to_owned(),
            symbols: "POLL".to_owned(),
            os: "linux",
        };
        let of = |triple| (triple, Error::Many(vec![lack(), lack(), lack()]));
        let all = ["i686-a", "i686-b", "i686-c", "i686-d"].map(of);
        let text = Error::merged(all.into()).unwrap_err().to_string();
        assert_eq!(text, "i686-a and 3 more targets: the headers lack POLL");
    }

    #[test]
    fn annotations_are_escaped() {
        let unknown = Error::UnknownInput {
            file: "a,b:c.h".to_owned(),
            near: Some("\n100%".to_owned()),
        };
        let text = "no system of codegen/targets reads a,b:c.h%0A\
            help: rename it to `%0A100%25`, or remove it";
        let wanted = format!("::error file=a%2Cb%3Ac.h::{text}\n");
        assert_eq!(unknown.annotation(), wanted);
        let add = Error::Add {
            why: "x".to_owned(),
            help: Help::Retry,
        };
        assert_eq!(add.annotation(), "::error::x\n");
    }
}
