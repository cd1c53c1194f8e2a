//! Reads the pages as a browser does: no parse error, unique identifiers, links that resolve, and
//! no symbol name that becomes markup or script.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use scraper::{Html, Selector};

use super::*;
use crate::abi::{Constant, Field, Function, GroupAbi, Record, TargetAbi};
use crate::abi_diff::same_type;

/// The snapshots of this repository.
fn snapshot(name: &str) -> AbiSnapshot {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    AbiSnapshot::of_folder(name.to_owned(), &folder).unwrap()
}

/// A page as a browser reads it.
struct Page {
    /// Its text.
    text: String,
    /// Its tree.
    tree: Html,
}

/// The pages of a site by name, without scripts and styles.
fn parsed(files: &Tree) -> BTreeMap<String, Page> {
    let pages = files.iter().filter_map(|(path, text)| {
        let name = path.to_str()?;
        let tree = name
            .ends_with(".html")
            .then(|| Html::parse_document(text))?;
        let text = text.clone();
        Some((name.to_owned(), Page { text, tree }))
    });
    pages.collect()
}

/// The values of an attribute of all elements that a selector matches.
fn values<'a>(page: &'a Page, selector: &str, attribute: &str) -> Vec<&'a str> {
    let selector = Selector::parse(selector).unwrap();
    let elements = page.tree.select(&selector);
    elements
        .filter_map(|element| element.attr(attribute))
        .collect()
}

/// Asserts that each page is well-formed, and that its identifiers and links are right.
fn assert_sound(files: &Tree) {
    let pages = parsed(files);
    let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, page) in &pages {
        assert!(
            page.tree.errors.is_empty(),
            "{name}: {:?}",
            page.tree.errors
        );
        let known = ids.entry(name).or_default();
        for id in values(page, "[id]", "id") {
            assert!(known.insert(id), "{name} has #{id} twice");
        }
        for (selector, why) in [
            ("[style]", "a style that the policy forbids"),
            ("script:not([src])", "a script that the policy forbids"),
            (
                "[onclick], [onload], [onerror]",
                "a handler that the policy forbids",
            ),
        ] {
            let selector = Selector::parse(selector).unwrap();
            assert!(
                page.tree.select(&selector).next().is_none(),
                "{name}: {why}"
            );
        }
        assert!(
            page.text.contains("http-equiv=\"Content-Security-Policy\""),
            "{name}"
        );
    }
    let mut links = 0;
    for (name, page) in &pages {
        let targets = values(page, "[href]", "href");
        for target in targets.into_iter().chain(values(page, "[src]", "src")) {
            links += 1;
            let (file, part) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { name } else { file };
            assert!(
                files.contains_key(Path::new(file)),
                "{name} links to {target}"
            );
            // compare.js reads the part behind # of its page.
            if !part.is_empty() && file != "compare.html" {
                assert!(ids[file].contains(part), "{name} links to {target}");
            }
        }
        for field in values(page, "label", "for") {
            assert!(ids[&**name].contains(field), "{name} labels {field}");
        }
    }
    assert!(links > pages.len(), "{links} links");
    let search = &files[Path::new("search.js")];
    for row in rows(search, "ABI_SEARCH") {
        let target = row[3].as_str().unwrap();
        let (file, part) = target.split_once('#').unwrap_or((target, ""));
        let known = ids.get(file).unwrap_or_else(|| panic!("{row} has no page"));
        assert!(part.is_empty() || known.contains(part), "{row}");
    }
}

/// The list of this name in a script.
fn rows(script: &str, name: &str) -> Vec<serde_json::Value> {
    let (_, rest) = script.split_once(&format!("const {name} = ")).unwrap();
    let (list, _) = rest.split_once(";\n").unwrap();
    serde_json::from_str(list).unwrap()
}

#[test]
fn pages_of_this_repository_are_sound_small_and_reproducible() {
    let files = pages(&[snapshot("the working tree")], true);
    assert_sound(&files);
    assert_eq!(files, pages(&[snapshot("the working tree")], true));
    let size: usize = files.values().map(String::len).sum();
    assert!(size < 3_000_000, "{size} bytes");
    assert!(files.values().all(|text| text.contains(parts::MARK)));
    let page = &files[Path::new("record-epoll_event.html")];
    assert!(page.contains("Differs from layout 1 on linux (x32, x86_64)"));
    assert!(page.contains("size 16 → 12"));
    assert!(page.contains("cargo codegen history "));
    let sides = "a=arm-linux-androideabi&amp;b=x86_64-unknown-linux-gnux32";
    assert!(
        page.contains(&format!("compare.html#{sides}&amp;record=epoll_event")),
        "the comparison is one of the same system"
    );
    let all = rows(&files[Path::new("search.js")], "ABI_SEARCH");
    for (kind, name) in [
        ("struct", "epoll_event"),
        ("field", "udata"),
        ("const", "EV_ADD"),
        ("fn", "epoll_ctl"),
        ("target", "s390x-unknown-linux-gnu"),
        ("group", "windows bits64"),
    ] {
        let found = all.iter().any(|row| row[0] == kind && row[1] == name);
        assert!(found, "the search does not find {kind} {name}");
    }
}

