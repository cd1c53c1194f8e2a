//! Runs models over the copy of the library's files that has mutants: `mutants MODELS MUTANT`.
#![allow(clippy::all, dead_code, missing_docs, unreachable_pub)]

#[cfg(loom)]
include!(concat!(
    env!("OUT_DIR"),
    "/tree/build-tools/loom/src/lib.rs"
));

/// Whether this mutant is switched on.
#[cfg(loom)]
pub(crate) fn mutant(name: &str) -> bool {
    static NAME: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    NAME.get_or_init(|| std::env::args().nth(2)).as_deref() == Some(name)
}

fn main() {
    #[cfg(loom)]
    {
        let name = std::env::args().nth(1).unwrap_or_default();
        assert!(models::run(&name), "no models with the name {name:?}");
    }
}
