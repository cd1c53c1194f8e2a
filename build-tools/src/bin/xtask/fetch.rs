//! Folders of the cache that are filled once, Debian's packages above all. Nothing is installed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};

use crate::step::{Context, Step};

/// Held by who changes the state of this machine's apt: a second one would find it locked.
pub(crate) fn apt() -> MutexGuard<'static, ()> {
    static APT: Mutex<()> = Mutex::new(());
    APT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Held by who fills a folder of the cache: a stage that needs the same one waits for it.
fn of_folder(name: &str) -> Arc<Mutex<()>> {
    static FOLDERS: Mutex<BTreeMap<String, Arc<Mutex<()>>>> = Mutex::new(BTreeMap::new());
    let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(folders.entry(name.to_owned()).or_default())
}

/// A folder of the cache, filled by `fill` if it is not there. It gets its name when it is whole, so that an interruption leaves
/// nothing that looks done.
pub(crate) fn once(
    context: &mut Context<'_>,
    name: &str,
    fill: impl FnOnce(&mut Context<'_>, &Path) -> Result<()>,
) -> Result<PathBuf> {
    let folder = context.project.cache.join(name);
    let mutex = of_folder(name);
    let _filling = mutex.lock().unwrap_or_else(PoisonError::into_inner);
    if folder.exists() {
        return Ok(folder);
    }
    let parts = context
        .project
        .cache
        .join(format!("{name}.{}", std::process::id()));
    let root = parts.join("root");
    fs::create_dir_all(&root).with_context(|| format!("{}", root.display()))?;
    let filled = fill(context, &parts).and_then(|()| {
        // Another run may have been quicker: its folder is as good.
        fs::rename(&root, &folder)
            .or_else(|error| if folder.exists() { Ok(()) } else { Err(error) })
            .with_context(|| format!("{}", folder.display()))
    });
    // What cannot be removed costs room only.
    let _ = fs::remove_dir_all(&parts);
    filled.map(|()| folder)
}

/// Has packages of this machine's Debian downloaded and unpacked: some in this version, some in theirs.
pub(crate) fn packages(
    context: &mut Context<'_>,
    parts: &Path,
    (names, version): (&[&str], &str),
    others: &[&str],
) -> Result<()> {
    let download = || {
        let mut step = Step::new("apt-get")
            .words("download")
            .folder(parts)
            .limit(900);
        for name in names {
            step = step.argument(format!("{name}={version}"));
        }
        others.iter().fold(step, Step::argument)
    };
    if context.run(download()).is_err() {
        // The lists of packages are missing or old.
        let _apt = apt();
        context.run(Step::new("apt-get").words("update").limit(600))?;
        context.run(download())?;
    }
    unpack(context, parts)
}

/// Where this machine's packages come from.
pub(crate) fn archive(context: &mut Context<'_>) -> Result<String> {
    let known = Step::new("apt-get")
        .words("indextargets --format")
        .argument("$(REPO_URI)");
    let known = context.run(known)?;
    let archive = known
        .lines()
        .find(|line| line.trim_end_matches('/').ends_with("/debian"))
        .context("apt names no archive of Debian's")?;
    Ok(archive.to_owned())
}

/// The keys of Debian's archive, from its package debian-archive-keyring.
pub(crate) const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Has sid's package of this name downloaded, by lists of its own: the machine's are left alone, but say where its packages are.
pub(crate) fn from_sid(context: &mut Context<'_>, parts: &Path, package: &str) -> Result<()> {
    let lists = parts.join("lists");
    fs::create_dir_all(lists.join("partial"))?;
    fs::create_dir_all(parts.join("archives/archives/partial"))?;
    let archive = archive(context)?;
    let sources = parts.join("sources.list");
    fs::write(
        &sources,
        format!("deb [signed-by={KEYS}] {archive} sid main\n"),
    )?;
    let apt = |words: &str| {
        Step::new("apt-get")
            .words("-o Dir::Etc::sourceparts=- -o APT::Sandbox::User=root -o")
            .argument(format!("Dir::Etc::sourcelist={}", sources.display()))
            .words("-o")
            .argument(format!("Dir::State::lists={}", lists.display()))
            .words("-o")
            .argument(format!("Dir::Cache={}", parts.join("archives").display()))
            .words(words)
            .folder(parts)
            .limit(600)
    };
    context.run(apt("update"))?;
    context.run(apt("download").argument(package))?;
    Ok(())
}

/// Unpacks all packages of Debian's in a folder. Nothing is installed.
pub(crate) fn unpack(context: &mut Context<'_>, parts: &Path) -> Result<()> {
    for entry in fs::read_dir(parts)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            let step = Step::new("dpkg")
                .words("-x")
                .argument(&file)
                .argument(parts.join("root"));
            context.run(step)?;
        }
    }
    Ok(())
}

pub(crate) fn hash(context: &mut Context<'_>, file: &Path) -> Result<String> {
    let output = context.run(Step::new("sha256sum").argument(file))?;
    let word = output.split_whitespace().next().unwrap_or_default();
    Ok(word.to_owned())
}
