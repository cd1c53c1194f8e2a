//! Faults that are planted in bindings, each of which `libc` or a list of symbols must be seen to
//! contradict.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, bail};
use mio_targets::{Os, Target};

use super::question::Question;
use super::{ask, differing, stubs};
use crate::cross::Compiler;
use crate::step::Context;

/// Where faults are planted whenever the target is checked: one among the targets of every run, and
/// the one whose symbols were wrong.
const TARGETS: [&str; 2] = ["aarch64-apple-darwin", "i386-apple-ios"];

/// A fault: what is written instead of what, in the bindings and in the table, and the fact that is
/// wrong then.
struct Fault {
    bindings: &'static [(&'static str, &'static str)],
    table: &'static [(&'static str, &'static str)],
    fact: &'static str,
    how: &'static str,
}

const FAULTS: &[Fault] = &[
    // The name that these bindings had on i386-apple-ios.
    Fault {
        bindings: &[(
            "    pub fn fcntl(",
            "    #[link_name = \"fcntl$UNIX2003\"]\n    pub fn fcntl(",
        )],
        table: &[("[link fcntl]", "[link fcntl$UNIX2003]")],
        fact: "link name of fcntl",
        how: "fcntl$UNIX2003, not fcntl",
    },
    Fault {
        bindings: &[(
            "    pub fn write(",
            "    #[link_name = \"writev\"]\n    pub fn write(",
        )],
        table: &[],
        fact: "link name of write",
        how: "writev in the bindings, write in the table",
    },
    // A sign.
    Fault {
        bindings: &[("pub const EBADF: c_int", "pub const EBADF: c_uint")],
        table: &[],
        fact: "type of const EBADF",
        how: "u32, not i32",
    },
    // A size.
    Fault {
        bindings: &[(
            "pub const FD_CLOEXEC: c_int",
            "pub const FD_CLOEXEC: c_short",
        )],
        table: &[],
        fact: "type of const FD_CLOEXEC",
        how: "i16, not i32",
    },
    Fault {
        bindings: &[("pub revents: c_short", "pub revents: c_ushort")],
        table: &[],
        fact: "type of pollfd.revents",
        how: "u16, not i16",
    },
    // The sign of an argument and of a result.
    Fault {
        bindings: &[],
        table: &[("fn kqueue() -> c_int", "fn kqueue() -> c_uint")],
        fact: "fn kqueue",
        how: "",
    },
    Fault {
        bindings: &[],
        table: &[(
            "fn poll(*mut pollfd, c_uint, c_int)",
            "fn poll(*mut pollfd, c_int, c_int)",
        )],
        fact: "fn poll",
        how: "",
    },
];

/// Plants all faults at once in the bindings of a target, if it is one of those.
pub(super) fn check(
    context: &mut Context<'_>,
    compiler: &Compiler,
    os: &Os,
    target: &Target,
) -> Result<()> {
    let triple = target.triple;
    if !TARGETS.contains(&triple) {
        return Ok(());
    }
    let sound = Question::of(context.project, os, target)?;
    let text = fs::read_to_string(&sound.bindings)?;
    let (bindings, table) = plant(&text, &sound.table, FAULTS)?;
    let folder = context.project.target("witness");
    let file = folder.join(format!("{triple}.planted-bindings.rs"));
    fs::write(&file, bindings).with_context(|| file.display().to_string())?;
    let question = Question::new(triple, &format!("{triple}.planted"), file, table);
    let mut differences = Vec::new();
    let lists = stubs(context, os, &question, &mut differences)?;
    let asked = ask(context, compiler, &question)?;
    differences.extend(
        asked
            .iter()
            .filter_map(|(fact, said)| differing(fact, said)),
    );
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    for difference in &differences {
        seen.insert((
            &difference.fact,
            difference.how.as_deref().unwrap_or_default(),
        ));
    }
    let mut planted: BTreeSet<(&str, &str)> = FAULTS.iter().map(|it| (it.fact, it.how)).collect();
    // Only where there is a list, and no known differences are among what is planted.
    if lists.contains(" of ") {
        planted.insert(("symbol fcntl$UNIX2003", ""));
    }
    if seen != planted {
        bail!("{triple}: planted are {planted:?}, and seen is {seen:?}");
    }
    Ok(())
}

