//! Compiles the library's sources as its own unit tests do: with their fakes.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=test");
}
