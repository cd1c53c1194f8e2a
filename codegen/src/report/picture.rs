//! The layout of a record as SVG, eight bytes a line.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use crate::abi::{Field, Record};
use crate::layout::{self, Cell, Line, WIDTH, What};

/// Measures in pixels.
const BYTE: u64 = 52;
const HEIGHT: u64 = 34;
const LEFT: u64 = 40;
const TOP: u64 = 20;
const GAP: u64 = 14;

/// The layouts of both operands, with their differences marked.
pub(super) fn both(old: Option<&Record>, new: Option<&Record>) -> Markup {
    let both: Vec<&Record> = [old, new].into_iter().flatten().collect();
    let colors = colors(&both);
    html! {
        div .pictures {
            @for (heading, record, other) in [("old", old, new), ("new", new, old)] {
                @if let Some(record) = record {
                    figure {
                        figcaption {
                            b { (heading) } ": size " (record.size) ", align " (record.align)
                            @if record.repr != "C" { ", repr(" (record.repr) ")" }
                            @if !record.union { ", " (layout::padding(record)) " bytes of padding" }
                        }
                        (svg(record, &differing(record, other), &colors))
                    }
                } @else {
                    figure .absent { figcaption { b { (heading) } ": not there" } }
                }
            }
        }
    }
}

/// The fields that are not equal in the other layout.
fn differing(record: &Record, other: Option<&Record>) -> BTreeSet<usize> {
    let same = |field: &Field| other.is_some_and(|other| other.fields.contains(field));
    let fields = record.fields.iter().enumerate();
    fields
        .filter(|(_, field)| other.is_some() && !same(field))
        .map(|(index, _)| index)
        .collect()
}

/// The pattern of padding in all pictures of a page.
pub(crate) fn hatch() -> Markup {
    html! {
        svg .pattern width="0" height="0" aria-hidden="true" {
            defs {
                pattern
                    id="hatch" width="7" height="7"
                    patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect .ground width="7" height="7" {}
                    line x1="0" y1="0" x2="0" y2="7" {}
                }
            }
        }
    }
}

/// One record. The fields with these indices are marked.
pub(crate) fn svg(record: &Record, marked: &BTreeSet<usize>, colors: &Colors<'_>) -> Markup {
    let mut y = TOP;
    let mut placed: Vec<(u64, Line)> = Vec::new();
    for picture in layout::pictures(record) {
        for line in picture {
            placed.push((y, line));
            y += HEIGHT;
        }
        y += GAP;
    }
    let width = LEFT + WIDTH * BYTE + 2;
    let height = y.saturating_sub(GAP) + 4;
    html! {
        svg
            xmlns="http://www.w3.org/2000/svg" role="img"
            viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height) {
            title { (record.name) }
            @for byte in 0..WIDTH.min(record.size) {
                text .ruler
                    x=(LEFT + byte * BYTE + BYTE / 2) y=(TOP - 6) text-anchor="middle" { (byte) }
            }
            @for (y, line) in &placed {
                (svg_line(record, marked, colors, *y, line))
            }
        }
    }
}

/// One line of eight bytes.
fn svg_line(
    record: &Record,
    marked: &BTreeSet<usize>,
    colors: &Colors<'_>,
    y: u64,
    line: &Line,
) -> Markup {
    let offset = match line {
        Line::Bytes { offset, .. } | Line::Folded { offset, .. } => *offset,
    };
    html! {
        text .ruler x=(LEFT - 8) y=(y + HEIGHT / 2 + 4) text-anchor="end" { (offset) }
        @match line {
            Line::Bytes { cells, .. } => @for cell in cells {
                (svg_cell(record, marked, colors, y, cell))
            },
            Line::Folded { lines, field, .. } => {
                @let name = &*record.fields[*field].name;
                rect .(format!("f{}", colors[name])) data-field=(name)
                    x=(LEFT) y=(y) width=(WIDTH * BYTE) height=(HEIGHT) {}
                text .more
                    x=(LEFT + WIDTH * BYTE / 2) y=(y + HEIGHT / 2 + 4) text-anchor="middle" {
                    "… " (lines) " more lines of " (name)
                }
            }
        }
    }
}

