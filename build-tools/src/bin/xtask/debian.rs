//! Debian's packages: installed on this machine, or downloaded and unpacked into the cache.

use std::fs;
use std::path::{Path, PathBuf};
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

/// A release of Debian whose package lists are in a folder of their own: the machine's lists do not
/// change.
#[derive(Debug)]
pub(crate) struct Suite {
    parts: PathBuf,
}

impl Suite {
    /// Downloads the package lists of the release `name` into the folder `parts`.
    pub(crate) fn update(context: &mut Context<'_>, parts: &Path, name: &str) -> Result<Suite> {
        fs::create_dir_all(parts.join("lists/partial"))?;
        fs::create_dir_all(parts.join("archives/archives/partial"))?;
        let archive = archive(context)?;
        let line = format!("deb [signed-by={KEYS}] {archive} {name} main\n");
        fs::write(parts.join("sources.list"), line)?;
        let suite = Suite {
            parts: parts.to_owned(),
        };
        context.run(suite.apt("apt-get").words("update"))?;
        Ok(suite)
    }

    /// Downloads a package into the folder.
    pub(crate) fn download(&self, context: &mut Context<'_>, package: &str) -> Result<()> {
        let download = self.apt("apt-get").words("download").argument(package);
        context.run(download).map(drop)
    }

    /// The package that holds the newest kernel for virtual machines.
    pub(crate) fn newest_kernel(&self, context: &mut Context<'_>) -> Result<String> {
        let depends = self
            .apt("apt-cache")
            .words("depends linux-image-cloud-amd64");
        let output = context.run(depends)?;
        let image = output
            .split_whitespace()
            .rfind(|word| word.starts_with("linux-image-"))
            .filter(|word| *word != "linux-image-cloud-amd64")
            .context("linux-image-cloud-amd64 depends on no kernel")?;
        // Newer releases of Debian have the kernel itself in a package that the image depends on.
        let binary = image.replacen("linux-image-", "linux-binary-", 1);
        let show = self.apt("apt-cache").words("show").argument(&binary);
        let (_, has_binary) = context.run_either(show)?;
        Ok(if has_binary { binary } else { image.to_owned() })
    }

    fn apt(&self, program: &str) -> Step {
        let folder = |name: &str| self.parts.join(name).display().to_string();
        Step::new(program)
            .words("-o Dir::Etc::sourceparts=- -o APT::Sandbox::User=root -o")
            .argument(format!("Dir::Etc::sourcelist={}", folder("sources.list")))
            .words("-o")
            .argument(format!("Dir::State::lists={}", folder("lists")))
            .words("-o")
            .argument(format!("Dir::Cache={}", folder("archives")))
            // The lists of a release that ended are no longer renewed.
            .words("-o Acquire::Check-Valid-Until=false")
            .folder(&self.parts)
            .limit(600)
    }
}

/// Downloads a package of Debian's sid.
pub(crate) fn download_from_sid(
    context: &mut Context<'_>,
    parts: &Path,
    package: &str,
) -> Result<()> {
    Suite::update(context, parts, "sid")?.download(context, package)
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
