//! What a reviewer has to do about a change.

use crate::project;

use super::change::{Change, Kind, Severity, SystemTargets};

/// One or two sentences; empty if there is nothing to do.
pub(crate) fn of(change: &Change, systems: &[SystemTargets], used_by: &[String]) -> String {
    if change.severity != Severity::Breaking {
        return String::new();
    }
    let lists: Vec<String> = systems
        .iter()
        .map(|system| format!("codegen/symbols/{}.txt", system.os))
        .collect();
    let lists = lists.join(", ");
    let has = |word: &str| change.facts.iter().any(|fact| fact.text.starts_with(word));
    if change.kind == Kind::Target {
        return if has("removed") {
            "Put its row back into codegen/targets, or state in the CHANGELOG that the target is \
             no longer served."
                .to_owned()
        } else {
            "Fix codegen/headers (its assertions state what they expect), or keep the pack these \
             targets are on."
                .to_owned()
        };
    }
    if has("removed") {
        return if project::is_open() {
            // The crate that uses the bindings is not read.
            format!(
                "If your crate uses it: put its line back into {lists} if it was struck there, or \
                 keep the older headers if they alone have it."
            )
        } else if used_by.is_empty() {
            format!(
                "Nothing in src/ uses it, so nothing is lost; its line in {lists} can go if \
                 it still stands there."
            )
        } else {
            format!(
                "src/ uses it: put its line back into {lists} if it was struck there, keep the \
                 older headers if they alone have it, or replace it in these files."
            )
        };
    }
    if has("opaque") {
        return format!(
            "Declare it in codegen/headers with the layout the kernel has, or remove it from \
             {lists}."
        );
    }
    if has("link name") {
        return "Systems without the new link name cannot start such a program: take it only if the \
                oldest supported version has it, otherwise keep the older headers."
            .to_owned();
    }
    match change.kind {
        Kind::Struct | Kind::Union => {
            "A system with the old layout reads the new one wrongly: take it only if the function \
             that takes the record got a new link name and the oldest supported version has that."
                .to_owned()
        }
        Kind::Fn => {
            "Look at every call: the types are what the compiler checks, the meaning is in \
                     the manual page."
                .to_owned()
        }
        _ if has("value") => {
            "A system with the old value takes the new one for something else: find out which \
             versions have which, and keep the older headers if one of them is supported."
                .to_owned()
        }
        _ => "Look at every use: an `as` in src/ may now cut it off or turn its sign.".to_owned(),
    }
}
