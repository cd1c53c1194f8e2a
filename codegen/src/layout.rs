//! The layout of a record as lines of eight bytes, each divided into fields and padding. `show` and
//! the HTML report draw it.

use crate::abi::{Field, Record};

/// Bytes in a line.
pub(crate) const WIDTH: u64 = 8;

/// The content of a part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// The field of this index.
    Field(usize),
    /// Bytes of no field.
    Padding,
}

/// A part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Its first byte, counted from the start of the line.
    pub(crate) start: u64,
    /// Its size in bytes.
    pub(crate) length: u64,
    /// Its content.
    pub(crate) what: What,
    /// Whether the field or padding starts here. Otherwise it continues from the previous line.
    pub(crate) first: bool,
}

/// A line of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// Bytes from `offset`.
    Bytes {
        /// The offset of its first byte in the record.
        offset: u64,
        /// Its parts, from left to right.
        cells: Vec<Cell>,
    },
    /// Lines that are left out because one field fills them.
    Folded {
        /// The offset of the first line.
        offset: u64,
        /// The number of lines.
        lines: u64,
        /// The field.
        field: usize,
    },
}

/// The pictures of a record: one for a struct, one for each member of a union.
pub(crate) fn pictures(record: &Record) -> Vec<Vec<Line>> {
    let fields = record.fields.iter().enumerate();
    let fields = fields.filter(|(_, field)| !is_padding(field));
    let fields: Vec<usize> = fields.map(|(index, _)| index).collect();
    if record.union {
        fields
            .iter()
            .map(|index| lines(record, &[*index]))
            .collect()
    } else {
        vec![lines(record, &fields)]
    }
}

/// Whether bindgen has added the field in place of padding.
fn is_padding(field: &Field) -> bool {
    field.name.starts_with("__bindgen_padding_")
}

/// The picture of some fields of a record.
fn lines(record: &Record, fields: &[usize]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut offset = 0;
    while offset < record.size {
        let end = record.size.min(offset + WIDTH);
        let cells = cells(record, fields, offset, end);
        match whole(&cells, record, offset, end) {
            Some(field) => fold(&mut lines, offset, field),
            None => lines.push(Line::Bytes { offset, cells }),
        }
        offset = end;
    }
    lines
}

/// The field that fills the line and the lines before and after it.
fn whole(cells: &[Cell], record: &Record, begin: u64, end: u64) -> Option<usize> {
    let [
        Cell {
            what: What::Field(field),
            length: WIDTH,
            ..
        },
    ] = cells
    else {
        return None;
    };
    let known = record.fields.get(*field)?;
    // A short field is drawn in full.
    let long = known.size > 4 * WIDTH;
    let inside = known.offset < begin && known.offset + known.size > end;
    (long && inside).then_some(*field)
}

/// Leaves a line out.
fn fold(lines: &mut Vec<Line>, offset: u64, field: usize) {
    match lines.last_mut() {
        Some(Line::Folded {
            lines, field: same, ..
        }) if *same == field => *lines += 1,
        _ => lines.push(Line::Folded {
            offset,
            lines: 1,
            field,
        }),
    }
}

/// The parts of the bytes from `begin` to `end`.
fn cells(record: &Record, fields: &[usize], begin: u64, end: u64) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    for byte in begin..end {
        let holds = |index: &&usize| {
            let field = &record.fields[**index];
            (field.offset..field.offset + field.size).contains(&byte)
        };
        let (what, first) = match fields.iter().find(holds) {
            Some(&index) => (What::Field(index), record.fields[index].offset == byte),
            None => (What::Padding, false),
        };
        match cells.last_mut() {
            Some(cell) if cell.what == what && !first => cell.length += 1,
            _ => cells.push(Cell {
                start: byte - begin,
                length: 1,
                what,
                first: first || what == What::Padding,
            }),
        }
    }
    cells
}

/// The number of bytes of a struct that belong to no field.
pub(crate) fn padding(record: &Record) -> u64 {
    let data = record.fields.iter().filter(|field| !is_padding(field));
    let used: u64 = data.map(|field| field.size).sum();
    record.size.saturating_sub(used)
}

#[cfg(test)]
mod tests {
    use super::*;
    /// A struct with fields of these offsets and sizes.
    fn record(size: u64, fields: &[(u64, u64)]) -> Record {
        let fields = fields.iter().map(|&(offset, size)| Field {
            bits: String::new(),
            name: format!("f{offset}"),
            ty: "u8".to_owned(),
            offset,
            size,
        });
        Record {
            name: "r".to_owned(),
            union: false,
            repr: "C".to_owned(),
            size,
            align: 1,
            fields: fields.collect(),
        }
    }

    #[test]
    fn line_has_fields_and_padding() {
        let record = record(20, &[(0, 2), (4, 8), (12, 4)]);
        let cell = |start, length, what, first| Cell {
            start,
            length,
            what,
            first,
        };
        assert_eq!(
            pictures(&record),
            [[
                Line::Bytes {
                    offset: 0,
                    cells: vec![
                        cell(0, 2, What::Field(0), true),
                        cell(2, 2, What::Padding, true),
                        cell(4, 4, What::Field(1), true)
                    ]
                },
                Line::Bytes {
                    offset: 8,
                    cells: vec![
                        cell(0, 4, What::Field(1), false),
                        cell(4, 4, What::Field(2), true)
                    ]
                },
                Line::Bytes {
                    offset: 16,
                    cells: vec![cell(0, 4, What::Padding, true)]
                },
            ]]
        );
        assert_eq!(padding(&record), 6);
    }

    #[test]
    fn fields_that_bindgen_adds_are_padding() {
        let mut with = record(16, &[(0, 4), (4, 4), (8, 8)]);
        with.fields[1].name = "__bindgen_padding_0".to_owned();
        let mut without = record(16, &[(0, 4), (8, 8)]);
        assert_eq!(padding(&with), 4);
        let Line::Bytes { cells, .. } = &pictures(&with)[0][0] else {
            panic!("the line is folded");
        };
        assert_eq!(cells[1].what, What::Padding);
        // The indices of the later fields differ.
        without.fields.insert(1, with.fields[1].clone());
        without.fields[1].size = 0;
        assert_eq!(pictures(&with), pictures(&without));
    }

    #[test]
    fn long_fields_are_folded() {
        let picture = &pictures(&record(128, &[(0, 8), (8, 120)]))[0];
        assert_eq!(picture.len(), 4);
        assert_eq!(
            picture[2],
            Line::Folded {
                offset: 16,
                lines: 13,
                field: 1
            }
        );
    }

    #[test]
    fn a_union_has_a_picture_for_each_member() {
        let mut union = record(8, &[(0, 8), (0, 4)]);
        union.union = true;
        assert_eq!(pictures(&union).len(), 2);
    }
}
