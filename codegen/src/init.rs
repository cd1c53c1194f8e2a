//! `cargo codegen --project DIR init`: writes the files of a new project, with comments and one
//! symbol that every version of the system has.

use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

use crate::error::{Error, near};
use crate::help::Help;
use crate::project::TARGETS;
use crate::project_error::ProjectError;
use crate::targets::Os;
use crate::windows;
use crate::write::{self, Single};

/// The pins of the repository that this program was built from.
const SOURCES: &str = include_str!("../sources.toml");

/// Writes the files into the folder `given`. Returns a list of them and the next steps.
pub(crate) fn init(given: Option<&Path>, systems: &[String]) -> Result<String, Error> {
    let Some(given) = given else {
        return Err(fault(
            "`init` begins the project of --project, which is missing".to_owned(),
            Help::Append(["--project", "bindings"].map(str::to_owned).to_vec()),
        ));
    };
    let here = std::env::current_dir().map_err(Error::io("find", "the current folder"))?;
    let folder = here.join(given);
    let mut chosen: Vec<&Os> = Vec::new();
    for name in systems {
        let os = system(name)?;
        if chosen.iter().all(|known| known.name != os.name) {
            chosen.push(os);
        }
    }
    let files = files(&chosen)?;
    let present: Vec<&str> = files
        .iter()
        .filter(|file| folder.join(&file.path).exists())
        .map(|file| file.path.as_str())
        .collect();
    if !present.is_empty() {
        return Err(fault(
            format!("{} has {} already", folder.display(), present.join(", ")),
            Help::text("name an empty or new folder: --project DIR"),
        ));
    }
    fs::create_dir_all(&folder).map_err(Error::io("make", &folder))?;
    write::all(&[], &files, &folder)?;
    let mut text = String::new();
    for file in &files {
        let path: PathBuf = given.join(&file.path);
        text.push_str(&format!("{}: written\n", path.display()));
    }
    let quoted = given.to_string_lossy();
    let quoted = shlex::try_quote(&quoted).unwrap_or_default();
    text.push_str(&format!(
        "\nGenerate the bindings, and bind another symbol:\n\
         \x20   cargo codegen --project {quoted}\n"
    ));
    for os in chosen {
        let (symbol, header) = example(os).add;
        text.push_str(&format!(
            "    cargo codegen --project {quoted} add {symbol} --os {} --header '{header}' \
             --why 'an example'\n",
            os.name
        ));
    }
    Ok(text)
}

/// The system of this name whose headers are in a pack.
fn system(name: &str) -> Result<&'static Os, Error> {
    let has_pack = |os: &&Os| os.pack.is_some() && os.name != windows::NAME;
    let mut all = mio_targets::SYSTEMS.iter().filter(has_pack);
    let known: Vec<&str> = all.clone().map(|os| os.name).collect();
    all.find(|os| os.name == name).ok_or_else(|| {
        let help = match near(name, known.iter().copied()) {
            Some(near) => Help::replace(name, near),
            None => Help::Text(format!("name one of {}", known.join(", "))),
        };
        let why = if name == windows::NAME {
            "bindings of Windows come from its metadata, which projects cannot read yet".to_owned()
        } else {
            format!("no header pack has `{name}`")
        };
        fault(why, help)
    })
}

/// The error for a project that cannot be made.
fn fault(why: String, help: Help) -> Error {
    Error::project(ProjectError::Init { why, help })
}

/// The symbols of an example.
struct Example {
    /// A constant and its header, for the list.
    first: (&'static str, &'static str),
    /// A symbol and its header, for the command that adds one.
    add: (&'static str, &'static str),
}

/// The example of a system.
fn example(os: &Os) -> Example {
    if os.name == "linux" {
        return Example {
            first: ("IN_CREATE", "<linux/inotify.h>"),
            add: ("inotify_event", "<linux/inotify.h>"),
        };
    }
    Example {
        first: ("O_CREAT", "<fcntl.h>"),
        add: ("pollfd", "<poll.h>"),
    }
}

