//! Compiles the library's sources as its own unit tests do: with their fakes, and over the fake
//! kernel that a feature of this package names.

use std::env;

const KERNELS: [&str; 6] = [
    "apple",
    "dragonfly",
    "freebsd",
    "netbsd",
    "openbsd",
    "solaris",
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=test");
    for kernel in KERNELS {
        let feature = format!("CARGO_FEATURE_{}", kernel.to_uppercase());
        if env::var_os(feature).is_some() {
            println!("cargo::rustc-cfg=mio_fake_kernel=\"{kernel}\"");
        }
    }
}
