//! `cargo codegen show`: draws the layout of a record in the terminal.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::abi::{GroupAbi, Record};
use crate::abi_diff::Kind;
use crate::error::{Error, near};
use crate::layout::{self, Cell, Line, WIDTH, What};
use crate::site::symbol_page;
use crate::snapshot::AbiSnapshot;
use crate::{unknown_target, wrap};

/// The width of a byte, with its right border, in a wide terminal.
const COLUMNS: usize = 9;

/// The width of a byte in a terminal of this width. The offsets take six columns.
fn columns_in(width: Option<usize>) -> usize {
    let most = width.map_or(COLUMNS, |width| width.saturating_sub(6) / 8);
    most.clamp(4, COLUMNS)
}

/// All layouts of a record, each with its targets.
pub(crate) fn show(
    snapshot: &AbiSnapshot,
    name: &str,
    target: Option<&str>,
) -> Result<String, Error> {
    let mut layouts: BTreeMap<&Record, Vec<(&str, &GroupAbi)>> = BTreeMap::new();
    for (triple, seen) in &snapshot.targets {
        if target.is_some_and(|wanted| wanted != triple) {
            continue;
        }
        for record in seen.abi.records.iter().filter(|record| record.name == name) {
            layouts.entry(record).or_default().push((triple, seen));
        }
    }
    if layouts.is_empty() {
        return Err(unknown(snapshot, name, target));
    }
    let mut text = String::new();
    let count = layouts.len();
    for (index, (record, targets)) in layouts.into_iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&draw(record, wrap::width()));
        let mut groups: BTreeMap<String, usize> = BTreeMap::new();
        for (_, seen) in &targets {
            *groups
                .entry(format!("{} {}", seen.os, seen.group))
                .or_default() += 1;
        }
        let groups: Vec<String> = groups
            .iter()
            .map(|(group, count)| format!("{group} ({count})"))
            .collect();
        match targets[..] {
            [(triple, _)] => line(&mut text, format_args!("on {triple}")),
            _ => line(
                &mut text,
                format_args!("on {} targets: {}", targets.len(), groups.join(", ")),
            ),
        }
    }
    if count > 1 {
        line(&mut text, format_args!("\n{count} layouts"));
    }
    if let Some(page) = symbol_page(Kind::Struct, name) {
        line(
            &mut text,
            format_args!("\npage of `cargo codegen site`: {page}"),
        );
    }
    Ok(text)
}

/// The error if no target has the record.
fn unknown(snapshot: &AbiSnapshot, name: &str, target: Option<&str>) -> Error {
    if let Some(target) = target {
        if !snapshot.targets.contains_key(target) {
            return unknown_target(target);
        }
    }
    let records = snapshot.targets.values().flat_map(|seen| &seen.abi.records);
    let near = near(name, records.map(|record| record.name.as_str()));
    let place = match target {
        Some(target) => format!(" as a record for {target}"),
        None => " as a record".to_owned(),
    };
    Error::UnknownSymbol {
        name: name.to_owned(),
        place,
        near: near.map(str::to_owned),
    }
}

/// Appends a line.
fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("a string takes any text");
}

/// One layout.
pub(crate) fn draw(record: &Record, width: Option<usize>) -> String {
    let byte = columns_in(width);
    let bold = Style::new().bold();
    let mut text = format!(
        "{bold}{} {}{bold:#}: size {}, align {}",
        record.keyword(),
        record.name,
        record.size,
        record.align
    );
    if record.repr != "C" {
        write!(text, ", repr({})", record.repr).expect("a string takes any text");
    }
    if !record.union {
        match layout::padding(record) {
            0 => text.push_str(", no padding"),
            bytes => write!(text, ", {bytes} bytes of padding").expect("a string takes any text"),
        }
    }
    text.push('\n');
    let ruler: String = (0..WIDTH.min(record.size))
        .map(|number| format!("{number:^byte$}"))
        .collect();
    line(&mut text, format_args!("      {}", ruler.trim_end()));
    for picture in layout::pictures(record) {
        draw_picture(&mut text, record, &picture, byte);
    }
    text
}

/// Draws the boxes of one picture.
fn draw_picture(text: &mut String, record: &Record, picture: &[Line], byte: usize) {
    let none: &[Cell] = &[];
    let mut above = none;
    for entry in picture {
        match entry {
            Line::Bytes { offset, cells } => {
                line(text, format_args!("     {}", border(above, cells, byte)));
                line(
                    text,
                    format_args!("{offset:4} {}", body(record, cells, byte)),
                );
                above = cells;
            }
            Line::Folded { lines, field, .. } => {
                let note = format!("… {lines} more lines of {}", record.fields[*field].name);
                let wide = columns(WIDTH, byte) - 1;
                line(text, format_args!("     │{note:^wide$}│"));
            }
        }
    }
    line(text, format_args!("     {}", border(above, none, byte)));
}

