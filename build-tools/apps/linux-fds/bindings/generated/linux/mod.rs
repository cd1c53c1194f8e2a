//! The bindings of linux, picked by architecture: one file for each distinct ABI.
//!
//! Written by `cargo codegen`; do not edit.
//!
//! Inputs: sha256 baf9c8e2459e4f3aa930a93ad675285d121b5d42ad90f46e5f75f33148b9da87.

#[cfg(all(target_arch = "arm", target_pointer_width = "32"))]
mod ilp32_arm;
#[cfg(all(target_arch = "arm", target_pointer_width = "32"))]
pub use ilp32_arm::*;

#[cfg(all(target_arch = "csky", target_pointer_width = "32"))]
mod ilp32_csky;
#[cfg(all(target_arch = "csky", target_pointer_width = "32"))]
pub use ilp32_csky::*;

#[cfg(any(all(target_arch = "hexagon", target_pointer_width = "32"), all(target_arch = "riscv32", target_pointer_width = "32")))]
mod ilp32_hexagon_riscv32;
#[cfg(any(all(target_arch = "hexagon", target_pointer_width = "32"), all(target_arch = "riscv32", target_pointer_width = "32")))]
pub use ilp32_hexagon_riscv32::*;

#[cfg(any(all(target_arch = "mips", target_pointer_width = "32"), all(target_arch = "mips32r6", target_pointer_width = "32")))]
mod ilp32_mips_mips32r6;
#[cfg(any(all(target_arch = "mips", target_pointer_width = "32"), all(target_arch = "mips32r6", target_pointer_width = "32")))]
pub use ilp32_mips_mips32r6::*;

#[cfg(all(target_arch = "powerpc", target_pointer_width = "32"))]
mod ilp32_powerpc;
#[cfg(all(target_arch = "powerpc", target_pointer_width = "32"))]
pub use ilp32_powerpc::*;

#[cfg(all(target_arch = "sparc", target_pointer_width = "32"))]
mod ilp32_sparc;
#[cfg(all(target_arch = "sparc", target_pointer_width = "32"))]
pub use ilp32_sparc::*;

#[cfg(all(target_arch = "x86", target_pointer_width = "32"))]
mod ilp32_x86;
#[cfg(all(target_arch = "x86", target_pointer_width = "32"))]
pub use ilp32_x86::*;

#[cfg(all(target_arch = "x86_64", target_pointer_width = "32"))]
mod ilp32_x86_64;
#[cfg(all(target_arch = "x86_64", target_pointer_width = "32"))]
pub use ilp32_x86_64::*;

#[cfg(any(all(target_arch = "aarch64", target_pointer_width = "64"), all(target_arch = "loongarch64", target_pointer_width = "64"), all(target_arch = "riscv64", target_pointer_width = "64")))]
mod lp64_aarch64_loongarch64_riscv64;
#[cfg(any(all(target_arch = "aarch64", target_pointer_width = "64"), all(target_arch = "loongarch64", target_pointer_width = "64"), all(target_arch = "riscv64", target_pointer_width = "64")))]
pub use lp64_aarch64_loongarch64_riscv64::*;

#[cfg(any(all(target_arch = "mips64", target_pointer_width = "64"), all(target_arch = "mips64r6", target_pointer_width = "64")))]
mod lp64_mips64_mips64r6;
#[cfg(any(all(target_arch = "mips64", target_pointer_width = "64"), all(target_arch = "mips64r6", target_pointer_width = "64")))]
pub use lp64_mips64_mips64r6::*;

#[cfg(all(target_arch = "powerpc64", target_pointer_width = "64"))]
mod lp64_powerpc64;
#[cfg(all(target_arch = "powerpc64", target_pointer_width = "64"))]
pub use lp64_powerpc64::*;

#[cfg(all(target_arch = "s390x", target_pointer_width = "64"))]
mod lp64_s390x;
#[cfg(all(target_arch = "s390x", target_pointer_width = "64"))]
pub use lp64_s390x::*;

#[cfg(all(target_arch = "sparc64", target_pointer_width = "64"))]
mod lp64_sparc64;
#[cfg(all(target_arch = "sparc64", target_pointer_width = "64"))]
pub use lp64_sparc64::*;

#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
mod lp64_x86_64;
#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
pub use lp64_x86_64::*;

#[cfg(not(any(
    all(target_arch = "arm", target_pointer_width = "32"),
    all(target_arch = "csky", target_pointer_width = "32"),
    all(target_arch = "hexagon", target_pointer_width = "32"),
    all(target_arch = "riscv32", target_pointer_width = "32"),
    all(target_arch = "mips", target_pointer_width = "32"),
    all(target_arch = "mips32r6", target_pointer_width = "32"),
    all(target_arch = "powerpc", target_pointer_width = "32"),
    all(target_arch = "sparc", target_pointer_width = "32"),
    all(target_arch = "x86", target_pointer_width = "32"),
    all(target_arch = "x86_64", target_pointer_width = "32"),
    all(target_arch = "aarch64", target_pointer_width = "64"),
    all(target_arch = "loongarch64", target_pointer_width = "64"),
    all(target_arch = "riscv64", target_pointer_width = "64"),
    all(target_arch = "mips64", target_pointer_width = "64"),
    all(target_arch = "mips64r6", target_pointer_width = "64"),
    all(target_arch = "powerpc64", target_pointer_width = "64"),
    all(target_arch = "s390x", target_pointer_width = "64"),
    all(target_arch = "sparc64", target_pointer_width = "64"),
    all(target_arch = "x86_64", target_pointer_width = "64"),
)))]
compile_error!("no linux bindings for this architecture: add it to targets.toml");
