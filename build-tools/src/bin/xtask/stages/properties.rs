//! Random sequences of operations, held against the specification of readiness.

use anyhow::Result;

use super::fake_kernels::KERNELS;
use crate::project::{BACKENDS, Backend, PLAIN};
use crate::report::NotRun;
use crate::step::{Context, Step};
use crate::wine::Wine;

/// The number of random sequences of each test on each selector, unless `MIO_PROPERTIES_CASES` is
/// set.
const CASES: &str = "40";

/// The seed of the sequences, unless `MIO_PROPERTIES_CASES` is set: a change of the library meets
/// the sequences that passed before it. A search for faults takes random seeds.
const SEED: &str = "1";

const TEST: &str = "test --locked --tests --no-fail-fast -- --nocapture";

/// The state machines of Windows on fake drivers. A sequence takes about two milliseconds.
const MACHINES: &str = "test --locked --package mio-properties-machines --test machines";
const MACHINE_CASES: &str = "3000";

/// `build-tools/properties` on every selector and waker that runs here.
pub(super) fn run(context: &mut Context<'_>) -> Result<()> {
    let search = std::env::var("MIO_PROPERTIES_CASES").ok();
    let cases = search.as_deref().unwrap_or(CASES);
    let folder = context.project.path("build-tools/properties");
    let with_cases = |step: Step| {
        let step = step.folder(&folder).set("MIO_PROPERTIES_CASES", cases);
        match search {
            Some(_) => step,
            None => step.set("PROPTEST_RNG_SEED", SEED),
        }
    };
    let test = |name: &str, flags: &str| {
        let target = context.project.target("properties").join(name);
        let step = Step::cargo(context.project, PLAIN, TEST);
        with_cases(step.set("RUSTFLAGS", flags).set("CARGO_TARGET_DIR", target))
    };
    let mut steps: Vec<Step> = BACKENDS
        .iter()
        .map(|Backend { name, rustflags }| test(name, rustflags))
        .collect();
    for kernel in KERNELS.into_iter().chain(["solaris", "wasip1"]) {
        steps.push(test(kernel, &format!("--cfg mio_fake_kernel=\"{kernel}\"")));
    }
    let machines = Step::cargo(context.project, PLAIN, MACHINES).words("-- --nocapture");
    let target = context.project.target("properties").join(BACKENDS[0].name);
    let machines = with_cases(machines.set("CARGO_TARGET_DIR", target));
    steps.push(match search {
        Some(_) => machines,
        None => machines.set("MIO_PROPERTIES_CASES", MACHINE_CASES),
    });
    let mutants = folder.join("mutants.py");
    steps.push(Step::new("python3").argument(&mutants).words("--check"));
    let outcome = context.run_each(steps);
    let wine = match Wine::started(context) {
        Ok(wine) => wine,
        Err(error) => {
            let NotRun(reason) = error.downcast::<NotRun>()?;
            context.log(&format!("not run: Windows under Wine: {reason}"))?;
            return outcome;
        }
    };
    let step = with_cases(wine.cargo(context, TEST));
    context.run(step).map(drop).and(outcome)
}
