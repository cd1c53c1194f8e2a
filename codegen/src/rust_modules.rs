//! Writes the `mod.rs` files of `generated/`, which select the bindings of a target by `cfg`.

use crate::group::Group;
use crate::inputs::digest;
use crate::project;
use crate::targets::{LeftOut, Os};

/// Writes the head of a file that is made from `rows` of the table of targets.
fn head(text: &mut String, title: &str, rows: &str) {
    line!(text, "//! {title}");
    line!(text, "//!");
    line!(text, "//! Written by `cargo codegen`; do not edit.");
    line!(text, "//!");
    let digest = digest([env!("CARGO_PKG_VERSION"), rows]);
    line!(text, "//! Inputs: sha256 {digest}.");
}

/// The title of `generated/mod.rs` of a project, with what its crate has to know.
const TITLE: &str =
    "Operating-system bindings, machine-written: one module for each system, picked by `cfg`.
//!
//! They need Rust 1.82, no crate and no std. Assertions hold each layout at compile time.
//! `cargo fmt` changes these files, which `check` reports, unless the module is declared with
//! `#[rustfmt::skip]`.";

/// Lints of the crate that generated names, and symbols without a use, would not pass.
const ALLOWED: &str = "\
#![allow(
    dead_code, missing_debug_implementations, missing_docs, non_camel_case_types, non_snake_case,
    non_upper_case_globals, unreachable_pub, unsafe_code, unused_imports, clippy::all,
    clippy::pedantic
)]";

/// `generated/mod.rs`.
pub(crate) fn root(systems: &[Os]) -> String {
    let mut text = String::new();
    let rows = systems.iter().map(|os| (os.name, os.cfg, os.also));
    if project::is_open() {
        head(&mut text, TITLE, &format!("{:?}", rows.collect::<Vec<_>>()));
        line!(text, "");
        line!(text, "{ALLOWED}");
        for os in systems {
            // The crate decides whether the symbols are public.
            line!(text, "");
            line!(text, "#[cfg({})]", os.cfg);
            line!(text, "pub mod {};", os.name);
            line!(text, "#[cfg({})]", os.cfg);
            line!(text, "pub use {}::*;", os.name);
        }
        return text;
    }
    head(
        &mut text,
        "Operating-system bindings, machine-written: one module for each system with a page in the \
         library, picked by `cfg`.",
        &format!("{:?}", rows.collect::<Vec<_>>()),
    );
    for os in systems {
        let cfg = match os.also {
            Some(also) => format!("any({}, {also})", os.cfg),
            None => os.cfg.to_owned(),
        };
        line!(text, "");
        line!(text, "#[cfg({cfg})]");
        line!(text, "pub(crate) mod {};", os.name);
        line!(text, "#[cfg({})]", os.cfg);
        line!(text, "pub(crate) use {}::*;", os.name);
    }
    text
}

/// `generated/OS/mod.rs`.
pub(crate) fn switch(os: &Os, groups: &[&Group]) -> String {
    let mut text = String::new();
    let mut rows = format!("{:?}", (os.name, os.groups, os.left_out));
    let is_split = |group: &&&Group| {
        os.groups
            .iter()
            .all(|family| family.name != group.abi.group)
    };
    let split = groups.iter().filter(is_split);
    let split: Vec<_> = split.map(|group| (&group.abi.group, &group.cfg)).collect();
    if !split.is_empty() {
        rows.push_str(&format!("{split:?}"));
    }
    head(
        &mut text,
        &format!(
            "The bindings of {}, picked by architecture: one file for each distinct ABI.",
            os.name
        ),
        &rows,
    );
    for group in groups {
        let cfg = match &group.cfg[..] {
            // One group serves every architecture.
            [] => String::new(),
            some => format!("#[cfg({})]\n", any(some)),
        };
        line!(text, "");
        line!(text, "{cfg}mod {};", group.abi.group);
        line!(text, "{cfg}pub use {}::*;", group.abi.group);
    }
    if groups.iter().any(|group| group.cfg.is_empty()) {
        return text;
    }
    let named: Vec<&LeftOut> = os
        .left_out
        .iter()
        .filter(|left| left.cfg.is_some())
        .collect();
    for left in &named {
        let cfg = left.cfg.unwrap_or_default();
        line!(text, "");
        line!(text, "#[cfg({cfg})]");
        line!(
            text,
            "compile_error!(\"no bindings for {}: {}\");",
            left.name,
            left.reason
        );
    }
    let all: Vec<&str> = groups
        .iter()
        .flat_map(|group| group.cfg.iter().map(String::as_str))
        .chain(named.iter().filter_map(|left| left.cfg))
        .collect();
    line!(text, "");
    line!(text, "#[cfg(not(any(");
    for cfg in all {
        line!(text, "    {cfg},");
    }
    line!(text, ")))]");
    line!(
        text,
        "compile_error!(\"no {} bindings for this architecture: add it to {}\");",
        os.name,
        if project::is_open() {
            project::TARGETS
        } else {
            "codegen/targets"
        }
    );
    text
}

/// The `cfg` that is true if one of several is.
fn any(cfgs: &[String]) -> String {
    match cfgs {
        [one] => one.clone(),
        many => format!("any({})", many.join(", ")),
    }
}
