//! `world` on upstream's mio 1.2.5.

use mio_upstream as subject;

#[path = "world/mod.rs"]
#[allow(clippy::duplicate_mod)] // Both modules run the same code.
pub(crate) mod world;
