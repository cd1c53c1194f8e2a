//! Emscripten.

use super::{Group, Name, Os, Target, Version};

/// Emscripten.
pub(super) const EMSCRIPTEN: Os = Os {
    name: "emscripten",
    cfg: r#"target_os = "emscripten""#,
    also: None,
    pack: None,
    version: Version::Stated("Emscripten 6.0"),
    is: |triple| triple.ends_with("-emscripten"),
    names: &[Name {
        title: "Emscripten",
        selector: "epoll",
        waker: "pipe",
        is: |_| true,
    }],
    groups: &[Group {
        name: "all",
        cfg: &[],
    }],
    proven: &[],
    targets: TARGETS,
    left_out: &[],
};

/// Sorted by triple.
#[rustfmt::skip]
const TARGETS: &[Target] = &[
    row!("wasm32-unknown-emscripten", "all", "wasm32-unknown-emscripten", ["-fvisibility=default"]),
];
