//! The symbols of a system's libraries, from the lists that zig links with instead of the
//! libraries.
//!
//! A function whose symbol is in the list of a system links on that system. zig has lists of the
//! symbols of glibc, FreeBSD, NetBSD, OpenBSD (`abilists`), musl (`libc.S`), macOS
//! (`libSystem.tbd`) and Windows (mingw-w64's `.def` files).

mod abilist;
mod text;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use mio_targets::Os;

use crate::cross;
use crate::report::NotRun;
use crate::step::Context;

/// The lists of zig.
pub(super) struct Stubs {
    folder: PathBuf,
}

/// A list that serves a target.
#[derive(Debug, PartialEq, Eq)]
enum List {
    /// A file with the symbols of many machines, and the machine.
    Machines(&'static str, &'static str),
    Musl,
    /// Apple's text, and the target in it.
    Tbd(&'static str),
    /// mingw-w64's files of a DLL.
    Def(&'static [&'static str]),
}

impl Stubs {
    /// The lists; `None` if zig cannot be downloaded.
    pub(super) fn fetched(context: &mut Context<'_>) -> Result<Option<Stubs>> {
        let zig = match cross::zig_root(context) {
            Ok(zig) => zig,
            Err(error) if error.is::<NotRun>() => {
                context.log(&format!("{error:#}"))?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let folder = zig.join("ziglang/lib/libc");
        Ok(Some(Stubs { folder }))
    }

    /// The symbols that the list of a target lacks; `None` if the target has no list.
    pub(super) fn missing<'a>(
        &self,
        os: &Os,
        triple: &str,
        links: &[&'a str],
    ) -> Result<Option<Vec<&'a str>>> {
        let Some(list) = list(os.name, triple) else {
            return Ok(None);
        };
        let mut missing = Vec::new();
        match list {
            List::Machines(file, machine) => {
                let path = self.folder.join(file);
                let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
                let known = abilist::read(&bytes).with_context(|| path.display().to_string())?;
                if !known.knows(machine) {
                    return Ok(None);
                }
                missing.extend(links.iter().filter(|link| !known.has(link, machine)));
            }
            List::Musl => {
                let text = self.text("musl/libc.S")?;
                let known = text::of_assembly(&text);
                missing.extend(links.iter().filter(|link| !known.contains(**link)));
            }
            List::Tbd(target) => {
                let text = self.text("darwin/libSystem.tbd")?;
                let known = text::of_tbd(&text, target);
                let is_known = |link: &str| known.contains(&*format!("_{link}"));
                missing.extend(links.iter().filter(|link| !is_known(link)));
            }
            List::Def(folders) => {
                for link in links {
                    let (dll, name) = link.split_once(".dll ").unwrap_or(("", link));
                    let file = folders
                        .iter()
                        .map(|file| file.replace('*', dll))
                        .find(|file| self.folder.join(file).exists())
                        .with_context(|| format!("zig has no list of {dll}.dll"))?;
                    if !text::of_def(&self.text(&file)?).contains(name) {
                        missing.push(*link);
                    }
                }
            }
        }
        Ok(Some(missing))
    }

    fn text(&self, file: &str) -> Result<String> {
        let path = self.folder.join(file);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    }
}

/// The list that serves a target.
fn list(os: &str, triple: &str) -> Option<List> {
    let arch = triple.split('-').next()?;
    match os {
        "apple" => {
            // The list covers macOS and Mac Catalyst only.
            let system = match &triple[arch.len()..] {
                "-apple-darwin" => "macos",
                "-apple-ios-macabi" => "maccatalyst",
                _ => return None,
            };
            // The list has one name for all 64-bit ARM: that of the newest variant.
            match (arch, system) {
                ("aarch64" | "arm64e", "macos") => Some(List::Tbd("arm64e-macos")),
                ("aarch64" | "arm64e", _) => Some(List::Tbd("arm64e-maccatalyst")),
                ("x86_64" | "x86_64h", "macos") => Some(List::Tbd("x86_64-macos")),
                ("x86_64" | "x86_64h", _) => Some(List::Tbd("x86_64-maccatalyst")),
                _ => None,
            }
        }
        "freebsd" => Some(List::Machines("freebsd/abilists", machine(arch)?)),
        "netbsd" => Some(List::Machines("netbsd/abilists", machine(arch)?)),
        "openbsd" => Some(List::Machines("openbsd/abilists", machine(arch)?)),
        "linux" if triple.contains("-linux-gnu") => {
            Some(List::Machines("glibc/abilists", machine(arch)?))
        }
        "linux" if triple.contains("-unknown-linux-musl") => Some(List::Musl),
        "windows" if arch == "i586" || arch == "i686" => Some(List::Def(&[
            "mingw/lib32/*.def",
            "mingw/lib-common/*.def.in",
        ])),
        "windows" => Some(List::Def(&["mingw/lib-common/*.def.in"])),
        _ => None,
    }
}

/// zig's name for the architecture of a triple; `None` if no list has it.
fn machine(arch: &str) -> Option<&'static str> {
    Some(match arch {
        "aarch64" => "aarch64",
        "aarch64_be" => "aarch64_be",
        "armeb" => "armeb",
        "csky" => "csky",
        "i386" | "i586" | "i686" => "x86",
        "loongarch64" => "loongarch64",
        "mips" | "mipsisa32r6" => "mips",
        "mipsel" | "mipsisa32r6el" => "mipsel",
        "mips64" | "mipsisa64r6" => "mips64",
        "mips64el" | "mipsisa64r6el" => "mips64el",
        "powerpc64le" => "powerpc64le",
        "powerpc64" => "powerpc64",
        "powerpc" => "powerpc",
        "s390x" => "s390x",
        "sparc" => "sparc",
        "sparc64" => "sparc64",
        "x86_64" => "x86_64",
        _ if arch.starts_with("arm") || arch.starts_with("thumb") => "arm",
        _ if arch.starts_with("riscv32") => "riscv32",
        _ if arch.starts_with("riscv64") => "riscv64",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{List, list};

    #[test]
    fn target_has_the_list_of_its_libc() {
        let freebsd = List::Machines("freebsd/abilists", "arm");
        assert_eq!(list("freebsd", "armv7-unknown-freebsd"), Some(freebsd));
        let glibc = List::Machines("glibc/abilists", "x86");
        assert_eq!(list("linux", "i586-unknown-linux-gnu"), Some(glibc));
        assert_eq!(
            list("linux", "hexagon-unknown-linux-musl"),
            Some(List::Musl)
        );
        assert_eq!(list("linux", "x86_64-linux-android"), None);
        assert_eq!(list("linux", "armv7-unknown-linux-uclibceabi"), None);
        let catalyst = Some(List::Tbd("x86_64-maccatalyst"));
        assert_eq!(list("apple", "x86_64-apple-ios-macabi"), catalyst);
        assert_eq!(list("apple", "i386-apple-ios"), None);
        assert_eq!(list("apple", "i686-apple-darwin"), None);
    }
}
