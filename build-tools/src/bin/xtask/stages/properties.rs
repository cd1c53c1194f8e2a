//! Random sequences of operations, held against the specification of readiness.

use anyhow::Result;

use super::fake_kernels::KERNELS;
use crate::project::{BACKENDS, Backend, PLAIN};
use crate::step::{Context, Step};

/// The number of random sequences of each test on each selector, unless `MIO_PROPERTIES_CASES` is
/// set.
const CASES: &str = "60";

/// The seed of the sequences, unless `MIO_PROPERTIES_CASES` is set: a change of the library meets
/// the sequences that passed before it. A search for faults takes random seeds.
const SEED: &str = "1";

/// `build-tools/properties` on every selector and waker that runs here.
pub(super) fn run(context: &mut Context<'_>) -> Result<()> {
    let search = std::env::var("MIO_PROPERTIES_CASES").ok();
    let cases = search.as_deref().unwrap_or(CASES);
    let folder = context.project.path("build-tools/properties");
    let test = |name: &str, flags: &str| {
        let target = context.project.target("properties").join(name);
        let step = Step::cargo(
            context.project,
            PLAIN,
            "test --locked --tests --no-fail-fast -- --nocapture",
        )
        .folder(&folder)
        .set("RUSTFLAGS", flags)
        .set("CARGO_TARGET_DIR", target)
        .set("MIO_PROPERTIES_CASES", cases);
        match search {
            Some(_) => step,
            None => step.set("PROPTEST_RNG_SEED", SEED),
        }
    };
    let mut steps: Vec<Step> = BACKENDS
        .iter()
        .map(|Backend { name, rustflags }| test(name, rustflags))
        .collect();
    for kernel in KERNELS.into_iter().chain(["solaris"]) {
        steps.push(test(kernel, &format!("--cfg mio_fake_kernel=\"{kernel}\"")));
    }
    context.run_each(steps)
}
