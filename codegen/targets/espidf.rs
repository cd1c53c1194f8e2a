//! ESP-IDF. clang has no xtensa target; its text is that of RISC-V with the same pointers, and rustc holds the assertions to it.

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

/// One row: triple, group, clang's triple, flags of clang.
macro_rules! row {
    ($triple:literal, $group:literal, $clang:literal, $flags:expr) => {
        Target {
            triple: $triple,
            group: $group,
            clang: $clang,
            headers: &[],
            flags: &$flags,
        }
    };
}

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("riscv32imac-esp-espidf", "all", "riscv32-unknown-none-elf", ["-march=rv32imac", "-mabi=ilp32"]),
    row!("riscv32imafc-esp-espidf", "all", "riscv32-unknown-none-elf", ["-march=rv32imac", "-mabi=ilp32"]),
    row!("riscv32imc-esp-espidf", "all", "riscv32-unknown-none-elf", ["-march=rv32imac", "-mabi=ilp32"]),
];

/// Left out by name.
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
