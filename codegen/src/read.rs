//! Reads the ABI of targets from headers, several targets at a time.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use crate::abi::TargetAbi;
use crate::error::Error;
use crate::headers::Headers;
use crate::inputs::Inputs;
use crate::interrupt;
use crate::silent_stderr::SilentStderr;
use crate::targets::{Os, Target};
use crate::unix::{self, Request};
use crate::windows::{self, Metadata};

/// The metadata of Windows; `None` for other systems, which have headers only.
pub(crate) fn metadata(inputs: &Inputs) -> Result<Option<Metadata>, Error> {
    match &inputs.rdl {
        Some(rdl) => Metadata::read(&inputs.symbols, rdl).map(Some),
        None => Ok(None),
    }
}

/// Reads all targets on all processors. The keys are indices of `targets`. An error that is not
/// about a single target stops the reading, and the remaining targets have no entry.
pub(crate) fn read_all(
    os: &Os,
    targets: &[&Target],
    inputs: &Inputs,
    headers: &Headers<'_>,
    metadata: Option<&Metadata>,
    lenient: bool,
) -> BTreeMap<usize, Result<TargetAbi, Error>> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")
        .expect("the template is a constant");
    let quiet = SilentStderr::new();
    // The bar is hidden if there is no terminal.
    let bar = ProgressBar::with_draw_target(Some(targets.len() as u64), quiet.target());
    bar.set_style(style);
    let next = AtomicUsize::new(0);
    let results: Mutex<BTreeMap<usize, Result<TargetAbi, Error>>> = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(target) = targets.get(index) else {
                break;
            };
            bar.set_message(target.triple);
            let include = headers.include(target);
            let flags = headers.flags(target);
            let request = Request {
                triple: target.triple,
                os: os.name,
                clang: target.clang,
                flags: &flags,
                include: &include,
                header: &inputs.header,
                version: os.version,
                symbols: &inputs.symbols,
                lenient,
            };
            let result = interrupt::check().and_then(|()| match metadata {
                Some(metadata) => windows::facts(&request, metadata),
                None => unix::facts(&request),
            });
            bar.inc(1);
            if result.as_ref().is_err_and(|error| !error.is_local()) {
                // No other thread starts a further target.
                next.store(targets.len(), Ordering::Relaxed);
            }
            results
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .insert(index, result);
        }
    };
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(targets.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();
    results
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The ABIs of all targets, or all errors.
pub(crate) fn all_facts(
    os: &Os,
    targets: &[&Target],
    inputs: &Inputs,
    headers: &Headers<'_>,
    metadata: Option<&Metadata>,
) -> Result<Vec<TargetAbi>, Error> {
    let (mut all, mut wrong) = (Vec::new(), Vec::new());
    for (index, result) in read_all(os, targets, inputs, headers, metadata, false) {
        match result {
            Ok(facts) => all.push(facts),
            Err(error) if error.is_local() => wrong.push((targets[index].triple, error)),
            Err(error) => return Err(error),
        }
    }
    Error::merged(wrong)?;
    Ok(all)
}
