//! Reads the declarations of Windows from its metadata, with windows-bindgen.
//! `codegen/headers/windows.rdl` declares what the metadata lacks. The metadata has no layouts, so
//! [`layout`] computes them. [`mingw_check`] compares them and the values of constants with the
//! headers of mingw-w64; a difference stops the run.

mod booleans;
mod c_path;
mod defaults;
mod layout;
mod metadata;
mod mingw_check;
mod parsed;

pub(crate) use metadata::Metadata;

use crate::abi::{Record, TargetAbi};
use crate::error::Error;
use crate::symbols::Kind;
use crate::targets::Version;
use crate::unix::Request;

/// The name of the system.
pub(crate) const NAME: &str = "windows";

/// The tool that determines the output besides the inputs.
pub(crate) const TOOLS: &str = "windows-bindgen 0.100.0";

/// The facts of one target, on which the metadata and the headers agree.
pub(crate) fn facts(request: &Request<'_>, metadata: &Metadata) -> Result<TargetAbi, Error> {
    let machine = layout::Machine::of(request.triple);
    let parsed = parsed::Parsed::read(&metadata.text)?;
    let mut facts = TargetAbi {
        functions: parsed.functions.clone(),
        headers: match request.version {
            Version::Stated(version) => version.to_owned(),
            Version::LinuxHeaders => String::new(),
        },
        ..TargetAbi::default()
    };
    let mut errors = Vec::new();
    for symbol in request.symbols {
        match symbol.kind {
            Kind::Record => match parsed.record(&symbol.name, machine) {
                Ok(record) => facts.records.push(record),
                Err(error) => errors.push(error),
            },
            Kind::Field(_) => errors.push(parsed::error(format!(
                "{}: the list cannot change the type of a field on Windows",
                symbol.name
            ))),
            Kind::Constant(_) => match parsed.constant(&symbol.name, machine) {
                Ok(constant) => facts.constants.push(constant),
                Err(error) => errors.push(error),
            },
            // `Metadata::read` has checked that they are declared.
            Kind::Function | Kind::Names(_) => {}
        }
    }
    Error::all(errors)?;
    // The text also declares the records that they consist of.
    for name in parsed.names(machine) {
        if facts.records.iter().all(|record| record.name != name) {
            facts.records.push(parsed.record(name, machine)?);
        }
    }
    facts.records.sort_by(|a, b| a.name.cmp(&b.name));
    facts.constants.sort_by(|a, b| a.name.cmp(&b.name));
    mingw_check::check(request, &facts, &parsed, machine, &metadata.answers)?;
    Ok(facts)
}

/// The text of a group: the declarations, and assertions on the layouts.
pub(crate) fn declarations(metadata: &Metadata, facts: &TargetAbi) -> String {
    let mut text = metadata.text.clone();
    text.push_str("\nconst _: () = {\n    use core::mem::{align_of, offset_of, size_of};\n");
    for record in &facts.records {
        let Record {
            name, size, align, ..
        } = record;
        text.push_str(&format!("\n    assert!(size_of::<{name}>() == {size});\n"));
        text.push_str(&format!("    assert!(align_of::<{name}>() == {align});\n"));
        for field in &record.fields {
            text.push_str(&format!(
                "    assert!(offset_of!({name}, {}) == {});\n",
                field.name, field.offset
            ));
        }
    }
    text.push_str("};\n");
    text
}
