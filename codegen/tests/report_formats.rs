//! The formats that programs read: annotations, Markdown for a comment, JSON and SARIF.

#[path = "support/branch.rs"]
mod branch;
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use branch::{Branch, assert_contains};
use serde_json::Value;
use support::{Repository, Result};

/// Annotations name the line of the snapshot that changed.
#[test]
fn annotations_are_on_the_changed_lines() -> Result {
    let branch = Branch::new()?;
    branch.set(0, 1)?;
    let linux = "codegen/snapshots/linux-x86_64.json";
    branch.0.edit(
        linux,
        r#"{"name": "revents", "ty": "c_short", "offset": 6, "size": 2}"#,
        r#"{"name": "revents", "ty": "c_short", "offset": 5, "size": 2}"#,
    )?;
    let text = fs::read_to_string(branch.0.path(linux))?;
    let line = |wanted: &str| text.lines().position(|line| line.contains(wanted));
    let moved = 1 + line(r#""offset": 5"#).ok_or("no line")?;
    // The line of a removed symbol is that of its successor.
    let removed = line(r#""name": "EPOLLHUP""#).ok_or("no line")?;
    let without: Vec<&str> = text.lines().collect();
    let without = [&without[..removed], &without[removed + 1..]].concat();
    fs::write(branch.0.path(linux), without.join("\n") + "\n")?;
    let (status, printed) = branch.gate(&["--format", "github"])?;
    assert_eq!(status, 1);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 3, "{printed}");
    for line in &lines {
        assert!(
            line.starts_with("::error file=codegen/snapshots/"),
            "{printed}"
        );
    }
    assert_contains(
        &printed,
        &[
            &format!("file={linux},line={moved},title=ABI%3A struct pollfd::field revents: offset"),
            &format!(
                "file={linux},line={},title=ABI%3A const EPOLLHUP::removed",
                removed + 1
            ),
            "%0Achange: const-EV_ADD-",
        ],
    );
    Ok(())
}

/// Every symbol of every table is another one: the formats stay within the limits of GitHub.
#[test]
fn huge_difference_stays_within_the_limits() -> Result {
    let branch = Branch::new()?;
    for entry in fs::read_dir(branch.0.path("codegen/snapshots"))? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let mut group = mio_abi::GroupAbi::from_json(&fs::read_to_string(&path)?)?;
            for constant in &mut group.abi.constants {
                constant.value += 1;
            }
            for record in &mut group.abi.records {
                record.size += 8;
            }
            fs::write(&path, group.to_json())?;
        }
    }
    let (status, annotations) = branch.gate(&["--format", "github"])?;
    assert_eq!(status, 1);
    let lines: Vec<&str> = annotations.lines().collect();
    assert_eq!(lines.len(), 10, "{annotations}");
    let rows = branch.json()?["rows"].as_array().ok_or("no rows")?.len();
    let more = format!("::error title=ABI%3A {0} more::{0} more of these", rows - 9);
    assert!(lines[9].starts_with(&more), "{}", lines[9]);
    // What src/ uses comes first.
    for size in [1_000_000, 60_000, 20_000, 3_000] {
        let limit = size.to_string();
        let (_, text) = branch.gate(&["--format", "markdown", "--max-bytes", &limit])?;
        assert!(text.len() <= size, "{} of {size}", text.len());
        assert_whole(&text);
        assert_contains(&text, &["**The gate is red: ", "</details>"]);
        if size <= 60_000 {
            assert_contains(&text, &[" more rows, see the artifact\n"]);
            // Most of the space is used.
            assert!(text.len() > size / 2, "{} of {size}", text.len());
        }
    }
    Ok(())
}

/// Asserts that no table row, fence or fold is cut.
fn assert_whole(text: &str) {
    let mut in_fence = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_fence = !in_fence;
        }
        if !in_fence && line.starts_with('|') {
            let bars = line.replace("\\|", "").matches('|').count();
            assert!(bars == 5 && line.ends_with('|'), "{line}");
        }
    }
    assert!(!in_fence, "a fence is open");
    assert_eq!(
        text.matches("<details>").count(),
        text.matches("</details>").count()
    );
    assert_eq!(
        text.matches("<summary>").count(),
        text.matches("</summary>").count()
    );
}

