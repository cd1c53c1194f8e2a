//! Builds the bindings in `generated/`.
fn main() {}
