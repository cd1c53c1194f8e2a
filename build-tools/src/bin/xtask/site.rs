//! The stage `site`: the pages of `cargo codegen site` in a headless Chromium.
//!
//! The pages show two versions: the snapshots of this repository, and older ones that differ in one
//! record and one constant. `build-tools/site/browser.py` opens them. axe-core, which finds faults
//! of accessibility, comes from a Python package that contains it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use mio_abi::GroupAbi;

use crate::project::{PLAIN, Project};
use crate::report::NotRun;
use crate::step::{Context, Step, succeeds};
use crate::{debian, fetch};

/// Debian's package of the browser.
pub(crate) const PACKAGES: &str = BROWSERS[0];

/// Programs that are Chromium, the smallest one first.
const BROWSERS: [&str; 3] = ["chromium-headless-shell", "chromium", "google-chrome"];

/// The version of the Python package axe-playwright-python, which contains axe-core 4.
const AXE: &str = "0.1.8";
const AXE_HASH: &str = "fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8";

/// The folder of the cache with axe-core.
pub(crate) fn axe_folder() -> String {
    format!("axe-core-{AXE}")
}

/// Whether there is a browser.
pub(crate) fn is_installed() -> bool {
    browser().is_some()
}

fn browser() -> Option<&'static str> {
    BROWSERS
        .into_iter()
        .find(|program| succeeds(&[*program, "--version"]))
}

/// Writes the pages and opens them.
pub(crate) fn run(context: &mut Context<'_>) -> Result<()> {
    let folder = context.project.target("site");
    let old = older_snapshots(context.project, &folder.join("old"))?;
    let pages = folder.join("pages");
    let write = Step::cargo(context.project, PLAIN, "codegen site --output")
        .argument(&pages)
        .argument(old)
        .argument(&context.project.root);
    context.run(write)?;
    let browser = installed(context)?;
    let mut open = Step::new("python3")
        .argument(context.project.path("build-tools/site/browser.py"))
        .argument(&pages)
        .argument(browser)
        .argument(folder.join("screenshots"))
        .limit(1800);
    // Without it, the script reports its tests of accessibility as not run.
    match fetch::once(context, &axe_folder(), axe) {
        Ok(axe) => open = open.argument(axe.join("axe_playwright_python/axe.min.js")),
        Err(error) => context.log(&format!("cannot download axe-core ({error:#})"))?,
    }
    context.run(open).map(drop)
}

/// The browser, installed where that is possible.
fn installed(context: &mut Context<'_>) -> Result<&'static str> {
    if let Some(browser) = browser() {
        return Ok(browser);
    }
    if !debian::can_install() {
        let line = format!("sudo apt-get install {PACKAGES}");
        bail!(NotRun(format!("there is no Chromium: {line}")));
    }
    debian::install(context, PACKAGES)
        .map_err(|error| NotRun(format!("cannot install {PACKAGES} ({error:#})")))?;
    browser().with_context(|| format!("{PACKAGES} is installed, but does not start"))
}

/// Writes the snapshots of this repository with two changes.
fn older_snapshots(project: &Project, folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(project.path(mio_abi::FOLDER))? {
        let entry = entry?;
        let name = entry.file_name();
        if !name.to_string_lossy().ends_with(".json") {
            continue;
        }
        let mut group = GroupAbi::from_json(&fs::read_to_string(entry.path())?)?;
        if (&*group.os, &*group.group) == ("linux", "x86_64") {
            unpack(&mut group)?;
        }
        fs::write(folder.join(name), group.to_json())?;
    }
    Ok(folder.to_owned())
}

/// Gives `epoll_event` the layout that it has on other machines, and EPOLLET another value.
fn unpack(group: &mut GroupAbi) -> Result<()> {
    let mut records = group.abi.records.iter_mut();
    let event = records
        .find(|record| record.name == "epoll_event")
        .context("x86-64 Linux has no epoll_event")?;
    (event.repr, event.size, event.align) = ("C".to_owned(), 16, 8);
    let mut fields = event.fields.iter_mut();
    let data = fields.find(|field| field.name == "data");
    data.context("epoll_event has no data")?.offset = 8;
    let mut constants = group.abi.constants.iter_mut();
    let flag = constants.find(|constant| constant.name == "EPOLLET");
    flag.context("x86-64 Linux has no EPOLLET")?.value = 1;
    Ok(())
}

fn axe(context: &mut Context<'_>, parts: &Path) -> Result<()> {
    let step = Step::new("python3")
        .words("-m pip download --no-deps --only-binary :all:")
        .argument(format!("axe-playwright-python=={AXE}"))
        .folder(parts)
        .limit(600);
    context.run(step)?;
    for entry in fs::read_dir(parts)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "whl") {
            fetch::verify(context, &file, AXE_HASH)?;
            fetch::unzip(context, &file, &parts.join("root"))?;
        }
    }
    Ok(())
}
