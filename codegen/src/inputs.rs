//! The inputs of a system: its list of symbols, its header and their digest.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::cache::hex;
use crate::error::Error;
use crate::project;
use crate::symbols::{self, Symbol};
use crate::targets::Os;
use crate::windows;

/// The inputs of an operating system, read from the repository.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// The symbols to bind.
    pub(crate) symbols: Vec<Symbol>,
    /// The path of the list, relative to the repository.
    pub(crate) symbols_name: String,
    /// The path of its header in `codegen/headers`.
    pub(crate) header: PathBuf,
    /// The same, relative to the repository.
    pub(crate) header_name: String,
    /// The metadata in `codegen/headers`, for Windows.
    pub(crate) rdl: Option<PathBuf>,
    /// SHA-256 of all inputs.
    pub(crate) digest: String,
}

impl Inputs {
    /// Reads `codegen/symbols` and `codegen/headers`. `tools` goes into the digest.
    pub(crate) fn read(root: &Path, os: &Os, tools: &str) -> Result<Inputs, Error> {
        let symbols_name = project::input(&format!("symbols/{}.txt", os.name));
        let header_name = project::input(&format!("headers/{}.h", os.name));
        let read = |name: &str| {
            fs::read_to_string(root.join(name)).map_err(Error::io("read", root.join(name)))
        };
        let (symbols_text, header_text) = (read(&symbols_name)?, read(&header_name)?);
        let table = format!(
            "{:?}",
            (
                os.version,
                os.groups,
                os.targets
                    .iter()
                    .map(|t| (t.triple, t.group, t.clang, t.headers, t.flags))
                    .collect::<Vec<_>>()
            )
        );
        let rdl_name = project::input(&format!("headers/{}.rdl", os.name));
        let rdl = (os.name == windows::NAME).then(|| root.join(&rdl_name));
        let rdl_text = match rdl {
            Some(_) => read(&rdl_name)?,
            None => String::new(),
        };
        // An input that a system does not have does not count.
        let parts = [symbols_text.as_str(), &header_text, tools, &table].into_iter();
        let parts = parts.chain(rdl.as_ref().map(|_| rdl_text.as_str()));
        Ok(Inputs {
            symbols: symbols::parse(&symbols_name, &symbols_text)?,
            symbols_name,
            header: root.join(&header_name),
            header_name,
            rdl,
            digest: digest(parts),
        })
    }
}

/// The SHA-256 of the inputs, for the head of a generated file.
pub(crate) fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}
