//! What windows-bindgen writes: its text, and what stands in it.

use super::defaults;
use super::oracle::Known;
use super::parsed::{Parsed, wrong};
use crate::error::Error;
use crate::quiet::Quiet;
use crate::symbols::{Kind, Symbol};
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

/// The declarations of Windows, as windows-bindgen writes them.
#[derive(Debug)]
pub(crate) struct Metadata {
    /// The text.
    pub(super) text: String,
    /// What clang has said of it.
    pub(super) known: Known,
}

impl Metadata {
    /// Has windows-bindgen write the declarations of `symbols`; `rdl` is our own text.
    pub(crate) fn read(symbols: &[Symbol], rdl: &Path) -> Result<Metadata, Error> {
        let scratch =
            tempfile::tempdir().map_err(Error::io("make a folder in", std::env::temp_dir()))?;
        let (ours, out) = (scratch.path().join("ours"), scratch.path().join("out.rs"));
        let ours = ours.with_extension("winmd");
        let (ours, out) = (ours.display().to_string(), out.display().to_string());
        windows_rdl::reader()
            .input(rdl.display().to_string())
            .reference_default()
            .output(&ours)
            .write()
            .map_err(|error| wrong(format!("{}: {error}", rdl.display())))?;
        let mut arguments = vec![
            "--in", "default", &ours, "--out", &out, "--sys", "--flat", "--filter",
        ];
        let names = arguments.len();
        arguments.extend(symbols.iter().map(|symbol| symbol.name.as_str()));
        // It panics at the first name that is unknown; without that one it comes to the next.
        let mut unknown = Vec::new();
        loop {
            let quiet = Quiet::new();
            let done = catch_unwind(|| windows_bindgen::bindgen(&arguments));
            drop(quiet);
            let Err(panic) = done else {
                break;
            };
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.unwrap_or_else(|| "windows-bindgen panicked (above)".to_owned());
            let is_meant = |name: &&str| said.contains(&format!("`{name}`"));
            let meant = arguments.iter().skip(names).position(is_meant);
            unknown.push(wrong(said));
            match meant {
                Some(place) if arguments.len() > names + 1 => arguments.remove(names + place),
                _ => break,
            };
        }
        Error::all(unknown)?;
        let text = fs::read_to_string(&out).map_err(Error::io("read", &out))?;
        let metadata = Metadata {
            text: defaults::without_pointer_derives(&text)?,
            known: Known::default(),
        };
        let parsed = Parsed::read(&metadata.text)?;
        let mut unknown = Vec::new();
        for symbol in symbols {
            let name = &symbol.name;
            let found = match symbol.kind {
                Kind::Record => {
                    parsed.records.contains_key(name) || parsed.aliases.contains_key(name)
                }
                Kind::Function => parsed.functions.iter().any(|item| item.name == *name),
                Kind::Constant(_) => parsed.constants.contains_key(name),
                Kind::Names(_) | Kind::Field(_) => false,
            };
            if !found {
                unknown.push(wrong(format!("`{name}` is not what was asked for")));
            }
        }
        Error::all(unknown)?;
        Ok(metadata)
    }
}
