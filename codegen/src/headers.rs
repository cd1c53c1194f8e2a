//! Where the headers of a target come from: a pack, a tree of the user, or the project's own
//! declarations.

use std::path::{Path, PathBuf};

use crate::os_version;
use crate::sources::Pack;
use crate::targets::Target;

/// A source of headers.
#[derive(Debug)]
pub(crate) enum Headers<'a> {
    /// The pinned pack and its unpacked folder.
    Pack(&'a Pack, PathBuf),
    /// `codegen/headers` declares everything.
    Ours,
    /// A tree that the user names, for one target.
    Sysroot(&'a Path),
}

impl Headers<'_> {
    /// Its name in the heads of generated files.
    pub(crate) fn name(&self, describes: &str) -> String {
        match self {
            Headers::Pack(pack, folder) => {
                let describes = os_version::fill(describes, folder);
                format!("{} {} ({describes})", pack.package, pack.version)
            }
            Headers::Ours => format!("our own ({describes})"),
            Headers::Sysroot(_) => format!("a tree given by --sysroot ({describes})"),
        }
    }

    /// The include folders for `target`, in order.
    pub(crate) fn include(&self, target: &Target) -> Vec<PathBuf> {
        match self {
            Headers::Pack(_, folder) => {
                let mut folders = vec![folder.join("ziglang/lib/include")];
                let include = folder.join("ziglang/lib/libc/include");
                folders.extend(target.headers.iter().map(|name| present(&include, name)));
                folders
            }
            Headers::Ours => Vec::new(),
            Headers::Sysroot(root) => {
                let base = root.join("include");
                let multiarch = base.join(multiarch(target.triple));
                if multiarch.is_dir() {
                    vec![multiarch, base]
                } else {
                    vec![base]
                }
            }
        }
    }
}

/// A folder of a pack. Packs before 0.16 have another name for that of Apple.
fn present(include: &Path, name: &str) -> PathBuf {
    let (wanted, older) = (include.join(name), include.join("any-macos-any"));
    if name == "any-darwin-any" && !wanted.is_dir() && older.is_dir() {
        return older;
    }
    wanted
}

/// Debian's multiarch name of a target (<https://wiki.debian.org/Multiarch/Tuples>). `asm/` is in a
/// folder of that name.
fn multiarch(triple: &str) -> String {
    let words: Vec<&str> = triple.split('-').collect();
    let (arch, environment) = (words[0], words[words.len() - 1]);
    let arch = match arch {
        "i586" | "i686" => "i386",
        "riscv32gc" => "riscv32",
        "riscv64gc" => "riscv64",
        _ if arch.starts_with("arm") && arch != "armeb" => "arm",
        _ => arch,
    };
    format!("{arch}-linux-{environment}")
}

#[cfg(test)]
mod tests {
    use super::multiarch;

    #[test]
    fn multiarch_names_are_those_of_debian() {
        assert_eq!(multiarch("x86_64-unknown-linux-gnu"), "x86_64-linux-gnu");
        assert_eq!(multiarch("i686-unknown-linux-gnu"), "i386-linux-gnu");
        assert_eq!(
            multiarch("armv7-unknown-linux-gnueabihf"),
            "arm-linux-gnueabihf"
        );
        assert_eq!(
            multiarch("riscv64gc-unknown-linux-gnu"),
            "riscv64-linux-gnu"
        );
        assert_eq!(
            multiarch("mips64el-unknown-linux-gnuabi64"),
            "mips64el-linux-gnuabi64"
        );
    }
}
