//! Runs windows-bindgen and holds its output.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use super::mingw_check::AnswerCache;
use super::parsed::{Parsed, error};
use super::{booleans, defaults};
use crate::error::Error;
use crate::silent_stderr::SilentStderr;
use crate::symbols::{Kind, Symbol};

/// The declarations of Windows, as windows-bindgen writes them.
#[derive(Debug)]
pub(crate) struct Metadata {
    /// The text.
    pub(super) text: String,
    /// The answers of clang about it.
    pub(super) answers: AnswerCache,
}

impl Metadata {
    /// Has windows-bindgen write the declarations of `symbols`. `rdl` is the project's own file.
    pub(crate) fn read(symbols: &[Symbol], rdl: &Path) -> Result<Metadata, Error> {
        let scratch =
            tempfile::tempdir().map_err(Error::io("make a folder in", std::env::temp_dir()))?;
        let (own, out) = (scratch.path().join("own"), scratch.path().join("out.rs"));
        let own = own.with_extension("winmd");
        let (own, out) = (own.display().to_string(), out.display().to_string());
        windows_rdl::reader()
            .input(rdl.display().to_string())
            .reference_default()
            .output(&own)
            .write()
            .map_err(|cause| error(format!("{}: {cause}", rdl.display())))?;
        let mut arguments = vec![
            "--in", "default", &own, "--out", &out, "--sys", "--flat", "--filter",
        ];
        let names = arguments.len();
        arguments.extend(symbols.iter().map(|symbol| symbol.name.as_str()));
        // It panics at the first unknown name. Without that name, it gets to the next one.
        let mut unknown = Vec::new();
        loop {
            let quiet = SilentStderr::new();
            let done = catch_unwind(|| windows_bindgen::bindgen(&arguments));
            drop(quiet);
            let Err(panic) = done else {
                break;
            };
            let message = panic.downcast_ref::<String>().cloned();
            let message = message.unwrap_or_else(|| "windows-bindgen panicked".to_owned());
            let is_named = |name: &&str| message.contains(&format!("`{name}`"));
            let position = arguments.iter().skip(names).position(is_named);
            unknown.push(error(message));
            match position {
                Some(position) if arguments.len() > names + 1 => arguments.remove(names + position),
                _ => break,
            };
        }
        Error::all(unknown)?;
        let text = fs::read_to_string(&out).map_err(Error::io("read", &out))?;
        let metadata = Metadata {
            text: defaults::without_pointer_derives(&booleans::as_bytes(&text))?,
            answers: AnswerCache::default(),
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
                unknown.push(error(format!("`{name}` has another kind than in the list")));
            }
        }
        Error::all(unknown)?;
        Ok(metadata)
    }
}