#[test]
fn versions_have_pages_of_their_own() {
    let old = snapshot("main");
    let mut new = snapshot("the working tree");
    for group in new.targets.values_mut() {
        let mut changed = GroupAbi::clone(group);
        for record in &mut changed.abi.records {
            if record.name == "epoll_event" {
                record.size += 4;
            }
        }
        changed
            .abi
            .constants
            .retain(|constant| constant.name != "EPOLLET");
        *group = changed.into();
    }
    new.unread
        .insert("x-y-z".to_owned(), "clang <cannot> read it".to_owned());
    let files = pages(&[old, new], false);
    assert_sound(&files);
    let page = &files[Path::new("record-epoll_event.html")];
    assert!(page.contains("av=main&amp;bv=the%20working%20tree"));
    assert!(!page.contains("cargo codegen history"));
    assert!(files.contains_key(Path::new("group-linux.x86_64.v0.html")));
    let constants = &files[Path::new("constants.html")];
    let (_, rest) = constants.split_once("id=\"const-EPOLLET\"").unwrap();
    let (section, _) = rest.split_once("</article>").unwrap();
    assert!(
        section.contains("main") && !section.contains("the working tree"),
        "{section}"
    );
    assert!(files[Path::new("index.html")].contains("clang &lt;cannot&gt; read it"));
}

#[test]
fn script_knows_the_same_types_as_a_report() {
    let script = include_str!("compare.js");
    let (_, rest) = script.split_once("const TYPES = {").unwrap();
    let (table, _) = rest.split_once("};").unwrap();
    let mut pairs = 0;
    for entry in table
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
    {
        let (name, plain) = entry.split_once(": ").unwrap();
        let plain = plain.trim_matches('"');
        assert!(same_type(name, plain), "{name} is not {plain}");
        pairs += 1;
    }
    assert_eq!(pairs, 8);
    assert!(!table.contains("c_long:") && !same_type("c_long", "i64"));
}

/// Names that would be markup, script or another key if they were not escaped.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z_<>&\"' /#;=`{}\\\\.-]{1,12}",
        Just("</script><script>alert(1)</script>".to_owned()),
        Just("<img src=x onerror=alert(1)>".to_owned()),
        Just("__proto__".to_owned()),
        Just("\u{2028}\"];alert(1);//".to_owned()),
    ]
}

/// A snapshot in which everything has such a name.
fn hostile_snapshot() -> impl Strategy<Value = AbiSnapshot> {
    let names = proptest::collection::vec(hostile(), 12);
    (names, 0..40_u64, any::<bool>(), any::<i64>()).prop_map(|(names, size, union, value)| {
        let name = |index: usize| names[index].clone();
        let mut fields = Vec::new();
        for (index, offset) in [(4, 0), (5, 3)] {
            if fields
                .iter()
                .any(|field: &Field| field.name == names[index])
            {
                continue;
            }
            fields.push(Field {
                name: name(index),
                ty: name(6),
                offset,
                size: size.saturating_sub(offset).min(9),
                bits: name(7),
            });
        }
        let record = Record {
            name: name(0),
            union,
            repr: name(1),
            size,
            align: 1,
            fields,
        };
        let function = Function {
            name: name(2),
            link_name: name(3),
            returns: name(8),
            variadic: union,
            parameters: vec![(String::new(), name(6))],
        };
        let constant = Constant {
            name: name(9),
            ty: name(6),
            value: value.into(),
        };
        let group = |targets: Vec<String>, record: Record| GroupAbi {
            note: String::new(),
            os: name(10),
            group: name(11),
            headers: name(8),
            targets,
            abi: TargetAbi {
                records: vec![record],
                functions: vec![function.clone()],
                constants: vec![constant.clone()],
                ..TargetAbi::default()
            },
        };
        let mut other = record.clone();
        other.size += 1;
        let groups = vec![
            group(vec![format!("1{}", name(1))], record),
            group(vec![format!("2{}", name(2))], other),
        ];
        AbiSnapshot::of_groups(name(3), groups)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(64)
    })]
    #[test]
    fn names_never_become_markup_or_script(snapshot in hostile_snapshot()) {
        let files = pages(&[snapshot], false);
        assert_sound(&files);
        for (name, page) in parsed(&files) {
            // A name as markup would add an element that no page has.
            let all = Selector::parse("img, script").unwrap();
            for element in page.tree.select(&all) {
                prop_assert_eq!(element.value().name(), "script", "{}", name);
                let source = element.attr("src").unwrap_or_default();
                prop_assert!(files.contains_key(Path::new(source)), "{}", source);
            }
        }
        let data = &files[Path::new("data.js")];
        prop_assert_eq!(rows(data, "ABI_GROUPS").len(), 2);
        prop_assert_eq!(rows(data, "ABI_LAYOUTS").len(), 2);
    }
}

/// The files of a folder.
fn listed(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn only_files_of_a_site_are_replaced() {
    let root = tempfile::tempdir().unwrap();
    let site = root.path().join("new/site");
    let page = |name: &str| Tree::from([(name.into(), format!("{} {name}", parts::MARK))]);
    folder::write(&site, page("old.html")).unwrap();
    folder::write(&site, page("new.html")).unwrap();
    assert_eq!(listed(&site), ["new.html"], "a page of an earlier run goes");

    std::fs::write(site.join("notes"), "mine").unwrap();
    let error = folder::write(&site, page("next.html")).unwrap_err();
    assert!(
        error.to_string().contains("holds notes, which is no page"),
        "{error}"
    );
    assert_eq!(listed(&site), ["new.html", "notes"]);

    let error = folder::check(&site.join("notes")).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("notes is not a folder; nothing was written"),
        "{error}"
    );
    assert!(folder::check(&site.join("notes/below")).is_err());

    // A folder below is of another origin, too.
    std::fs::remove_file(site.join("notes")).unwrap();
    std::fs::create_dir(site.join("empty")).unwrap();
    assert!(folder::write(&site, page("next.html")).is_err());
    assert_eq!(listed(&site), ["empty", "new.html"]);
}
