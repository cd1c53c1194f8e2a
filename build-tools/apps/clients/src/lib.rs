//! Nothing: the manifest names the crates.
