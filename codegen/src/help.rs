//! The help of an error: a sentence, or a command that resolves it.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

/// What resolves an error. A command is a list of words; they are quoted when it is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Help {
    /// A sentence, where the user has to edit or to decide.
    Text(String),
    /// Commands to run before the given command is run again.
    Before(Vec<Vec<String>>),
    /// Another command.
    Run(Vec<String>),
    /// `cargo codegen`, which writes all files.
    Generate,
    /// The given command with further arguments.
    Append(Vec<String>),
    /// The given command with one argument replaced.
    Replace {
        /// The given argument.
        wrong: String,
        /// The argument to use.
        right: String,
    },
    /// The given command with an environment variable set.
    WithEnv(&'static str),
    /// The given command again.
    Retry,
}

impl Help {
    /// A sentence.
    pub(crate) fn text(text: &str) -> Help {
        Help::Text(text.to_owned())
    }

    /// A command to run before the given command is run again.
    pub(crate) fn before<const N: usize>(words: [&str; N]) -> Help {
        Help::Before(vec![words.map(str::to_owned).to_vec()])
    }

    /// Another command.
    pub(crate) fn run<const N: usize>(words: [&str; N]) -> Help {
        Help::Run(words.map(str::to_owned).to_vec())
    }

    /// The given command with `right` in place of `wrong`.
    pub(crate) fn replace(wrong: &str, right: &str) -> Help {
        Help::Replace {
            wrong: wrong.to_owned(),
            right: right.to_owned(),
        }
    }

    /// A sentence about an error of the operating system.
    pub(crate) fn for_io(path: &Path, kind: ErrorKind) -> Help {
        let path = path.display();
        Help::Text(match kind {
            ErrorKind::StorageFull => {
                "free space on that disk and run the command again".to_owned()
            }
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                format!("allow access to {path} and run the command again")
            }
            ErrorKind::NotFound => format!("make sure that {path} and its folder exist"),
            _ => format!("examine {path} and run the command again"),
        })
    }

    /// The sentence, or the command as a shell reads it. `given` are the arguments of this run.
    pub(crate) fn line(&self, given: &[String]) -> String {
        let codegen = |words: &[String]| {
            let words = words.iter().map(String::as_str);
            quoted(["cargo", "codegen"].into_iter().chain(words))
        };
        let shell = |words: &Vec<String>| quoted(words.iter().map(String::as_str));
        match self {
            Help::Text(text) => text.clone(),
            Help::Retry => codegen(given),
            Help::Generate => codegen(&[]),
            Help::Run(words) => shell(words),
            Help::Before(commands) => {
                let mut all: Vec<String> = commands.iter().map(shell).collect();
                all.push(codegen(given));
                all.join(" && ")
            }
            Help::WithEnv(variable) => format!("{variable} {}", codegen(given)),
            Help::Append(_) | Help::Replace { .. } => codegen(&self.edited(given)),
        }
    }

    /// The arguments of this run with the help applied.
    fn edited(&self, given: &[String]) -> Vec<String> {
        match self {
            Help::Append(words) => given.iter().chain(words).cloned().collect(),
            Help::Replace { wrong, right } => {
                let word = |word: &String| {
                    if word == wrong {
                        return right.clone();
                    }
                    // `--option=name`.
                    match word.split_once('=') {
                        Some((option, value)) if value == wrong => format!("{option}={right}"),
                        _ => word.clone(),
                    }
                };
                given.iter().map(word).collect()
            }
            _ => given.to_vec(),
        }
    }

    /// The commands for several errors. Helps that end with the given command become one command,
    /// and so do helps that change its arguments.
    pub(crate) fn join(helps: BTreeSet<Help>, given: &[String]) -> Vec<String> {
        let (mut before, mut others) = (Vec::new(), Vec::new());
        let mut words = given.to_vec();
        for help in helps {
            match help {
                Help::Before(commands) => before.extend(commands),
                Help::Append(_) | Help::Replace { .. } => words = help.edited(&words),
                other => others.push(other),
            }
        }
        let joined = if !before.is_empty() {
            Some(Help::Before(before))
        } else if words != given {
            Some(Help::Retry)
        } else {
            None
        };
        let joined = joined.iter().map(|help| help.line(&words));
        joined
            .chain(others.iter().map(|help| help.line(given)))
            .collect()
    }
}

/// Words as a shell reads them.
fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    // Only a NUL byte cannot be quoted, and no argument of a process holds one.
    shlex::try_join(words.iter().copied()).unwrap_or_else(|_| words.join(" "))
}

/// The command that moves a file to the root, under a name that is free there.
pub(crate) fn move_aside(root: &Path, file: &str) -> Vec<String> {
    let name = Path::new(file)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let names = (1..).map(|suffix| format!("{name}.{suffix}"));
    let mut free = std::iter::once(name.to_string())
        .chain(names)
        .filter(|name| !root.join(name).exists());
    let to = root.join(free.next().unwrap_or_default());
    let from = root.join(file);
    ["mv", &from.to_string_lossy(), &to.to_string_lossy()]
        .map(str::to_owned)
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::Help;

    #[test]
    fn shell_reads_back_the_words_of_a_command() {
        let given = ["add", "EPOLL", "--os=linx", "--why", "it's"].map(str::to_owned);
        for (help, wanted) in [
            (Help::Retry, "cargo codegen add EPOLL --os=linx --why it's"),
            (Help::Generate, "cargo codegen"),
            (
                Help::replace("linx", "linux"),
                "cargo codegen add EPOLL --os=linux --why it's",
            ),
            (Help::run(["rm", "a"]), "rm a"),
        ] {
            let read = shlex::split(&help.line(&given));
            let wanted: Vec<String> = wanted.split(' ').map(str::to_owned).collect();
            assert_eq!(read, Some(wanted));
        }
        let why = Help::Append(["--why", "x"].map(str::to_owned).to_vec());
        let helps = [
            Help::replace("EPOLL", "EPOLLIN"),
            Help::replace("linx", "linux"),
            why,
        ];
        let joined = Help::join(helps.into(), &given[..3]);
        assert_eq!(joined, ["cargo codegen add EPOLLIN '--os=linux' --why x"]);
        let before = Help::before(["rm", "a b"]).line(&given[..1]);
        assert_eq!(before, "rm 'a b' && cargo codegen add");
    }
}
