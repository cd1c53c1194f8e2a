//! Compiles the library's sources as its own unit tests do: with their fakes, and over the fake
//! kernel that a feature of this package names. For the targets of the generator, makes a module of
//! each of its files.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

const KERNELS: [&str; 6] = [
    "apple",
    "dragonfly",
    "freebsd",
    "netbsd",
    "openbsd",
    "solaris",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The unit tests of the generator are not compiled: they need its dev-dependencies.
    if !has_feature("generator") {
        println!("cargo::rustc-cfg=test");
    }
    for kernel in KERNELS {
        if has_feature(kernel) {
            println!("cargo::rustc-cfg=mio_fake_kernel=\"{kernel}\"");
        }
    }
    if has_feature("generator") {
        generator();
    }
}

fn has_feature(name: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_{}", name.to_uppercase())).is_some()
}

/// Writes the generator's `main.rs` as a file that a target includes: its modules get paths, its
/// `main` another name, and its documentation goes, because only the first line of a crate may have
/// that.
fn generator() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../codegen/src");
    let main = sources.join("main.rs");
    println!("cargo::rerun-if-changed={}", main.display());
    let text = fs::read_to_string(&main).expect("the generator has a main.rs");
    let mut generator = String::new();
    for line in text.lines().filter(|line| !line.starts_with("//!")) {
        let module = line.strip_prefix("mod ");
        if let Some(name) = module.and_then(|rest| rest.strip_suffix(';')) {
            let file = sources.join(format!("{name}.rs"));
            let file = if file.is_file() {
                file
            } else {
                sources.join(name).join("mod.rs")
            };
            writeln!(generator, "#[path = {file:?}]").expect("memory takes any text");
        }
        let line = line.replace("fn main() -> ExitCode", "fn generator_main() -> ExitCode");
        writeln!(generator, "{line}").expect("memory takes any text");
    }
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR"));
    fs::write(folder.join("generator.rs"), generator).expect("OUT_DIR can be written");
}
