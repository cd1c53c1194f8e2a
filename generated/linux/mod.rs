//! The bindings of linux, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 6d17209b1bfa68a3f194a2c690d38de0aee01b8fac1eef4527fa674773b8f661.

#[cfg(any(target_arch = "arm", target_arch = "hexagon", target_arch = "powerpc", target_arch = "riscv32"))]
mod generic32;
#[cfg(any(target_arch = "arm", target_arch = "hexagon", target_arch = "powerpc", target_arch = "riscv32"))]
pub use generic32::*;

#[cfg(any(all(target_arch = "aarch64", target_pointer_width = "64"), target_arch = "loongarch64", target_arch = "riscv64"))]
mod generic64;
#[cfg(any(all(target_arch = "aarch64", target_pointer_width = "64"), target_arch = "loongarch64", target_arch = "riscv64"))]
pub use generic64::*;

#[cfg(any(target_arch = "mips", target_arch = "mips32r6"))]
mod mips;
#[cfg(any(target_arch = "mips", target_arch = "mips32r6"))]
pub use mips::*;

#[cfg(any(target_arch = "mips64", target_arch = "mips64r6"))]
mod mips64;
#[cfg(any(target_arch = "mips64", target_arch = "mips64r6"))]
pub use mips64::*;

#[cfg(target_arch = "powerpc64")]
mod powerpc64;
#[cfg(target_arch = "powerpc64")]
pub use powerpc64::*;

#[cfg(target_arch = "s390x")]
mod s390x;
#[cfg(target_arch = "s390x")]
pub use s390x::*;

#[cfg(target_arch = "sparc")]
mod sparc;
#[cfg(target_arch = "sparc")]
pub use sparc::*;

#[cfg(target_arch = "sparc64")]
mod sparc64;
#[cfg(target_arch = "sparc64")]
pub use sparc64::*;

#[cfg(all(target_arch = "x86_64", target_pointer_width = "32"))]
mod x32;
#[cfg(all(target_arch = "x86_64", target_pointer_width = "32"))]
pub use x32::*;

#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
mod x86_64;
#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
pub use x86_64::*;

#[cfg(any(target_arch = "csky", target_arch = "x86"))]
mod x86_csky;
#[cfg(any(target_arch = "csky", target_arch = "x86"))]
pub use x86_csky::*;

#[cfg(target_arch = "m68k")]
compile_error!("no bindings for m68k-unknown-linux-gnu: clang aligns 64-bit integers to 8 bytes (epoll_event has 16), rustc to 2 (12): the bindings would be wrong");

#[cfg(all(target_arch = "aarch64", target_pointer_width = "32"))]
compile_error!("no bindings for aarch64-unknown-linux-gnu_ilp32: clang has no such target, and no released kernel has this ABI");

#[cfg(target_arch = "wasm32")]
compile_error!("no bindings for wasm32-wali-linux-musl: no kernel headers: the host's runtime translates the calls");

#[cfg(target_arch = "xtensa")]
compile_error!("no bindings for xtensa: rustc has no Linux target for it");

#[cfg(not(any(
    target_arch = "arm",
    target_arch = "hexagon",
    target_arch = "powerpc",
    target_arch = "riscv32",
    all(target_arch = "aarch64", target_pointer_width = "64"),
    target_arch = "loongarch64",
    target_arch = "riscv64",
    target_arch = "mips",
    target_arch = "mips32r6",
    target_arch = "mips64",
    target_arch = "mips64r6",
    target_arch = "powerpc64",
    target_arch = "s390x",
    target_arch = "sparc",
    target_arch = "sparc64",
    all(target_arch = "x86_64", target_pointer_width = "32"),
    all(target_arch = "x86_64", target_pointer_width = "64"),
    target_arch = "csky",
    target_arch = "x86",
    target_arch = "m68k",
    all(target_arch = "aarch64", target_pointer_width = "32"),
    target_arch = "wasm32",
    target_arch = "xtensa",
)))]
compile_error!("no linux bindings for this architecture: add it to codegen/targets");
