//! Runs the project.
fn main() {}