/// One part of a line.
fn svg_cell(
    record: &Record,
    marked: &BTreeSet<usize>,
    colors: &Colors<'_>,
    y: u64,
    cell: &Cell,
) -> Markup {
    let (x, width) = (LEFT + cell.start * BYTE, cell.length * BYTE);
    let (class, label) = match cell.what {
        What::Padding => ("padding".to_owned(), "padding".to_owned()),
        What::Field(index) => {
            let field = &record.fields[index];
            let mark = if marked.contains(&index) {
                " changed"
            } else {
                ""
            };
            let label = if cell.first {
                fitting(field, width)
            } else {
                "…".to_owned()
            };
            (format!("f{}{mark}", colors[&*field.name]), label)
        }
    };
    let field = match cell.what {
        What::Field(index) => Some(&*record.fields[index].name),
        What::Padding => None,
    };
    // A tick for each byte.
    let ticks = (1..cell.length).map(|byte| x + byte * BYTE);
    html! {
        g {
            @if let What::Field(index) = cell.what {
                @let field = &record.fields[index];
                title {
                    (field.name) ": " (field.ty)
                    ", offset " (field.offset) ", size " (field.size)
                }
            }
            rect .(class) data-field=[field] x=(x) y=(y) width=(width) height=(HEIGHT) {}
            @for tick in ticks {
                line .tick x1=(tick) y1=(y + HEIGHT - 5) x2=(tick) y2=(y + HEIGHT) {}
            }
            text x=(x + width / 2) y=(y + HEIGHT / 2 + 4) text-anchor="middle" { (label) }
        }
    }
}

/// Name and type, or what fits of the name.
fn fitting(field: &Field, width: u64) -> String {
    // A letter of the page's font is 7 pixels wide.
    let room = usize::try_from(width.saturating_sub(6) / 7).unwrap_or(0);
    let full = format!("{}: {}", field.name, field.ty);
    if full.chars().count() <= room {
        full
    } else if field.name.chars().count() <= room {
        field.name.clone()
    } else {
        let cut: String = field.name.chars().take(room.saturating_sub(1)).collect();
        cut + "…"
    }
}

/// The number of colors.
const COLORS: usize = 12;

/// The color of each field, by name.
pub(crate) type Colors<'a> = BTreeMap<&'a str, usize>;

/// Gives a field the same color in all layouts, and a different one than its neighbors.
pub(crate) fn colors<'a>(layouts: &[&'a Record]) -> Colors<'a> {
    let mut colors = Colors::new();
    for record in layouts {
        let names: Vec<&str> = record.fields.iter().map(|field| &*field.name).collect();
        for (index, name) in names.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| names[before]);
            let beside = [before, names.get(index + 1).copied()];
            let taken: Vec<usize> = beside
                .into_iter()
                .flatten()
                .filter_map(|name| colors.get(name).copied())
                .collect();
            let free = (index..index + COLORS).map(|color| color % COLORS);
            let color = free
                .filter(|color| !taken.contains(color))
                .min_by_key(|color| {
                    // Prefer an unused color.
                    colors.values().filter(|used| *used == color).count()
                });
            colors.entry(name).or_insert(color.unwrap_or(0));
        }
    }
    colors
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record with these fields.
    fn record(names: &[&str]) -> Record {
        let field = |name: &&str| Field {
            bits: String::new(),
            name: (*name).to_owned(),
            ty: "u8".to_owned(),
            offset: 0,
            size: 1,
        };
        Record {
            name: "r".to_owned(),
            union: false,
            repr: "C".to_owned(),
            size: 1,
            align: 1,
            fields: names.iter().map(field).collect(),
        }
    }

    #[test]
    fn neighbors_have_different_colors_on_both_sides() {
        let old = record(&["a", "b", "c", "d", "e", "f", "g", "h"]);
        let new = record(&["a", "x", "b", "c", "y", "z", "d", "e", "f", "g", "h"]);
        let colors = colors(&[&old, &new]);
        for record in [&old, &new] {
            for pair in record.fields.windows(2) {
                assert_ne!(colors[&*pair[0].name], colors[&*pair[1].name], "{pair:?}");
            }
        }
    }
}
