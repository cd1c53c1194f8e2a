//! `cargo xtask readme`: writes the tables of platforms in the README pages.

use std::fs;

use anyhow::{Context as _, Result};

use crate::project::Project;

/// Writes the tables, or with `check` compares them; `false` if a table is out of date.
pub(crate) fn run(project: &Project, check: bool) -> Result<bool> {
    let mut is_current = true;
    for (page, table) in [
        ("README.md", mio_targets::overview()),
        ("build-tools/README.md", mio_targets::platforms()),
    ] {
        let path = project.path(page);
        let old = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let new = mio_targets::replaced(&old, &table)
            .with_context(|| format!("{page} has no comments around its table of platforms"))?;
        if old == new {
            println!("{page}: up to date");
        } else if check {
            println!("{page}: the table of platforms is out of date; help: cargo xtask readme");
            is_current = false;
        } else {
            fs::write(&path, new).with_context(|| path.display().to_string())?;
            println!("{page}: written");
        }
    }
    Ok(is_current)
}
