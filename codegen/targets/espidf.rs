//! ESP-IDF.
//!
//! The pinned clang has no Xtensa target. Xtensa uses the bindings of RISC-V, which has pointers of
//! the same size; their assertions are checked when a program is compiled for Xtensa.

use super::{Group, LeftOut, Name, Os, Target, Version};

/// ESP-IDF.
pub(super) const ESPIDF: Os = Os {
    name: "espidf",
    cfg: r#"target_os = "espidf""#,
    also: None,
    pack: None,
    version: Version::Stated("ESP-IDF 5"),
    is: |triple| triple.ends_with("-espidf"),
    names: &[Name {
        title: "ESP-IDF",
        selector: "poll(2)",
        waker: "eventfd",
        is: |_| true,
    }],
    groups: &[Group {
        name: "all",
        cfg: &[],
    }],
    proven: &[],
    targets: TARGETS,
    left_out: LEFT_OUT,
};

/// RISC-V with 32 bits. Other extensions have the same layouts.
const RV32: [&str; 2] = ["-march=rv32imac", "-mabi=ilp32"];

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("riscv32imac-esp-espidf", "all", "riscv32-unknown-none-elf", RV32),
    row!("riscv32imafc-esp-espidf", "all", "riscv32-unknown-none-elf", RV32),
    row!("riscv32imc-esp-espidf", "all", "riscv32-unknown-none-elf", RV32),
];

/// Targets without bindings of their own.
const LEFT_OUT: &[LeftOut] = &[
    LeftOut {
        name: "xtensa-esp32-espidf",
        cfg: None,
        reason: "clang has no such target; it uses the text of the other 32-bit targets",
    },
    LeftOut {
        name: "xtensa-esp32s2-espidf",
        cfg: None,
        reason: "clang has no such target; it uses the text of the other 32-bit targets",
    },
    LeftOut {
        name: "xtensa-esp32s3-espidf",
        cfg: None,
        reason: "clang has no such target; it uses the text of the other 32-bit targets",
    },
];
