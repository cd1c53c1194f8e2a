//! Debian's packages: installed on this machine, or downloaded and unpacked into the cache.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};

use crate::step::{Context, Step};

/// The keys of Debian's archive, from its package debian-archive-keyring.
pub(crate) const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Held while apt-get changes the system: a second apt-get would fail on its lock.
static APT: Mutex<()> = Mutex::new(());

/// Whether packages can be installed: this is Debian, and the user is root.
pub(crate) fn can_install() -> bool {
    Path::new("/etc/debian_version").exists() && rustix::process::geteuid().is_root()
}

/// Installs packages on this machine.
pub(crate) fn install(context: &mut Context<'_>, packages: &str) -> Result<()> {
    let _apt = APT.lock().unwrap_or_else(PoisonError::into_inner);
    context.run(Step::new("apt-get").words("update").limit(600))?;
    let install = Step::new("apt-get")
        .words("install --yes --no-install-recommends")
        .words(packages)
        .set("DEBIAN_FRONTEND", "noninteractive");
    context.run(install.limit(900)).map(drop)
}

/// Downloads packages of this machine's release and unpacks them: `NAME`, or `NAME=VERSION`.
pub(crate) fn download(
    context: &mut Context<'_>,
    parts: &Path,
    packages: impl IntoIterator<Item = String>,
) -> Result<()> {
    let packages: Vec<String> = packages.into_iter().collect();
    let download = || {
        let step = Step::new("apt-get").words("download").folder(parts);
        packages.iter().fold(step.limit(900), Step::argument)
    };
    if context.run(download()).is_err() {
        // The package lists are missing or out of date.
        let _apt = APT.lock().unwrap_or_else(PoisonError::into_inner);
        context.run(Step::new("apt-get").words("update").limit(600))?;
        context.run(download())?;
    }
    unpack(context, parts)
}

/// The address of the archive that this machine's packages come from.
pub(crate) fn archive(context: &mut Context<'_>) -> Result<String> {
    let targets = Step::new("apt-get")
        .words("indextargets --format")
        .argument("$(REPO_URI)");
    let targets = context.run(targets)?;
    let archive = targets
        .lines()
        .find(|line| line.trim_end_matches('/').ends_with("/debian"))
        .context("apt has no source of Debian's archive")?;
    Ok(archive.to_owned())
}

/// Downloads a package of Debian's sid. It uses package lists of its own, and leaves the machine's
/// lists unchanged.
pub(crate) fn download_from_sid(
    context: &mut Context<'_>,
    parts: &Path,
    package: &str,
) -> Result<()> {
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

/// Unpacks all packages in a folder into its folder `root`, and installs none.
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
