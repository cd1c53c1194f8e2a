//! Faults that are seeded into bindings, to prove that the comparison with `libc` and with the list
//! of symbols detects each of them.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, bail};
use mio_abi::{Function, TargetAbi};
use mio_targets::{Os, Target};

use super::comparison::Comparison;
use super::{compare_facts, differing, stubs};
use crate::cross::Compiler;
use crate::step::Context;

/// The targets that get faults: one that `cargo xtask test` checks, and the one whose symbols were
/// wrong.
const TARGETS: [&str; 2] = ["aarch64-apple-darwin", "i386-apple-ios"];

/// A fault: the edits of the bindings and of the ABI, and the difference that they cause.
struct Fault {
    bindings: &'static [(&'static str, &'static str)],
    abi: fn(&mut TargetAbi) -> Option<()>,
    fact: &'static str,
    how: &'static str,
}

const FAULTS: &[Fault] = &[
    // The wrong symbol that the bindings of i386-apple-ios had.
    Fault {
        bindings: &[(
            "    pub fn fcntl(",
            "    #[link_name = \"fcntl$UNIX2003\"]\n    pub fn fcntl(",
        )],
        abi: |abi| {
            function(abi, "fcntl")?.link_name = "fcntl$UNIX2003".to_owned();
            Some(())
        },
        fact: "link name of fcntl",
        how: "fcntl$UNIX2003, not fcntl",
    },
    Fault {
        bindings: &[(
            "    pub fn write(",
            "    #[link_name = \"writev\"]\n    pub fn write(",
        )],
        abi: |_| Some(()),
        fact: "link name of write",
        how: "writev in the bindings, write in the snapshot",
    },
    // A sign.
    Fault {
        bindings: &[("pub const EBADF: c_int", "pub const EBADF: c_uint")],
        abi: |_| Some(()),
        fact: "type of const EBADF",
        how: "u32, not i32",
    },
    // A size.
    Fault {
        bindings: &[(
            "pub const FD_CLOEXEC: c_int",
            "pub const FD_CLOEXEC: c_short",
        )],
        abi: |_| Some(()),
        fact: "type of const FD_CLOEXEC",
        how: "i16, not i32",
    },
    Fault {
        bindings: &[("pub revents: c_short", "pub revents: c_ushort")],
        abi: |_| Some(()),
        fact: "type of pollfd.revents",
        how: "u16, not i16",
    },
    // The sign of an argument and of a result.
    Fault {
        bindings: &[],
        abi: |abi| {
            function(abi, "kqueue")?.returns = "c_uint".to_owned();
            Some(())
        },
        fact: "fn kqueue",
        how: "",
    },
    Fault {
        bindings: &[],
        abi: |abi| {
            function(abi, "poll")?.parameters.get_mut(1)?.1 = "c_int".to_owned();
            Some(())
        },
        fact: "fn poll",
        how: "",
    },
];

/// A function of an ABI.
fn function<'a>(abi: &'a mut TargetAbi, name: &str) -> Option<&'a mut Function> {
    abi.functions
        .iter_mut()
        .find(|function| function.name == name)
}

/// Seeds all faults into the bindings of a target, if it is one of [`TARGETS`].
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
    let sound = Comparison::of(context.project, os, target)?;
    let text = fs::read_to_string(&sound.bindings)?;
    let (bindings, abi) = seed(&text, &sound.abi, FAULTS)?;
    let folder = context.project.target("cross-check");
    let file = folder.join(format!("{triple}.seeded-bindings.rs"));
    fs::write(&file, bindings).with_context(|| file.display().to_string())?;
    let comparison = Comparison::new(triple, &format!("{triple}.seeded"), file, abi);
    let mut differences = Vec::new();
    let lists = stubs(context, os, &comparison, &mut differences)?;
    let facts = compare_facts(context, compiler, &comparison)?;
    differences.extend(
        facts
            .iter()
            .filter_map(|(fact, found)| differing(fact, found)),
    );
    let mut detected: BTreeSet<(&str, &str)> = BTreeSet::new();
    for difference in &differences {
        detected.insert((
            &difference.fact,
            difference.how.as_deref().unwrap_or_default(),
        ));
    }
    let mut seeded: BTreeSet<(&str, &str)> = FAULTS.iter().map(|it| (it.fact, it.how)).collect();
    // Only if the target has a list of symbols.
    if lists.contains(" of ") {
        seeded.insert(("symbol fcntl$UNIX2003", ""));
    }
    if detected != seeded {
        bail!("{triple}: seeded {seeded:?}, detected {detected:?}");
    }
    Ok(())
}

