//! NuttX.

use super::{Group, Name, Os, Proof, Target, Version};

/// NuttX.
pub(super) const NUTTX: Os = Os {
    name: "nuttx",
    cfg: r#"target_os = "nuttx""#,
    also: None,
    pack: None,
    version: Version::Stated("NuttX 13.0"),
    is: |triple| triple.contains("-nuttx"),
    names: &[Name {
        title: "NuttX",
        selector: "poll(2)",
        waker: "eventfd",
        is: |_| true,
    }],
    groups: &[
        Group {
            name: "ilp32",
            cfg: &[r#"target_pointer_width = "32""#],
        },
        Group {
            name: "lp64",
            cfg: &[r#"target_pointer_width = "64""#],
        },
    ],
    proven: PROVEN,
    targets: TARGETS,
    left_out: &[],
};

/// RISC-V with 32 bits. Other extensions have the same layouts.
const RV32: [&str; 2] = ["-march=rv32imac", "-mabi=ilp32"];
/// RISC-V with 64 bits. Other extensions have the same layouts.
const RV64: [&str; 2] = ["-march=rv64imac", "-mabi=lp64"];

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("aarch64-unknown-nuttx", "lp64", "aarch64-unknown-none-elf"),
    row!("armv7a-nuttx-eabi", "ilp32", "armv7a-unknown-none-eabi"),
    row!("armv7a-nuttx-eabihf", "ilp32", "armv7a-unknown-none-eabihf"),
    row!("riscv32imac-unknown-nuttx-elf", "ilp32", "riscv32-unknown-none-elf", RV32),
    row!("riscv32imafc-unknown-nuttx-elf", "ilp32", "riscv32-unknown-none-elf", RV32),
    row!("riscv32imc-unknown-nuttx-elf", "ilp32", "riscv32-unknown-none-elf", RV32),
    row!("riscv64gc-unknown-nuttx-elf", "lp64", "riscv64-unknown-none-elf", RV64),
    row!("riscv64imac-unknown-nuttx-elf", "lp64", "riscv64-unknown-none-elf", RV64),
    row!("thumbv6m-nuttx-eabi", "ilp32", "thumbv6m-unknown-none-eabi"),
    row!("thumbv7a-nuttx-eabi", "ilp32", "thumbv7a-unknown-none-eabi"),
    row!("thumbv7a-nuttx-eabihf", "ilp32", "thumbv7a-unknown-none-eabihf"),
    row!("thumbv7em-nuttx-eabi", "ilp32", "thumbv7em-unknown-none-eabi"),
    row!("thumbv7em-nuttx-eabihf", "ilp32", "thumbv7em-unknown-none-eabihf"),
    row!("thumbv7m-nuttx-eabi", "ilp32", "thumbv7m-unknown-none-eabi"),
    row!("thumbv8m.base-nuttx-eabi", "ilp32", "thumbv8m.base-unknown-none-eabi"),
    row!("thumbv8m.main-nuttx-eabi", "ilp32", "thumbv8m.main-unknown-none-eabi"),
    row!("thumbv8m.main-nuttx-eabihf", "ilp32", "thumbv8m.main-unknown-none-eabihf"),
];

/// Why NuttX is not checked.
const NO_STD: &str =
    "std of rustc 1.96 does not compile for it: there is no `libc::_SC_HOST_NAME_MAX`";

/// Targets that cannot be checked.
const PROVEN: &[(&str, Proof)] = &[
    ("aarch64-unknown-nuttx", Proof::NotChecked(NO_STD)),
    ("armv7a-nuttx-eabi", Proof::NotChecked(NO_STD)),
    ("armv7a-nuttx-eabihf", Proof::NotChecked(NO_STD)),
    ("riscv32imac-unknown-nuttx-elf", Proof::NotChecked(NO_STD)),
    ("riscv32imafc-unknown-nuttx-elf", Proof::NotChecked(NO_STD)),
    ("riscv32imc-unknown-nuttx-elf", Proof::NotChecked(NO_STD)),
    ("riscv64gc-unknown-nuttx-elf", Proof::NotChecked(NO_STD)),
    ("riscv64imac-unknown-nuttx-elf", Proof::NotChecked(NO_STD)),
    ("thumbv6m-nuttx-eabi", Proof::NotChecked(NO_STD)),
    ("thumbv7a-nuttx-eabi", Proof::NotChecked(NO_STD)),
    ("thumbv7a-nuttx-eabihf", Proof::NotChecked(NO_STD)),
    ("thumbv7em-nuttx-eabi", Proof::NotChecked(NO_STD)),
    ("thumbv7em-nuttx-eabihf", Proof::NotChecked(NO_STD)),
    ("thumbv7m-nuttx-eabi", Proof::NotChecked(NO_STD)),
    ("thumbv8m.base-nuttx-eabi", Proof::NotChecked(NO_STD)),
    ("thumbv8m.main-nuttx-eabi", Proof::NotChecked(NO_STD)),
    ("thumbv8m.main-nuttx-eabihf", Proof::NotChecked(NO_STD)),
];
