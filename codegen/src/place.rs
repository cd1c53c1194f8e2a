//! Where an error is, what helps, and how it is printed.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::help::Help;
use crate::wrap::wrap;

impl Error {
    /// Turns an I/O error into ours: `.map_err(Error::io("read", path))`.
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { what, path, source }
    }

    /// The same, where it left everything as it was.
    pub(crate) fn unwritten(self) -> Error {
        match self {
            Error::Io { what, path, source } => Error::Unwritten { what, path, source },
            other => other,
        }
    }

    /// All of them as one; none if there are none.
    pub(crate) fn all(mut errors: Vec<Error>) -> Result<(), Error> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(Error::Many(errors)),
        }
    }

    /// Those of several targets as one: what is said of several is said once, with their names.
    pub(crate) fn merged(errors: Vec<(&str, Error)>) -> Result<(), Error> {
        let mut all: Vec<(String, Error, Vec<&str>)> = Vec::new();
        for (triple, error) in errors {
            for error in error.flat() {
                let text = error.to_string().replace(triple, "");
                match all.iter_mut().find(|(known, ..)| *known == text) {
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

    /// Those it is made of.
    fn flat(self) -> Vec<Error> {
        match self {
            Error::Many(all) => all.into_iter().flat_map(Error::flat).collect(),
            one => vec![one],
        }
    }

    /// The target that it is about.
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

    /// The same, with the place of a file of the repository `root`.
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

    /// Those it is made of.
    fn parts(&self) -> Vec<&Error> {
        match self {
            Error::Many(all) => all.iter().flat_map(Error::parts).collect(),
            one => vec![one],
        }
    }

    /// Is it about one input among several, so that the others can still be read?
    pub(crate) fn is_local(&self) -> bool {
        matches!(
            self,
            Error::Symbols { .. }
                | Error::Unsorted { .. }
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
        ) || matches!(self, Error::Many(errors) if errors.iter().all(Error::is_local))
    }

    /// Where it is: a target, or a file with the line from 1 if it is about a line.
    pub(crate) fn place(&self) -> Option<Place<'_>> {
        match self {
            Error::Io { path, .. }
            | Error::Unwritten { path, .. }
            | Error::Hash { path, .. }
            | Error::Unpack { path, .. } => Some(Place::File(path, None)),
            Error::Sources(_) => Some(Place::File(Path::new("codegen/sources.toml"), None)),
            Error::Symbols { file, line, .. }
            | Error::Unsorted { file, line, .. }
            | Error::Table { file, line, .. } => Some(Place::File(Path::new(file), Some(*line))),
            Error::UnknownInput { file, .. } => Some(Place::File(Path::new(file), None)),
            Error::MissingSymbol { target, .. }
            | Error::Unbindable { target, .. }
            | Error::Disagree { target, .. }
            | Error::Clang { target, .. }
            | Error::Opaque { target, .. }
            | Error::Shape { target, .. }
            | Error::IncludeDir { target, .. }
            | Error::LeftOut { target, .. } => Some(Place::Target(target)),
            Error::GroupSplit { second, .. } => Some(Place::Target(second)),
            _ => None,
        }
    }

    /// The same for GitHub, which shows it beside the line of a pull request:
    /// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message>
    fn annotation(&self) -> String {
        let text = |text: &str| {
            text.replace('%', "%25")
                .replace('\r', "%0D")
                .replace('\n', "%0A")
        };
        let value = |value: &str| text(value).replace(':', "%3A").replace(',', "%2C");
        let place = match self.place() {
            Some(Place::File(file, line)) => {
                let line = line.map_or_else(String::new, |line| format!(",line={line}"));
                format!(" file={}{line}", value(&file.to_string_lossy()))
            }
            Some(Place::Target(target)) => format!(" title={}", value(target)),
            None => String::new(),
        };
        format!("::error{place}::{}\n", text(self.to_string().trim_end()))
    }

    /// The command that mends it. None where a person has to decide or to edit first.
    pub(crate) fn help(&self) -> Option<Help> {
        match self {
            Error::Interrupted => Some(Help::Again),
            Error::NoCache => Some(Help::With("XDG_CACHE_HOME=/var/tmp/cache")),
            Error::Fetch { help, .. } => help.as_deref().cloned(),
            Error::Git { help, .. } | Error::Add { help, .. } => help.clone(),
            Error::Hash { path, .. } | Error::Unpack { path, .. } => {
                Some(Help::first(["rm", &path.to_string_lossy()]))
            }
            Error::Unsorted { path, .. } => {
                let path = &*path.to_string_lossy();
                Some(Help::first(["env", "LC_ALL=C", "sort", "-o", path, path]))
            }
            Error::LineEndings { files, root } => {
                let sed = ["sed", "-i", "s/\\r$//"].map(str::to_owned).into_iter();
                let files = files
                    .iter()
                    .map(|file| root.join(file).display().to_string());
                Some(Help::First(vec![sed.chain(files).collect()]))
            }
            Error::NotOurs { files, root } => Some(Help::First(
                files.iter().map(|file| aside(root, file)).collect(),
            )),
            Error::Table { .. } => Some(Help::Generate),
            Error::Stale { help, .. } => Some(help.clone()),
            Error::UnknownPack { name, known } | Error::UnknownSystem { name, known } => {
                let right = near(name, known.iter().map(String::as_str))?;
                Some(Help::instead(name, right))
            }
            Error::UnknownSymbol { name, near, .. } | Error::UnknownTarget { name, near } => {
                Some(Help::instead(name, near.as_deref()?))
            }
            _ => None,
        }
    }

    /// All there is to say, its last lines the commands that mend it. `given` are the arguments of
    /// this run. Commands are in one line each, so that they can be copied.
    pub(crate) fn told(&self, given: &[String], width: Option<usize>) -> String {
        let mut text = String::new();
        let mut helps = BTreeSet::new();
        let mut said = BTreeSet::new();
        for error in self.parts() {
            let line = format!("error: {}\n", error.to_string().trim_end());
            // Two systems may have one reason.
            if said.insert(line.clone()) {
                text.push_str(&line);
            }
            helps.extend(error.help());
        }
        text = wrap(&text, width);
        if std::env::var_os("GITHUB_ACTIONS").is_some() {
            text.extend(self.parts().into_iter().map(Error::annotation));
        }
        for command in Help::join(helps, given) {
            text.push_str(&format!("{command}\n"));
        }
        text
    }
}

/// Where an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// In a file, and in which line.
    File(&'a Path, Option<usize>),
    /// On a target.
    Target(&'a str),
}

/// Several errors, one a line.
pub(crate) struct Lines<'a>(pub(crate) &'a [Error]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let between = if index > 0 { "\n" } else { "" };
            write!(f, "{between}{error}")?;
        }
        Ok(())
    }
}