/// A line of boxes with its text.
fn body(record: &Record, cells: &[Cell], byte: usize) -> String {
    let dim = Style::new().dimmed();
    let mut text = "│".to_owned();
    for cell in cells {
        let wide = columns(cell.length, byte) - 1;
        match cell.what {
            What::Padding => {
                let fill = "░".repeat(wide);
                write!(text, "{dim}{fill}{dim:#}│").expect("a string takes any text");
            }
            What::Field(index) => {
                let field = &record.fields[index];
                let color = COLORS[index % COLORS.len()].on_default();
                let label = if cell.first {
                    label(&field.name, &field.ty, wide)
                } else {
                    "…".to_owned()
                };
                write!(text, "{color}{label:^wide$}{color:#}│").expect("a string takes any text");
            }
        }
    }
    text
}

/// The colors of the fields, in turn.
const COLORS: [AnsiColor; 5] = [
    AnsiColor::Cyan,
    AnsiColor::Green,
    AnsiColor::Yellow,
    AnsiColor::Magenta,
    AnsiColor::Blue,
];

/// Name and type, or what fits of the name.
fn label(name: &str, ty: &str, wide: usize) -> String {
    let full = format!("{name}: {ty}");
    if full.chars().count() <= wide {
        return full;
    }
    if name.chars().count() <= wide {
        return name.to_owned();
    }
    let mut cut: String = name.chars().take(wide.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// The width of some bytes.
fn columns(bytes: u64, byte: usize) -> usize {
    byte * usize::try_from(bytes).unwrap_or(0)
}

/// The line between two lines of boxes.
fn border(above: &[Cell], below: &[Cell], columns: usize) -> String {
    let end = |cells: &[Cell]| cells.last().map_or(0, |cell| cell.start + cell.length);
    let bytes = end(above).max(end(below));
    // `upright`: a vertical line at the left edge of a byte. `flat`: a horizontal line above it.
    let upright = |cells: &[Cell], byte: u64| {
        !cells.is_empty() && (cells.iter().any(|cell| cell.start == byte) || byte == end(cells))
    };
    let holder = |cells: &[Cell], byte: u64| {
        let holds = |cell: &&Cell| (cell.start..cell.start + cell.length).contains(&byte);
        cells.iter().find(holds).copied()
    };
    let flat = |byte: u64| match (holder(above, byte), holder(below, byte)) {
        (Some(up), Some(down)) => up.what != down.what || down.first,
        (None, None) => false,
        _ => true,
    };
    let mut text = String::new();
    for byte in 0..=bytes {
        let left = byte > 0 && flat(byte - 1);
        let right = byte < bytes && flat(byte);
        text.push(corner(
            upright(above, byte),
            upright(below, byte),
            left,
            right,
        ));
        if byte < bytes {
            let line = if right { "─" } else { " " };
            text.push_str(&line.repeat(columns - 1));
        }
    }
    text.trim_end().to_owned()
}

/// The character where lines from these directions meet.
fn corner(up: bool, down: bool, left: bool, right: bool) -> char {
    match (up, down, left, right) {
        (false, true, false, true) => '┌',
        (false, true, true, true) => '┬',
        (false, true, true, false) => '┐',
        (true, true, false, true) => '├',
        (true, true, true, true) => '┼',
        (true, true, true, false) => '┤',
        (true, false, false, true) => '└',
        (true, false, true, true) => '┴',
        (true, false, true, false) => '┘',
        (_, _, true, true) => '─',
        (false, false, _, _) => ' ',
        _ => '│',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Field;

    #[test]
    fn a_picture_shows_names_types_and_padding() {
        let field = |name: &str, ty: &str, offset, size| Field {
            bits: String::new(),
            name: name.to_owned(),
            ty: ty.to_owned(),
            offset,
            size,
        };
        let record = Record {
            name: "event".to_owned(),
            union: false,
            repr: "C".to_owned(),
            size: 24,
            align: 8,
            fields: vec![field("flags", "u16", 0, 2), field("data", "u64", 8, 16)],
        };
        let drawn = anstream::adapter::strip_str(&draw(&record, None)).to_string();
        let wanted = "\
struct event: size 24, align 8, 6 bytes of padding
          0        1        2        3        4        5        6        7
     ┌─────────────────┬─────────────────────────────────────────────────────┐
   0 │   flags: u16    │░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░│
     ├─────────────────┴─────────────────────────────────────────────────────┤
   8 │                               data: u64                               │
     │                                                                       │
  16 │                                   …                                   │
     └───────────────────────────────────────────────────────────────────────┘
";
        assert_eq!(drawn, wanted, "\n{drawn}");
    }
}
