//! `world` on the library.

use mio as subject;

#[path = "world/mod.rs"]
pub(crate) mod world;
