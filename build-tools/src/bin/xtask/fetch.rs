//! Folders of the cache, each filled once with downloads or builds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};

use crate::step::{Context, Step};

/// The lock for filling a folder of the cache: a stage that needs the same folder waits.
fn folder_lock(name: &str) -> Arc<Mutex<()>> {
    static LOCKS: Mutex<BTreeMap<String, Arc<Mutex<()>>>> = Mutex::new(BTreeMap::new());
    let mut locks = LOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(locks.entry(name.to_owned()).or_default())
}

/// Returns a folder of the cache. If it does not exist, `fill` fills `root` in a temporary folder,
/// which is then renamed, so that an interrupted run leaves no incomplete folder of this name.
pub(crate) fn once(
    context: &mut Context<'_>,
    name: &str,
    fill: impl FnOnce(&mut Context<'_>, &Path) -> Result<()>,
) -> Result<PathBuf> {
    let folder = context.project.cache.join(name);
    let lock = folder_lock(name);
    let _filling = lock.lock().unwrap_or_else(PoisonError::into_inner);
    if folder.exists() {
        return Ok(folder);
    }
    let temporary = context
        .project
        .cache
        .join(format!("{name}.{}", std::process::id()));
    let root = temporary.join("root");
    fs::create_dir_all(&root).with_context(|| format!("{}", root.display()))?;
    let filled = fill(context, &temporary).and_then(|()| {
        // Another process may have renamed its folder first. That folder is as good.
        fs::rename(&root, &folder)
            .or_else(|error| if folder.exists() { Ok(()) } else { Err(error) })
            .with_context(|| format!("{}", folder.display()))
    });
    // A folder that cannot be removed only takes disk space.
    let _ = fs::remove_dir_all(&temporary);
    filled.map(|()| folder)
}

/// Fails if the SHA-256 digest of a file differs from the expected one.
pub(crate) fn verify(context: &mut Context<'_>, file: &Path, expected: &str) -> Result<()> {
    let output = context.run(Step::new("sha256sum").argument(file))?;
    if output.split_whitespace().next() != Some(expected) {
        bail!("SHA-256 mismatch for {}", file.display());
    }
    Ok(())
}

/// Unpacks a Python wheel, which is a ZIP archive.
pub(crate) fn unzip(context: &mut Context<'_>, wheel: &Path, to: &Path) -> Result<()> {
    let unzip = Step::new("python3").words("-m zipfile -e");
    context.run(unzip.argument(wheel).argument(to)).map(drop)
}
