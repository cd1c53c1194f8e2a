//! The page of a group: its targets, records, constants and functions.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::model::{self, Group, Site};
use super::names;
use super::parts::{count, layout, measures, page as whole_page, ty};
use crate::report::picture::colors;

/// The page of a group.
pub(super) fn page(site: &Site, version: usize, group: &Group) -> String {
    let abi = &group.abi;
    let title = format!("{} {}", group.os, group.name);
    let body = html! {
        h1 { span .kind { (group.os) } " " (group.name) }
        p .lead {
            (count(group.targets.len(), "target")) " with the same ABI: "
            a href="#records" { (count(abi.records.len(), "record")) } ", "
            a href="#constants" { (count(abi.constants.len(), "constant")) } ", "
            a href="#functions" { (count(abi.functions.len(), "function")) } "."
        }
        dl .about {
            dt { "headers" } dd { (group.headers) }
            @if site.has_versions() {
                dt { "version" } dd { span .version { (site.versions[version].name) } }
            }
        }
        h2 id="targets" { "Targets" }
        ul .triples {
            @for triple in &group.targets {
                li id=(names::anchor("target", triple)) { code { (triple) } }
            }
        }
        h2 id="records" { "Records" }
        @if abi.records.is_empty() { p { "None." } }
        @for record in &abi.records {
            article .layout {
                h3 {
                    span .kind { (record.keyword()) } " "
                    a href=(names::record_page(&record.name)) { code { (record.name) } }
                }
                p .soft { (measures(record)) }
                (layout(site, record, &colors(&[record]), &BTreeSet::new()))
            }
        }
        h2 id="constants" { "Constants" }
        (constants(group))
        h2 id="functions" { "Functions" }
        (functions(site, group))
    };
    whole_page(&title, &[], &body)
}

/// The table of constants.
fn constants(group: &Group) -> Markup {
    html! {
        @if group.abi.constants.is_empty() { p { "None." } } @else {
            div .scroll role="group" aria-label="table of constants" {
                table {
                    thead { tr {
                        th scope="col" { "constant" }
                        th scope="col" { "type" }
                        th scope="col" .number { "value" }
                        th scope="col" .number { "hexadecimal" }
                    } }
                    tbody {
                        @for item in &group.abi.constants {
                            tr {
                                th scope="row" {
                                    @let part = names::anchor("const", &item.name);
                                    a href=(format!("{}#{part}", names::CONSTANTS)) {
                                        code { (item.name) }
                                    }
                                }
                                td { code { (item.ty) } }
                                td .number { (item.value) }
                                td .number { (hexadecimal(item.value)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The value as C headers often spell it.
fn hexadecimal(value: i128) -> String {
    match value {
        ..0 => format!("-{:#x}", value.unsigned_abs()),
        _ => format!("{value:#x}"),
    }
}

/// The table of functions.
fn functions(site: &Site, group: &Group) -> Markup {
    html! {
        @if group.abi.functions.is_empty() { p { "None." } } @else {
            div .scroll role="group" aria-label="table of functions" {
                table {
                    thead { tr {
                        th scope="col" { "function" }
                        th scope="col" { "signature" }
                    } }
                    tbody {
                        @for item in &group.abi.functions {
                            tr {
                                th scope="row" {
                                    @let part = names::anchor("fn", &item.name);
                                    a href=(format!("{}#{part}", names::FUNCTIONS)) {
                                        code { (item.name) }
                                    }
                                }
                                td { (ty(site, &model::function(item))) }
                            }
                        }
                    }
                }
            }
        }
    }
}