/// What to do about a full disk.
pub(crate) fn room(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::StorageFull => "; make room there and run it again",
        _ => "",
    }
}

/// `a, b are`, or `a is`.
pub(crate) fn list(files: &[String], one: &str, more: &str) -> String {
    let verb = if files.len() == 1 { one } else { more };
    format!("{} {verb}", files.join(", "))
}

/// The command that moves a file of the user's to the root under a name that is free there.
fn aside(root: &Path, file: &str) -> Vec<String> {
    let name = Path::new(file)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let names =
        std::iter::once(name.to_string()).chain((1..).map(|number| format!("{name}.{number}")));
    let mut free = names.filter(|name| !root.join(name).exists());
    let to = root.join(free.next().unwrap_or_default());
    let from = root.join(file);
    ["mv", &from.to_string_lossy(), &to.to_string_lossy()]
        .map(str::to_owned)
        .to_vec()
}

/// `; did you mean …?`
pub(crate) fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// The name most like `name` that is not very different from it.
pub(crate) fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |known: &str| strsim::damerau_levenshtein(known, name);
    let best = known
        .into_iter()
        .map(|known| (distance(known), known))
        .min();
    let (distance, best) = best?;
    let most = 2.max(name.chars().count() / 6);
    (distance <= most && best != name).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_a_place_and_the_commands_come_last() {
        let symbols = |line| Error::Symbols {
            file: "codegen/symbols/linux.txt".to_owned(),
            line,
            why: "`# why` is missing".to_owned(),
        };
        let file = Path::new("codegen/symbols/linux.txt");
        assert_eq!(symbols(3).place(), Some(Place::File(file, Some(3))));
        let hash = Error::Hash {
            path: "/a/it's.whl".into(),
            wanted: "1".to_owned(),
            found: "2".to_owned(),
        };
        let told = Error::Many(vec![symbols(3), symbols(5), hash]).told(&[], None);
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with("error: codegen/symbols/linux.txt:3: "));
        assert!(lines[1].starts_with("error: codegen/symbols/linux.txt:5: "));
        assert_eq!(lines.last(), Some(&"rm \"/a/it's.whl\" && cargo codegen"));
    }

    #[test]
    fn what_several_targets_have_is_said_once() {
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
        let said = Error::merged(all).unwrap_err().told(&[], None);
        let wanted = "error: i686-a and 3 more targets: the headers lack EPOLL; ";
        assert!(said.starts_with(wanted), "{said}");
        assert!(
            said.contains("\nerror: i686-d: the headers lack POLL; "),
            "{said}"
        );
        assert_eq!(said.lines().count(), 2);
        assert!(Error::merged(Vec::new()).is_ok());
    }

    #[test]
    fn annotations_are_escaped() {
        let unknown = Error::UnknownInput {
            file: "a,b:c.h".to_owned(),
            near: "\n100%".to_owned(),
        };
        let text = "a,b:c.h is read by no system of codegen/targets%0A100%25";
        let wanted = format!("::error file=a%2Cb%3Ac.h::{text}\n");
        assert_eq!(unknown.annotation(), wanted);
        assert_eq!(
            Error::Add {
                why: "x".to_owned(),
                help: None
            }
            .annotation(),
            "::error::x\n"
        );
    }

    #[test]
    fn names_that_are_nearly_the_same_are_found() {
        let known = ["EPOLLEXCLUSIVE", "EPOLLIN"];
        assert_eq!(near("EPOLLEXCLUSIV", known), Some("EPOLLEXCLUSIVE"));
        assert_eq!(near("EPOLLNI", known), Some("EPOLLIN"));
        assert_eq!(near("kevent", known), None);
        assert_eq!(near("EPOLLIN", ["EPOLLIN"]), None);
    }
}
