//! `cargo xtask readme`: README's table of platforms, from the table of targets.

use std::fs;

use anyhow::{Context as _, Result};

use crate::project::Project;

/// Writes it, or only looks; `false` if it is another than it should be.
pub(crate) fn run(project: &Project, check: bool) -> Result<bool> {
    let path = project.path("README.md");
    let old = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let new = mio_targets::replaced(&old)
        .context("README.md has no marks around its table of platforms")?;
    if old == new {
        println!("README.md is as the table of targets gives it");
        return Ok(true);
    }
    if check {
        println!("README.md has another table of platforms; mend: cargo xtask readme");
        return Ok(false);
    }
    fs::write(&path, new).with_context(|| path.display().to_string())?;
    println!("README.md: written");
    Ok(true)
}
