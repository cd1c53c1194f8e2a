//! Windows: declarations come from its own metadata, through windows-bindgen; what the metadata lacks stands in
//! `codegen/headers/windows.rdl`. The metadata has no layouts, so these are computed here ([`layout`]) and held, together with the
//! values of constants, against the headers of mingw-w64 ([`oracle`]). A disagreement stops the run.

mod defaults;
mod layout;
mod metadata;
mod oracle;
mod parsed;
mod reach;

pub(crate) use metadata::Metadata;

use crate::abi::{Record, TargetAbi};
use crate::error::Error;
use crate::symbols::Kind;
use crate::targets::Version;
use crate::unix::Request;

/// The name of the system.
pub(crate) const NAME: &str = "windows";

/// What changes its output besides our own inputs.
pub(crate) const TOOLS: &str = "windows-bindgen 0.100.0";

/// The facts of one target, agreed upon by the metadata and the headers.
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
    let mut wrong = Vec::new();
    for symbol in request.symbols {
        match symbol.kind {
            Kind::Record => match parsed.record(&symbol.name, machine) {
                Ok(record) => facts.records.push(record),
                Err(error) => wrong.push(error),
            },
            Kind::Field(_) => wrong.push(parsed::wrong(format!(
                "{}: a field's type is what the metadata says",
                symbol.name
            ))),
            Kind::Constant(_) => match parsed.constant(&symbol.name, machine) {
                Ok(constant) => facts.constants.push(constant),
                Err(error) => wrong.push(error),
            },
            // Their declarations are checked by name below.
            Kind::Function | Kind::Names(_) => {}
        }
    }
    Error::all(wrong)?;
    // What they are made of reaches the text, too, and is held to its layout like them.
    for name in parsed.names(machine) {
        if facts.records.iter().all(|record| record.name != name) {
            facts.records.push(parsed.record(name, machine)?);
        }
    }
    facts.records.sort_by(|a, b| a.name.cmp(&b.name));
    facts.constants.sort_by(|a, b| a.name.cmp(&b.name));
    oracle::check(request, &facts, &parsed, machine, &metadata.known)?;
    Ok(facts)
}

/// The text of a group: the declarations, and the assertions that hold rustc to the layouts.
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
