//! The first page: all records, systems, groups and targets.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::model::{Group, Site, Version};
use super::names;
use super::parts::{count, page as whole_page};

/// The page.
pub(super) fn page(site: &Site) -> String {
    let body = html! {
        h1 { "The ABI of every target" }
        p .lead {
            "What the headers of each system declare: records byte by byte, constants and \
             functions. Every line comes from the snapshots that the bindings are generated from."
        }
        (numbers(site))
        @if site.has_versions() {
            p { "Versions, the oldest first: "
                @for (index, version) in site.versions.iter().enumerate() {
                    @if index > 0 { ", " }
                    span .version { (version.name) }
                }
                ". " a href="compare.html" { "Compare them." }
            }
        }
        section {
            h2 id="records" { "Records" }
            (records(site))
        }
        @for version in site.versions.iter().rev() {
            (systems(site, version))
        }
    };
    whole_page("Overview", &[], &body)
}

/// The numbers of everything in the newest version.
fn numbers(site: &Site) -> Markup {
    let Some(newest) = site.newest() else {
        return html! {};
    };
    let targets: usize = newest.groups.iter().map(|group| group.targets.len()).sum();
    let numbers = [
        (by_system(newest).len(), "system", "#systems"),
        (newest.groups.len(), "group", "#systems"),
        (targets, "target", "#systems"),
        (site.records.len(), "record", "#records"),
        (site.constants.len(), "constant", names::CONSTANTS),
        (site.functions.len(), "function", names::FUNCTIONS),
    ];
    html! {
        ul .numbers {
            @for (number, word, link) in numbers {
                li { a href=(link) {
                    b { (number) } " " (word) @if number != 1 { "s" }
                } }
            }
        }
    }
}

/// All records with links.
fn records(site: &Site) -> Markup {
    let mut records: Vec<_> = site.records.iter().collect();
    records.sort_by_key(|(name, _)| name.trim_start_matches('_').to_lowercase());
    html! {
        ul .cards {
            @for (name, layouts) in records {
                li {
                    a href=(names::record_page(name)) { code { (name) } }
                    " "
                    span .soft {
                        @if let Some((first, _)) = layouts.first() { (first.keyword()) ", " }
                        (sizes(layouts.iter().map(|(record, _)| record.size)))
                        @if layouts.len() > 1 { ", " (count(layouts.len(), "layout")) }
                    }
                }
            }
        }
    }
}

/// `12 bytes`, or `12 to 16 bytes`.
fn sizes(sizes: impl Iterator<Item = u64> + Clone) -> String {
    match (sizes.clone().min(), sizes.max()) {
        (Some(1), Some(1)) => "1 byte".to_owned(),
        (Some(least), Some(most)) if least != most => format!("{least} to {most} bytes"),
        (Some(size), _) => format!("{size} bytes"),
        (None, _) => String::new(),
    }
}

/// The groups of a version by system.
fn by_system(version: &Version) -> BTreeMap<&str, Vec<&Group>> {
    let mut systems: BTreeMap<&str, Vec<&Group>> = BTreeMap::new();
    for group in &version.groups {
        systems.entry(&group.os).or_default().push(group);
    }
    systems
}

/// The table of systems of a version.
fn systems(site: &Site, version: &Version) -> Markup {
    let is_newest = site
        .newest()
        .is_some_and(|newest| std::ptr::eq(newest, version));
    html! {
        section {
            h2 id=[is_newest.then_some("systems")] {
                "Systems"
                @if site.has_versions() { " of " span .version { (version.name) } }
            }
            div .scroll role="group" aria-label="table of systems" {
                table .systems {
                    thead {
                        tr {
                            th scope="col" { "system" }
                            th scope="col" .number { "targets" }
                            th scope="col" { "groups of equal targets" }
                            th scope="col" { "headers" }
                        }
                    }
                    tbody {
                        @for (os, groups) in by_system(version) { (system(os, &groups)) }
                    }
                }
            }
            @if !version.unread.is_empty() {
                h3 { "Not read" }
                ul {
                    @for (why, triples) in &version.unread {
                        li { (why) ": " (triples.join(", ")) }
                    }
                }
            }
        }
    }
}

/// A row of that table.
fn system(os: &str, groups: &[&Group]) -> Markup {
    let targets: usize = groups.iter().map(|group| group.targets.len()).sum();
    let mut headers: Vec<&str> = groups.iter().map(|group| group.headers.as_str()).collect();
    headers.dedup();
    html! {
        tr {
            th scope="row" { (os) }
            td .number { (targets) }
            td .groups {
                @for group in groups {
                    a .group href=(group.page) title=(count(group.targets.len(), "target")) {
                        (group.name)
                    }
                    " "
                }
            }
            td .soft { (headers.join("; ")) }
        }
    }
}
