//! `cargo codegen site`: the ABI of every target as static pages.
//!
//! The pages need no server: a browser opens them from the disk, and a text search and a comparison
//! of two targets run in it. [`model`] merges equal records, constants and functions of the
//! snapshots, the other modules write the pages, [`folder`] puts them into a folder.

mod compare_page;
mod data;
mod error;
mod folder;
mod group_page;
mod index_page;
mod model;
mod names;
mod parts;
mod record_page;
mod symbols_page;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Instant;

pub(crate) use self::error::SiteError;
use self::model::Site;
pub(crate) use self::names::{site_url, symbol_page};
use crate::cli::Only;
use crate::error::Error;
use crate::generate::Generator;
use crate::operand::Operand;
use crate::snapshot::AbiSnapshot;
use crate::write::Tree;
use crate::{Outcome, interrupt};

/// The name of the working tree in reports and on pages.
const WORKING_TREE: &str = "the working tree";

/// Writes the pages of these operands, the oldest first, into `output`. Without operands, those of
/// the working tree.
pub(crate) fn run(
    generator: &Generator,
    operands: &[String],
    output: &Path,
) -> Result<Outcome, Error> {
    let began = Instant::now();
    folder::check(output)?;
    let operands = parse(generator, operands)?;
    if operands.iter().any(Operand::reads_headers) {
        if let Some(code) = generator.with_libclang()? {
            return Ok(Outcome::Child(code));
        }
    }
    let mut snapshots = Vec::new();
    for operand in &operands {
        snapshots.push(operand.read(generator, &Only::default())?);
        interrupt::check()?;
    }
    let has_history = generator.root.join("codegen/history").is_dir();
    let files = pages(&snapshots, has_history);
    let size: usize = files.values().map(String::len).sum();
    let count = files.len();
    folder::write(output, files)?;
    Ok(Outcome::Report(format!(
        "{}: {count} files, {} kB, in {:.1} s; open {}\n",
        output.display(),
        size.div_ceil(1000),
        began.elapsed().as_secs_f64(),
        output.join("index.html").display()
    )))
}

/// The operands of the command line. Each has a name of its own.
fn parse(generator: &Generator, operands: &[String]) -> Result<Vec<Operand>, Error> {
    let root = &generator.root;
    let tree = || Operand::Folder(root.clone(), WORKING_TREE.to_owned());
    if operands.is_empty() {
        return Ok(vec![tree()]);
    }
    let is_root = |folder: &Path| match (folder.canonicalize(), root.canonicalize()) {
        (Ok(folder), Ok(root)) => folder == root,
        _ => false,
    };
    let mut parsed: Vec<Operand> = Vec::new();
    for text in operands {
        let operand = match Operand::parse(text, root, &generator.sources.headers)? {
            Operand::Folder(folder, _) if is_root(&folder) => tree(),
            other => other,
        };
        if parsed.contains(&operand) {
            return Err(SiteError::Twice(text.clone()).into());
        }
        parsed.push(operand);
    }
    Ok(parsed)
}

/// All files of the site.
fn pages(snapshots: &[AbiSnapshot], has_history: bool) -> Tree {
    let site = Site::new(snapshots, has_history);
    let mut files = Tree::new();
    let mut add = |name: &str, text: String| files.insert(name.into(), text);
    add("index.html", index_page::page(&site));
    add(names::CONSTANTS, symbols_page::constants(&site));
    add(names::FUNCTIONS, symbols_page::functions(&site));
    add("compare.html", compare_page::page(&site));
    for record in site.records.keys() {
        add(
            &names::record_page(record),
            record_page::page(&site, record),
        );
    }
    for (version, group) in site.groups() {
        add(&group.page, group_page::page(&site, version, group));
    }
    add("data.js", data::compared(&site));
    add("search.js", data::searched(&site));
    add("site.css", parts::style());
    add("site.js", parts::script(include_str!("site.js")));
    add("compare.js", parts::script(include_str!("compare.js")));
    files
}