/// The files of a new project.
fn files(systems: &[&Os]) -> Result<Vec<Single>, Error> {
    let mut files = vec![
        Single {
            path: "sources.toml".to_owned(),
            text: sources(systems)?,
        },
        Single {
            path: TARGETS.to_owned(),
            text: targets(systems),
        },
    ];
    for os in systems {
        files.push(Single {
            path: format!("symbols/{}.txt", os.name),
            text: symbols(os),
        });
        files.push(Single {
            path: format!("headers/{}.h", os.name),
            text: header(os),
        });
    }
    Ok(files)
}

/// `sources.toml`: the pins of the repository, without those of other systems.
fn sources(systems: &[&Os]) -> Result<String, Error> {
    let mut document: DocumentMut = SOURCES
        .parse()
        .map_err(|error: toml_edit::TomlError| Error::Sources(error.to_string()))?;
    if let Some(packs) = document["headers"].as_array_of_tables_mut() {
        packs.retain(|pack| {
            let name = pack.get("name").and_then(|name| name.as_str());
            systems.iter().any(|os| os.pack == name)
        });
        // Newer headers of the same system are in packs that are left out here.
        for pack in packs.iter_mut() {
            pack.remove("also");
        }
    }
    Ok(document.to_string())
}

/// `targets.toml`.
fn targets(systems: &[&Os]) -> String {
    let mut text = "\
# The systems to bind. Each has symbols/NAME.txt, headers/NAME.h and the module generated/NAME/.
# `like` takes the targets of a system that the tool knows; the command `list targets` prints them.
# Targets with the same ABI share a file.
"
    .to_owned();
    for os in systems {
        text.push_str(&format!(
            "\n[[system]]\nname = \"{0}\"\nlike = \"{0}\"\n",
            os.name
        ));
        text.push_str(
            "# Only some of these targets; `*` matches any text.\n\
             # targets = [\"x86_64-*\", \"aarch64-*\"]\n",
        );
    }
    text
}

/// `symbols/NAME.txt`.
fn symbols(os: &Os) -> String {
    let (name, header) = example(os).first;
    format!(
        "\
# The symbols to bind on {0}: NAME KIND SOURCE # why. Sorted by byte: `LC_ALL=C sort -o FILE FILE`.
# KIND is `record`, `fn`, `const TYPE`, or `const` for a constant of the type that C gives it.
# With `?` (`const?`, `fn?`, `record?`) a target whose headers lack the symbol goes without it.
# SOURCE is the header, or a manual page if headers/{0}.h declares the symbol.
# The command `add` writes such lines.
{name} const int {header} # an example, to be replaced
",
        os.name
    )
}

/// `headers/NAME.h`.
fn header(os: &Os) -> String {
    // The version of the headers is a macro of this one.
    let include = match os.version {
        crate::targets::Version::LinuxHeaders => "#include <linux/version.h>\n",
        crate::targets::Version::Stated(_) => "",
    };
    let prototypes = if os.name == "linux" {
        "\
 *
 * The kernel's headers declare no function. Write its prototype here, after the manual page, and
 * name that page as the source in the list: inotify_init(2) for `int inotify_init1(int flags);`.
"
    } else {
        ""
    };
    format!(
        "\
/*
 * Headers that are read together, and declarations of your own. A header that the list of symbols
 * names, but that is not included here, is read by itself.
{prototypes} */
{include}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Sources;
    use crate::{symbols, target_table};

    #[test]
    fn examples_of_all_systems_are_valid() -> Result<(), Error> {
        let mut count = 0;
        for os in mio_targets::SYSTEMS {
            if system(os.name).is_err() {
                continue;
            }
            count += 1;
            for file in files(&[os])? {
                match &*file.path {
                    "sources.toml" => {
                        let sources = Sources::parse(&file.text)?;
                        assert_eq!(sources.headers.len(), 1, "{}", os.name);
                        sources.headers(os.pack.unwrap_or_default())?;
                    }
                    TARGETS => {
                        let table = target_table::parse(&file.text)?;
                        assert_eq!(table[0].targets.len(), os.targets.len());
                    }
                    path if path.ends_with(".txt") => {
                        assert_eq!(symbols::parse(path, &file.text)?.len(), 1);
                    }
                    _ => {}
                }
                assert!(!file.text.contains("mio"), "{}", file.text);
            }
        }
        assert!(count >= 7, "{count} systems have a pack");
        Ok(())
    }
}
