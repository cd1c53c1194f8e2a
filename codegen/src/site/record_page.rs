//! The page of a record: each layout once, as a picture and as a table, with its targets.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::model::{Holder, Site};
use super::parts::{count, holders, layout, measures, page as whole_page, targets};
use crate::abi::Record;
use crate::abi_diff::compare_records;
use crate::report::picture::colors;

/// The page of the record of this name.
pub(super) fn page(site: &Site, name: &str) -> String {
    let layouts = site.records.get(name).map_or(&[][..], Vec::as_slice);
    let all: Vec<&Record> = layouts.iter().map(|(record, _)| record).collect();
    let colors = colors(&all);
    let all_holders: Vec<Holder> = layouts.iter().flat_map(|(_, held)| held.clone()).collect();
    let newest = site.versions.len().saturating_sub(1);
    let in_newest: Vec<Holder> = all_holders
        .iter()
        .filter(|(version, _)| *version == newest)
        .copied()
        .collect();
    let mut named: BTreeSet<&str> = BTreeSet::new();
    let first = layouts.first();
    let body = html! {
        h1 {
            @if let Some((record, _)) = first { span .kind { (record.keyword()) } " " }
            code { (name) }
        }
        p .lead {
            (count(layouts.len(), "layout")) " on " (count(site.count(&in_newest), "target"))
            @if site.has_versions() {
                " of " span .version { (site.versions[newest].name) }
            }
            "."
            @if layouts.len() > 1 {
                " The layout of most targets comes first; the others state how they differ."
            }
        }
        @if site.has_history {
            p { "Its history: " code { "cargo codegen history " (name) } }
        }
        p .legend {
            "A line of a picture is eight bytes. " span .key-padding {}
            " Padding: bytes of no field."
        }
        @if layouts.len() > 1 { (contents(site, layouts)) }
        @for (index, (record, held)) in layouts.iter().enumerate() {
            @let new: BTreeSet<&str> = record.fields.iter().map(|field| &*field.name)
                .filter(|field| named.insert(field)).collect();
            article .layout id=(format!("layout-{}", index + 1)) {
                h2 { "Layout " (index + 1) ": " (measures(record)) }
                @if index > 0 { @if let Some((most, most_held)) = first {
                    (differences(site, name, (most, most_held), (record, held)))
                } }
                (layout(site, record, &colors, &new))
                h3 { "Targets" }
                (holders(site, held))
                (targets(site, held))
            }
        }
    };
    whole_page(name, &[], &body)
}

/// The layouts in one line each.
fn contents(site: &Site, layouts: &[(Record, Vec<Holder>)]) -> Markup {
    html! {
        nav aria-label="Layouts" {
            ul .contents {
                @for (index, (record, held)) in layouts.iter().enumerate() {
                    li {
                        a href=(format!("#layout-{}", index + 1)) { "Layout " (index + 1) }
                        ": " (measures(record)) "; " (systems(site, held))
                    }
                }
            }
        }
    }
}

/// The systems of some groups.
fn systems(site: &Site, held: &[Holder]) -> String {
    let systems: BTreeSet<&str> = held.iter().map(|holder| &*site.group(*holder).os).collect();
    let systems: Vec<&str> = systems.into_iter().collect();
    match systems[..] {
        [one] => {
            let groups: BTreeSet<&str> = held
                .iter()
                .map(|holder| &*site.group(*holder).name)
                .collect();
            let groups: Vec<&str> = groups.into_iter().collect();
            match groups.len() {
                ..=4 => format!("{one} ({})", groups.join(", ")),
                more => format!("{one} ({}, … {more} groups)", groups[..2].join(", ")),
            }
        }
        _ => systems.join(", "),
    }
}

/// A layout with its groups.
type Layout<'a> = (&'a Record, &'a [Holder]);

/// How a layout differs from that of most targets.
fn differences(
    site: &Site,
    name: &str,
    most: (&Record, &Vec<Holder>),
    other: Layout<'_>,
) -> Markup {
    let facts = compare_records(most.0, other.0);
    let compare = compare_link(site, name, most.1, other.1);
    html! {
        p .differs {
            "Differs from layout 1 on " (systems(site, other.1)) ":"
            @if let Some(link) = compare { " " a href=(link) { "compare side by side" } }
        }
        ul .facts { @for fact in &facts { li { (fact.text) } } }
    }
}

/// The comparison of two targets with different layouts, of the same system if there are such.
fn compare_link(site: &Site, name: &str, left: &[Holder], right: &[Holder]) -> Option<String> {
    let os = |holder: Holder| &*site.group(holder).os;
    let newest = |held: &mut dyn Iterator<Item = Holder>| {
        held.max_by_key(|(version, group)| (*version, usize::MAX - group))
    };
    let is_in_both = |holder: &Holder| left.iter().any(|other| os(*other) == os(*holder));
    let right = newest(&mut right.iter().copied().filter(is_in_both))
        .or_else(|| newest(&mut right.iter().copied()))?;
    let left = newest(
        &mut left
            .iter()
            .copied()
            .filter(|holder| os(*holder) == os(right)),
    )
    .or_else(|| newest(&mut left.iter().copied()))?;
    let side = |holder: Holder| Some((holder.0, site.group(holder).targets.first()?.as_str()));
    let ((left_version, left), (right_version, right)) = (side(left)?, side(right)?);
    let mut link = format!("compare.html#a={}&b={}", encoded(left), encoded(right));
    if site.has_versions() {
        let version = |index: usize| encoded(&site.versions[index].name);
        link += &format!(
            "&av={}&bv={}",
            version(left_version),
            version(right_version)
        );
    }
    Some(format!("{link}&record={}", encoded(name)))
}

/// A text in the part of a URL behind `#`.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}
