//! The history of the ABI: which version of which pack has a symbol, and with which layout, value
//! or signature. `codegen/history/SYSTEM.json` holds it; `cargo codegen history --update` and
//! `bump` extend it.

mod debian;
mod events;
mod runs;
mod store;
mod update;

pub(crate) use self::events::{history, oldest};
pub(crate) use self::update::{extended, update};

/// The folder of the history, relative to the repository.
pub(crate) const FOLDER: &str = "codegen/history";
