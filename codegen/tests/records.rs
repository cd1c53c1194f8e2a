//! Every record that reaches `generated/`, Windows' included, is held to its layout: assertions of
//! its size, its alignment and the offset of each field, and an entry in a snapshot.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use mio_abi::{FOLDER, GroupAbi};

/// All Rust files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

/// A record of a file: its name and its fields.
type Declared = (String, Vec<String>);

/// The records that a file declares.
fn declared(text: &str) -> Vec<Declared> {
    let mut records: Vec<Declared> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["pub", "struct" | "union", name, "{" | "{}"] => {
                records.push((name.to_owned(), Vec::new()));
                inside = words[3] == "{";
            }
            ["pub", field, ..] if inside => {
                if let (Some((_, fields)), Some(field)) =
                    (records.last_mut(), field.strip_suffix(':'))
                {
                    fields.push(field.to_owned());
                }
            }
            ["}"] => inside = false,
            _ => {}
        }
    }
    records
}

/// What is missing for a record in the file and its snapshot.
fn missing(record: &Declared, text: &str, abi: &GroupAbi) -> Vec<String> {
    let (name, fields) = record;
    let mut wanted = vec![
        format!("assert!(size_of::<{name}>() == "),
        format!("assert!(align_of::<{name}>() == "),
    ];
    let offset = |field: &String| format!("assert!(offset_of!({name}, {field}) == ");
    wanted.extend(fields.iter().map(offset));
    wanted.retain(|assertion| !text.contains(assertion.as_str()));
    if abi.abi.records.iter().all(|record| record.name != *name) {
        wanted.push(format!("{name} in the snapshot"));
    }
    wanted
}

#[test]
fn no_record_is_without_assertions_and_a_row() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths = Vec::new();
    files(&root.join("generated"), &mut paths)?;
    let (mut count, mut without) = (0, BTreeSet::new());
    for path in paths {
        let text = fs::read_to_string(&path)?;
        let records = declared(&text);
        if records.is_empty() {
            continue;
        }
        let group = path.file_stem().unwrap_or_default().to_string_lossy();
        let os = path.parent().and_then(Path::file_name).unwrap_or_default();
        let name = format!("{}-{group}.json", os.to_string_lossy());
        let snapshot = fs::read_to_string(root.join(FOLDER).join(&name))
            .map_err(|error| format!("{name}: {error}"))?;
        let snapshot = GroupAbi::from_json(&snapshot)?;
        for record in &records {
            count += 1;
            for missing in missing(record, &text, &snapshot) {
                without.insert(format!("{}: {missing}", path.display()));
            }
        }
    }
    assert!(count > 150, "only {count} records were found");
    assert!(without.is_empty(), "{without:#?}");
    println!("{count} records, none without assertions");
    Ok(())
}