/// The JSON report validates against its schema, and SARIF against that of OASIS.
#[test]
fn reports_for_programs_validate_against_their_schemas() -> Result {
    let branch = Branch::new()?;
    branch.set(0, 1)?;
    branch.accept(&[&branch.id()?])?;
    branch.0.edit(
        "codegen/snapshots/linux-x86_64.json",
        r#"{"name": "revents", "ty": "c_short", "offset": 6, "size": 2}"#,
        r#"{"name": "revents", "ty": "c_short", "offset": 6, "size": 1}"#,
    )?;
    let file = branch.file()?;
    let stale = file.replace("const-EV_ADD-", "const-EV_PUT-");
    let stale = stale.split_once("[[accepted]]").ok_or("no entry")?.1;
    fs::write(
        branch.0.path("codegen/accepted.toml"),
        format!("{file}\n[[accepted]]{stale}"),
    )?;
    let report = branch.json()?;
    assert_eq!(report["gate"]["failures"].as_array().map(Vec::len), Some(2));
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("report.schema.json");
    validate(&report, &ours)?;
    let (_, plain) = branch.run(&["diff", "--format", "json"])?;
    validate(&serde_json::from_str(&plain)?, &ours)?;

    let (status, sarif) = branch.gate(&["--format", "sarif"])?;
    assert_eq!(status, 1);
    let sarif: Value = serde_json::from_str(&sarif)?;
    validate(&sarif, &sarif_schema()?)?;
    let results = sarif["runs"][0]["results"].as_array().ok_or("no results")?;
    assert_eq!(results.len(), 3, "{sarif}");
    let of = |rule: &str| {
        let found = results.iter().find(|result| result["ruleId"] == rule);
        found.unwrap_or_else(|| panic!("no {rule} in {sarif}"))
    };
    let accepted = of("value-changed");
    assert_eq!(
        accepted["suppressions"][0]["justification"],
        "why (me, until 2027-03-01)"
    );
    assert_eq!(
        accepted["relatedLocations"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(of("field-resized")["level"], "error");
    assert_eq!(
        of("field-resized")["suppressions"],
        Value::Array(Vec::new())
    );
    let entry = &of("accepted-entry")["locations"][0]["physicalLocation"];
    assert_eq!(entry["artifactLocation"]["uri"], "codegen/accepted.toml");
    let rules = &sarif["runs"][0]["tool"]["driver"]["rules"];
    for result in results {
        let index = result["ruleIndex"].as_u64().ok_or("no index")?;
        assert_eq!(rules[usize::try_from(index)?]["id"], result["ruleId"]);
    }
    Ok(())
}

/// Validates a value. Also checks that the schema rejects the value with a key removed.
fn validate(value: &Value, schema: &Path) -> Result {
    let mut schema: Value = serde_json::from_str(&fs::read_to_string(schema)?)?;
    // The pattern of SARIF's `language` is no valid regular expression: `]` is not escaped. The
    // reports do not have that key.
    for object in ["run", "toolComponent"] {
        let language = format!("/definitions/{object}/properties/language");
        if let Some(language) = schema.pointer_mut(&language) {
            language
                .as_object_mut()
                .ok_or("no object")?
                .remove("pattern");
        }
    }
    let validator = jsonschema::validator_for(&schema)?;
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let mut wrong = value.clone();
    let keys = wrong.as_object_mut().ok_or("no object")?;
    keys.remove("rows");
    keys.remove("runs");
    assert!(!validator.is_valid(&wrong), "it accepts anything");
    Ok(())
}

/// The schema of SARIF in a package that Cargo has fetched.
fn sarif_schema() -> Result<std::path::PathBuf> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    assert!(
        metadata.status.success(),
        "{}",
        String::from_utf8_lossy(&metadata.stderr)
    );
    let metadata: Value = serde_json::from_slice(&metadata.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("no packages")?;
    let package = packages
        .iter()
        .find(|package| package["name"] == "serde-sarif");
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    let folder = Path::new(manifest.ok_or("no serde-sarif")?).parent();
    Ok(folder.ok_or("no folder")?.join("src/schema.json"))
}

/// Two folders of this repository's tables, the second one changed, compared.
fn compared(format: &str, change: impl Fn(&Repository) -> Result) -> Result<String> {
    let repository = Repository::whole()?;
    fs::create_dir(repository.path("new"))?;
    for entry in fs::read_dir(repository.path("codegen/snapshots"))? {
        let entry = entry?;
        fs::copy(entry.path(), repository.path("new").join(entry.file_name()))?;
    }
    change(&repository)?;
    let words = ["diff", "codegen/snapshots", "new", "--format", format];
    let output = repository.tool().args(words).output()?;
    let message = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{message}");
    Ok(String::from_utf8(output.stdout)?)
}

/// Targets that one side lacks are not compared, and yet not all of their system.
#[test]
fn removed_targets_are_counted_among_all_of_the_system() -> Result {
    let remove = |repository: &Repository| -> Result {
        for entry in fs::read_dir(repository.path("new"))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // One target stays.
            if name.starts_with("linux-") && name != "linux-x32.json" {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    };
    let report: Value = serde_json::from_str(&compared("json", remove)?)?;
    let row = &report["rows"][0];
    assert_eq!(row["symbol"], "the whole target", "{row}");
    let system = &row["systems"][0];
    let removed = system["targets"].as_array().ok_or("no targets")?.len();
    assert!(removed > 40, "only {removed} were removed");
    assert_eq!(system["of"], removed + 1);
    let text = compared("terminal", remove)?;
    let wanted = format!("linux ({removed} of {} targets: ", removed + 1);
    assert!(text.contains(&wanted), "{wanted:?} is not in {text}");
    Ok(())
}

/// A machine stands for a target only if no other target of that machine lacks the change.
#[test]
fn title_names_the_triple_if_others_have_its_machine() -> Result {
    let change = |group: &'static str| {
        move |repository: &Repository| {
            repository.edit(
                &format!("new/{group}.json"),
                r#"{"name": "EPOLLIN", "ty": "u32", "value": 1}"#,
                r#"{"name": "EPOLLIN", "ty": "u32", "value": 2}"#,
            )
        }
    };
    let page = compared("html", change("linux-x32"))?;
    assert_contains(&page, &[" on linux (x86_64-unknown-linux-gnux32)<"]);
    let page = compared("html", change("linux-s390x"))?;
    assert_contains(&page, &[" on linux (s390x)<"]);
    Ok(())
}
