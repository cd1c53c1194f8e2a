//! The bindings of netbsd, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 0649203f4aaa12c5632893e4da91370b794278098635e4b6ddcea182a282fcba.

#[cfg(any(target_arch = "arm", target_arch = "mips", target_arch = "powerpc"))]
mod ilp32;
#[cfg(any(target_arch = "arm", target_arch = "mips", target_arch = "powerpc"))]
pub use ilp32::*;

#[cfg(all(target_pointer_width = "64", not(target_arch = "riscv64")))]
mod lp64;
#[cfg(all(target_pointer_width = "64", not(target_arch = "riscv64")))]
pub use lp64::*;

#[cfg(target_arch = "x86")]
mod x86;
#[cfg(target_arch = "x86")]
pub use x86::*;

#[cfg(target_arch = "riscv64")]
compile_error!("no bindings for riscv64gc-unknown-netbsd: no headers of NetBSD 10 exist for it; those of NetBSD 11 have another kevent");

#[cfg(not(any(
    target_arch = "arm",
    target_arch = "mips",
    target_arch = "powerpc",
    all(target_pointer_width = "64", not(target_arch = "riscv64")),
    target_arch = "x86",
    target_arch = "riscv64",
)))]
compile_error!("no netbsd bindings for this architecture: add it to codegen/targets");
