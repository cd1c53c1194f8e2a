//! Where the headers of a target come from: a pack, a tree of the user, or the project's own
//! declarations.

use std::path::{Path, PathBuf};

use crate::os_version;
use crate::sources::Pack;
use crate::targets::Target;
use crate::tree::{Tree, multiarch};

/// A source of headers.
#[derive(Debug)]
pub(crate) enum Headers<'a> {
    /// The pinned pack and its unpacked folder.
    Pack(&'a Pack, PathBuf),
    /// `codegen/headers` declares everything.
    Ours,
    /// An SDK or sysroot, and the folder of the headers that belong to the compiler, if a pack has
    /// them.
    Tree(Tree, Option<PathBuf>),
    /// A tree that the user names, for one target.
    Sysroot(&'a Path),
}

impl Headers<'_> {
    /// Its name in the heads of generated files, which are comments of one line.
    pub(crate) fn name(&self, describes: &str) -> String {
        self.title(describes).replace(char::is_control, " ")
    }

    /// Its name as the files of the headers or the table of targets state it.
    fn title(&self, describes: &str) -> String {
        match self {
            Headers::Pack(pack, folder) => {
                let pack = format!("{} {}", pack.package, pack.version);
                match os_version::fill(describes, folder) {
                    // The project's header does not include `<linux/version.h>`.
                    describes if describes.is_empty() => pack,
                    describes => format!("{pack} ({describes})"),
                }
            }
            Headers::Ours => format!("our own ({describes})"),
            Headers::Tree(tree, _) => tree.title.clone(),
            Headers::Sysroot(_) => format!("a tree given by --sysroot ({describes})"),
        }
    }

    /// The arguments for `target`. The headers of a tree state the version of the system
    /// themselves.
    pub(crate) fn flags(&self, target: &Target) -> Vec<&'static str> {
        let is_kept = |flag: &&str| match self {
            Headers::Tree(..) => !Tree::states_version(flag),
            _ => true,
        };
        target.flags.iter().copied().filter(is_kept).collect()
    }

    /// The include folders for `target`, in order.
    pub(crate) fn include(&self, target: &Target) -> Vec<PathBuf> {
        match self {
            Headers::Pack(_, folder) => {
                let mut folders = vec![folder.join(COMPILER)];
                let include = folder.join("ziglang/lib/libc/include");
                folders.extend(target.headers.iter().map(|name| present(&include, name)));
                folders
            }
            Headers::Ours => Vec::new(),
            Headers::Tree(tree, own) => {
                // Its `stddef.h` and `stdarg.h` come first, as in the search of clang.
                let own = own.iter().cloned();
                own.chain(tree.include(target)).collect()
            }
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

/// The headers of the compiler in a pack of zig.
pub(crate) const COMPILER: &str = "ziglang/lib/include";

impl Headers<'_> {
    /// Whether it has headers for the target.
    pub(crate) fn has_all(&self, target: &Target) -> bool {
        match self {
            // Without the folder of the architecture, clang would miss `asm/`.
            Headers::Sysroot(root) => {
                let own = root.join("include").join(multiarch(target.triple));
                own.join("asm").is_dir()
            }
            _ => self.include(target).iter().all(|path| path.is_dir()),
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

#[cfg(test)]
mod tests {
    use super::Headers;
    use crate::tree::multiarch;

    #[test]
    fn name_of_headers_is_one_line() {
        let name = Headers::Ours.name("1.0\nuse std;\r");
        assert_eq!(name, "our own (1.0 use std; )");
    }

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
        assert_eq!(multiarch("i686-linux-android"), "i686-linux-android");
        assert_eq!(
            multiarch("thumbv7neon-linux-androideabi"),
            "arm-linux-androideabi"
        );
    }
}
