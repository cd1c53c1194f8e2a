//! Empty: the manifest names the crates.
