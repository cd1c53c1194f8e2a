//! The layout of a snapshot's text: one fact a line, so that a diff of two versions reads well.

use std::io::{Result, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// The text of a value.
pub(crate) fn write(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, Lines::default());
    let written = value.serialize(&mut serializer);
    written.expect("memory takes any text, and all keys are strings");
    String::from_utf8(text).expect("JSON is UTF-8") + "\n"
}

/// Puts each element of an array on a line of its own, and the keys of those objects that are in no
/// array. An object in an array stays on one line, except for its own arrays.
#[derive(Debug, Default)]
struct Lines {
    /// How many containers with lines of their own are open.
    indent: usize,
    /// How many of them are arrays.
    arrays: usize,
    /// Whether the array that is about to end has elements.
    has_elements: bool,
}

impl Lines {
    /// Begins a line.
    fn line(&self, writer: &mut (impl ?Sized + Write)) -> Result<()> {
        write!(writer, "\n{:1$}", "", 2 * self.indent)
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.indent += 1;
        self.arrays += 1;
        self.has_elements = false;
        writer.write_all(b"[")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.line(writer)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> Result<()> {
        self.has_elements = true;
        Ok(())
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.indent -= 1;
        self.arrays -= 1;
        if self.has_elements {
            self.line(writer)?;
        }
        writer.write_all(b"]")
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        self.indent += usize::from(self.arrays == 0);
        writer.write_all(b"{")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> Result<()> {
        match (first, self.arrays) {
            (true, 0) => self.line(writer),
            (true, _) => Ok(()),
            (false, 0) => writer.write_all(b",").and_then(|()| self.line(writer)),
            (false, _) => writer.write_all(b", "),
        }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        writer.write_all(b": ")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        if self.arrays == 0 {
            self.indent -= 1;
            self.line(writer)?;
        }
        writer.write_all(b"}")
    }
}

/// The parameters of a function as a list of types.
pub(crate) mod types {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        parameters: &[(String, String)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(parameters.iter().map(|(_, ty)| ty))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(String, String)>, D::Error> {
        let types = Vec::<String>::deserialize(deserializer)?;
        Ok(types.into_iter().map(|ty| (String::new(), ty)).collect())
    }
}
