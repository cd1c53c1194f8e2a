//! The fake kernel of the library's portable tests, over loom's locks.

#[path = "../../../src/testing/choices.rs"]
pub(crate) mod choices;
#[path = "../../../src/testing/windows/mod.rs"]
pub(crate) mod windows;