/// Bindings and a table with faults in them.
fn plant(bindings: &str, table: &str, faults: &[Fault]) -> Result<(String, String)> {
    let (mut bindings, mut table) = (bindings.to_owned(), table.to_owned());
    for fault in faults {
        for (text, edits) in [(&mut bindings, fault.bindings), (&mut table, fault.table)] {
            for (sound, wrong) in edits {
                if text.matches(sound).count() != 1 {
                    bail!("`{sound}` does not stand once where a fault is planted");
                }
                *text = text.replace(sound, wrong);
            }
        }
    }
    Ok((bindings, table))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::process::Command;
    use std::{env, fs};

    use super::{FAULTS, Fault, plant};
    use crate::witnesses::answers::Says;
    use crate::witnesses::differing;
    use crate::witnesses::facts::Fact;
    use crate::witnesses::question::{Compiled, Question, answered};

    /// What stands for the crate `libc`.
    const LIBC: &str = "\
#![no_std]
#![allow(non_camel_case_types)]
use core::ffi::{c_int, c_short, c_uint, c_void};
pub const EBADF: c_int = 9;
pub const FD_CLOEXEC: c_int = 1;
#[repr(C)]
pub struct pollfd { pub fd: c_int, pub events: c_short, pub revents: c_short }
unsafe extern \"C\" {
    pub fn fcntl(fd: c_int, command: c_int, ...) -> c_int;
    pub fn kqueue() -> c_int;
    pub fn poll(fds: *mut pollfd, count: c_uint, timeout: c_int) -> c_int;
    pub fn write(fd: c_int, buffer: *const c_void, count: usize) -> isize;
}
";

    /// Bindings of the same, and of one thing that it does not have.
    const BINDINGS: &str = "\
use core::ffi::{c_int, c_short, c_uint, c_ushort, c_void};
pub const EBADF: c_int = 9;
pub const FD_CLOEXEC: c_int = 1;
pub const O_CLOEXEC: c_ushort = 1;
#[repr(C)]
pub struct pollfd {
    pub fd: c_int,
    pub events: c_short,
    pub revents: c_short,
}
unsafe extern \"C\" {
    pub fn fcntl(fd: c_int, command: c_int, ...) -> c_int;
    pub fn kqueue() -> c_int;
    pub fn poll(fds: *mut pollfd, count: c_uint, timeout: c_int) -> c_int;
    pub fn write(fd: c_int, buffer: *const c_void, count: usize) -> isize;
}
";

    const TABLE: &str = "\
struct pollfd: size 8, align 4, repr(C)
    offset  0, size  4  fd: c_int
    offset  4, size  2  events: c_short
    offset  6, size  2  revents: c_short

fn fcntl(c_int, c_int, ...) -> c_int [link fcntl]
fn kqueue() -> c_int [link kqueue]
fn poll(*mut pollfd, c_uint, c_int) -> c_int [link poll]
fn write(c_int, *const c_void, usize) -> isize [link write]

const EBADF: c_int = 9 (0x9)
const FD_CLOEXEC: c_int = 1 (0x1)
const O_CLOEXEC: c_ushort = 1 (0x1)
";

    /// Has bindings with these faults compared with that `libc`, by this machine's compiler and for
    /// this machine.
    fn asked(faults: &[Fault]) -> Vec<(Fact, Says)> {
        let (bindings, table) = plant(BINDINGS, TABLE, faults).expect("the faults have a place");
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("the file is written");
            path
        };
        let libc = write("libc.rs", LIBC);
        let (output, ok) = rustc(folder.path(), &libc, &["--crate-name=libc"]);
        assert!(ok, "{output}");
        let bindings = write("bindings.rs", &bindings);
        let question = Question::new("here", "here", bindings, table);
        let asked = answered(&question, |text| {
            let path = write(&question.file(), text);
            let (output, ok) = rustc(
                folder.path(),
                &path,
                &[
                    "--crate-name=here",
                    "--extern=libc=liblibc.rmeta",
                    "--emit=llvm-ir",
                ],
            );
            let ir = folder.path().join(question.ir());
            Ok(Compiled {
                output,
                ir: ok.then(|| fs::read_to_string(ir).expect("the IR is written")),
            })
        });
        asked.expect("the question is answered")
    }

    fn rustc(folder: &Path, file: &Path, arguments: &[&str]) -> (String, bool) {
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(rustc)
            .current_dir(folder)
            .args([
                "--edition=2024",
                "--crate-type=lib",
                "--emit=metadata",
                "-Dwarnings",
                "-L.",
            ])
            .args(arguments)
            .arg(file)
            .output()
            .expect("rustc runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        (text, output.status.success())
    }

    #[test]
    fn sound_bindings_are_equal_but_for_what_is_absent() {
        for (fact, said) in asked(&[]) {
            let is_absent = fact.name.ends_with("const O_CLOEXEC");
            let expected = [Says::Equal, Says::Absent][usize::from(is_absent)].clone();
            assert_eq!(said, expected, "{}", fact.name);
        }
    }

    #[test]
    fn each_planted_fault_is_seen_and_nothing_else() {
        for fault in FAULTS {
            let asked = asked(std::slice::from_ref(fault));
            let seen: BTreeSet<(String, String)> = asked
                .iter()
                .filter_map(|(fact, said)| differing(fact, said))
                .map(|difference| (difference.fact, difference.how.unwrap_or_default()))
                .collect();
            let planted = BTreeSet::from([(fault.fact.to_owned(), fault.how.to_owned())]);
            assert_eq!(seen, planted);
        }
    }
}
