//! The parts that pages share: head, header, pictures, tables of fields, lists of groups.

use std::collections::{BTreeMap, BTreeSet};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::model::{Holder, Site};
use super::names;
use crate::abi::Record;
use crate::layout;
use crate::report::picture::{self, Colors};

/// A text in every file of a site.
pub(super) const MARK: &str = "Written by `cargo codegen site`; do not edit.";

/// Scripts and styles come from the site's own files only. Nothing is fetched.
const POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'";

/// The style: that of the report with pictures, and what the pages add.
pub(super) fn style() -> String {
    let (report, own) = (
        include_str!("../report/style.css"),
        include_str!("site.css"),
    );
    format!("/* {MARK} */\n{report}{own}")
}

/// A script with the mark.
pub(super) fn script(text: &str) -> String {
    format!("// {MARK}\n{text}")
}

/// A whole page with these scripts.
pub(super) fn page(title: &str, scripts: &[&str], body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        (PreEscaped(format!("<!-- {MARK} -->")))
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · ABI of mio" }
                link rel="stylesheet" href="site.css";
                @for script in ["search.js", "site.js"].iter().chain(scripts) {
                    script src=(script) defer {}
                }
            }
            body .site {
                a .skip href="#content" { "Skip to the content" }
                (picture::hatch())
                header .bar {
                    a .brand href="index.html" { "ABI of mio" }
                    nav aria-label="Pages" {
                        a href=(names::CONSTANTS) { "Constants" }
                        a href=(names::FUNCTIONS) { "Functions" }
                        a href="compare.html" { "Compare" }
                    }
                    // site.js shows it: without scripts there is no search.
                    form id="search" role="search" hidden {
                        label for="query" { "Search" }
                        input
                            id="query" type="search" autocomplete="off" autocapitalize="off"
                            spellcheck="false" placeholder="epoll_event, EV_ADD, a target";
                    }
                }
                section id="results" aria-label="Search results" hidden {
                    p role="status" {}
                    ol {}
                }
                main id="content" { (body) }
            }
        }
    };
    page.into_string() + "\n"
}

/// `1 target`, `2 targets`.
pub(super) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    }
}

/// The groups that have something, by version and system, with links.
pub(super) fn holders(site: &Site, holders: &[Holder]) -> Markup {
    let mut systems: BTreeMap<(usize, &str), Vec<Holder>> = BTreeMap::new();
    for holder in holders {
        let key = (holder.0, site.group(*holder).os.as_str());
        systems.entry(key).or_default().push(*holder);
    }
    html! {
        ul .holders {
            @for ((version, os), held) in &systems {
                li {
                    @if site.has_versions() {
                        span .version { (site.versions[*version].name) } " "
                    }
                    b { (os) }
                    @for holder in held {
                        @let group = site.group(*holder);
                        " "
                        a .group href=(group.page) title=(count(group.targets.len(), "target")) {
                            (group.name)
                        }
                    }
                }
            }
        }
    }
}

/// The targets of some groups, folded, with links.
pub(super) fn targets(site: &Site, holders: &[Holder]) -> Markup {
    html! {
        details {
            summary { (count(site.count(holders), "target")) }
            p .targets {
                @for holder in holders {
                    @let group = site.group(*holder);
                    @for triple in &group.targets {
                        a href=(format!("{}#{}", group.page, names::anchor("target", triple))) {
                            (triple)
                        }
                        " "
                    }
                }
            }
        }
    }
}

/// Size, alignment, representation and padding in one line.
pub(super) fn measures(record: &Record) -> String {
    let mut text = format!("size {}, align {}", record.size, record.align);
    if record.repr != "C" {
        text.push_str(&format!(", repr({})", record.repr));
    }
    if !record.union {
        match layout::padding(record) {
            0 => text.push_str(", no padding"),
            bytes => text.push_str(&format!(", {} of padding", count(to_usize(bytes), "byte"))),
        }
    }
    text
}

/// A number of bytes as a count.
fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The picture of a layout, in a box that scrolls if it is too wide.
fn picture(record: &Record, colors: &Colors<'_>) -> Markup {
    html! {
        div .picture .scroll role="group" aria-label=(format!("layout of {}", record.name)) {
            (picture::svg(record, &BTreeSet::new(), colors))
        }
    }
}

/// The picture of a layout beside the table of its fields.
pub(super) fn layout(
    site: &Site,
    record: &Record,
    colors: &Colors<'_>,
    anchors: &BTreeSet<&str>,
) -> Markup {
    html! {
        div .beside { (picture(record, colors)) (fields(site, record, anchors)) }
    }
}

/// The fields of a layout as a table. `anchors` are the fields that get an identifier.
fn fields(site: &Site, record: &Record, anchors: &BTreeSet<&str>) -> Markup {
    let has_bits = record.fields.iter().any(|field| !field.bits.is_empty());
    html! {
        div .scroll role="group" aria-label=(format!("fields of {}", record.name)) {
            table {
                thead {
                    tr {
                        th scope="col" { "field" }
                        th scope="col" { "type" }
                        th scope="col" .number { "offset" }
                        th scope="col" .number { "size" }
                        @if has_bits { th scope="col" { "bits" } }
                    }
                }
                tbody {
                    @for field in &record.fields {
                        @let name = field.name.as_str();
                        @let id = anchors.contains(name).then(|| names::anchor("field", name));
                        tr id=[id] {
                            th scope="row" { code { (name) } }
                            td { (ty(site, &field.ty)) }
                            td .number { (field.offset) }
                            td .number { (field.size) }
                            @if has_bits { td { code { (field.bits) } } }
                        }
                    }
                }
            }
        }
    }
}

/// A type, with links to the records in it.
pub(super) fn ty(site: &Site, text: &str) -> Markup {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut parts: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest
            .find(|letter: char| is_word(letter) != is_word(first))
            .unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    html! {
        code {
            @for part in parts {
                @if site.records.contains_key(part) {
                    a href=(names::record_page(part)) { (part) }
                } @else { (part) }
            }
        }
    }
}