/// Bindings and an ABI with faults.
fn seed(bindings: &str, abi: &TargetAbi, faults: &[Fault]) -> Result<(String, TargetAbi)> {
    let (mut bindings, mut abi) = (bindings.to_owned(), abi.clone());
    for fault in faults {
        for (sound, wrong) in fault.bindings {
            if bindings.matches(sound).count() != 1 {
                bail!("the bindings do not have `{sound}` exactly once");
            }
            bindings = bindings.replace(sound, wrong);
        }
        (fault.abi)(&mut abi)
            .with_context(|| format!("the ABI has nothing to change for {}", fault.fact))?;
    }
    Ok((bindings, abi))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::process::Command;
    use std::{env, fs};

    use super::{FAULTS, Fault, seed};
    use crate::cross_check::comparison::{Comparison, Compiled, compare};
    use crate::cross_check::differing;
    use crate::cross_check::facts::Fact;
    use crate::cross_check::messages::Outcome;

    /// A substitute for the crate `libc`.
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

    /// Bindings of the same symbols, and of one that it does not have.
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

    const ABI: &str = r#"{
        "records": [
            {"name": "pollfd", "union": false, "repr": "C", "size": 8, "align": 4, "fields": [
                {"name": "fd", "ty": "c_int", "offset": 0, "size": 4},
                {"name": "events", "ty": "c_short", "offset": 4, "size": 2},
                {"name": "revents", "ty": "c_short", "offset": 6, "size": 2}
            ]}
        ],
        "functions": [
            {"name": "fcntl", "link_name": "fcntl", "returns": "c_int", "variadic": true,
                "parameters": ["c_int", "c_int"]},
            {"name": "kqueue", "link_name": "kqueue", "returns": "c_int", "parameters": []},
            {"name": "poll", "link_name": "poll", "returns": "c_int",
                "parameters": ["*mut pollfd", "c_uint", "c_int"]},
            {"name": "write", "link_name": "write", "returns": "isize",
                "parameters": ["c_int", "*const c_void", "usize"]}
        ],
        "constants": [
            {"name": "EBADF", "ty": "c_int", "value": 9},
            {"name": "FD_CLOEXEC", "ty": "c_int", "value": 1},
            {"name": "O_CLOEXEC", "ty": "c_ushort", "value": 1}
        ]
    }"#;

    /// Compares bindings with these faults with [`LIBC`], for this machine.
    fn compared(faults: &[Fault]) -> Vec<(Fact, Outcome)> {
        let abi = serde_json::from_str(ABI).expect("the text is JSON");
        let (bindings, abi) = seed(BINDINGS, &abi, faults).expect("the faults can be seeded");
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
        let comparison = Comparison::new("here", "here", bindings, abi);
        let facts = compare(&comparison, |text| {
            let path = write(&comparison.file(), text);
            let (output, ok) = rustc(
                folder.path(),
                &path,
                &[
                    "--crate-name=here",
                    "--extern=libc=liblibc.rmeta",
                    "--emit=llvm-ir",
                ],
            );
            let ir = folder.path().join(comparison.ir());
            Ok(Compiled {
                output,
                ir: ok.then(|| fs::read_to_string(ir).expect("the IR is written")),
            })
        });
        facts.expect("the comparison compiles")
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
    fn sound_bindings_are_equal_or_absent() {
        for (fact, found) in compared(&[]) {
            let is_absent = fact.name.ends_with("const O_CLOEXEC");
            let expected = [Outcome::Equal, Outcome::Absent][usize::from(is_absent)].clone();
            assert_eq!(found, expected, "{}", fact.name);
        }
    }

    #[test]
    fn each_seeded_fault_is_the_only_difference() {
        for fault in FAULTS {
            let facts = compared(std::slice::from_ref(fault));
            let detected: BTreeSet<(String, String)> = facts
                .iter()
                .filter_map(|(fact, found)| differing(fact, found))
                .map(|difference| (difference.fact, difference.how.unwrap_or_default()))
                .collect();
            let seeded = BTreeSet::from([(fault.fact.to_owned(), fault.how.to_owned())]);
            assert_eq!(detected, seeded);
        }
    }
}
