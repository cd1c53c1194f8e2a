//! Commands that mend an error.

use std::collections::BTreeSet;

/// The command that mends an error, word by word. Words are quoted where they are shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Help {
    /// Other commands, then the one that was given.
    First(Vec<Vec<String>>),
    /// Another command.
    Run(Vec<String>),
    /// A run without a command, which writes everything anew.
    Generate,
    /// The command that was given, with further words behind it.
    Plus(Vec<String>),
    /// The command that was given, with one word in the place of another.
    Instead {
        /// What was given.
        wrong: String,
        /// What was meant.
        right: String,
    },
    /// The command that was given, with a variable of the environment set.
    With(&'static str),
    /// The command that was given.
    Again,
}

impl Help {
    /// A command, then the one that was given.
    pub(crate) fn first<const N: usize>(words: [&str; N]) -> Help {
        Help::First(vec![words.map(str::to_owned).to_vec()])
    }

    /// Another command.
    pub(crate) fn run<const N: usize>(words: [&str; N]) -> Help {
        Help::Run(words.map(str::to_owned).to_vec())
    }

    /// A word in the place of another.
    pub(crate) fn instead(wrong: &str, right: &str) -> Help {
        Help::Instead {
            wrong: wrong.to_owned(),
            right: right.to_owned(),
        }
    }

    /// The command as a shell reads it. `given` are the arguments of this run.
    pub(crate) fn command(&self, given: &[String]) -> String {
        let again = |words: Vec<&str>| {
            let all = ["cargo", "codegen"].into_iter().chain(words);
            quoted(all)
        };
        let same = || again(given.iter().map(String::as_str).collect());
        match self {
            Help::Again => same(),
            Help::Generate => again(Vec::new()),
            Help::Run(words) => quoted(words.iter().map(String::as_str)),
            Help::First(commands) => {
                let mut all: Vec<String> = commands
                    .iter()
                    .map(|words| quoted(words.iter().map(String::as_str)))
                    .collect();
                all.push(same());
                all.join(" && ")
            }
            Help::With(variable) => format!("{variable} {}", same()),
            Help::Plus(_) | Help::Instead { .. } => {
                let words = self.edited(given);
                again(words.iter().map(String::as_str).collect())
            }
        }
    }

    /// The arguments of this run as they are to be.
    fn edited(&self, given: &[String]) -> Vec<String> {
        match self {
            Help::Plus(words) => given.iter().chain(words).cloned().collect(),
            Help::Instead { wrong, right } => {
                // `--option=name` as well.
                let word = |word: &String| {
                    if word == wrong {
                        return right.clone();
                    }
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

    /// The commands for several errors. Those that run the given one at their end become one, and so
    /// do those that give it other words.
    pub(crate) fn join(helps: BTreeSet<Help>, given: &[String]) -> Vec<String> {
        let (mut first, mut others) = (Vec::new(), Vec::new());
        let mut words = given.to_vec();
        for help in helps {
            match help {
                Help::First(commands) => first.extend(commands),
                Help::Plus(_) | Help::Instead { .. } => words = help.edited(&words),
                other => others.push(other),
            }
        }
        let whole = if !first.is_empty() {
            Some(Help::First(first))
        } else if words != given {
            Some(Help::Again)
        } else {
            None
        };
        let whole = whole.iter().map(|help| help.command(&words));
        whole
            .chain(others.iter().map(|help| help.command(given)))
            .collect()
    }
}

/// Words as a shell reads them.
fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    // Only a NUL cannot be quoted, and no argument holds one.
    shlex::try_join(words.iter().copied()).unwrap_or_else(|_| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::Help;

    #[test]
    fn commands_are_what_a_shell_reads_back() {
        let given = ["add", "EPOLL", "--os=linx", "--why", "it's"].map(str::to_owned);
        for (help, words) in [
            (
                Help::Again,
                vec![
                    "cargo",
                    "codegen",
                    "add",
                    "EPOLL",
                    "--os=linx",
                    "--why",
                    "it's",
                ],
            ),
            (Help::Generate, vec!["cargo", "codegen"]),
            (
                Help::instead("linx", "linux"),
                vec![
                    "cargo",
                    "codegen",
                    "add",
                    "EPOLL",
                    "--os=linux",
                    "--why",
                    "it's",
                ],
            ),
            (Help::run(["rm", "a b"]), vec!["rm", "a b"]),
        ] {
            let read = shlex::split(&help.command(&given));
            assert_eq!(read, Some(words.into_iter().map(str::to_owned).collect()));
        }
        let why = Help::Plus(["--why", "x"].map(str::to_owned).to_vec());
        let helps = [
            Help::instead("EPOLL", "EPOLLIN"),
            Help::instead("linx", "linux"),
            why,
        ];
        let joined = Help::join(helps.into(), &given[..3]);
        assert_eq!(joined, ["cargo codegen add EPOLLIN '--os=linux' --why x"]);
        let first = Help::first(["rm", "a b"]).command(&given[..1]);
        assert_eq!(first, "rm 'a b' && cargo codegen add");
    }
}
