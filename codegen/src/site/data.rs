//! The data of the scripts, as JavaScript: browsers do not let a page of `file:` read JSON files.

use std::collections::BTreeSet;

use serde::Serialize;

use super::model::{self, Site};
use super::names;
use super::parts::{count, measures, script};

/// `const NAME = …;` with a line for each element of the outermost list.
fn constant<T: Serialize>(name: &str, rows: impl IntoIterator<Item = T>) -> String {
    let rows = rows.into_iter().map(|row| {
        serde_json::to_string(&row).expect("strings, numbers and lists have a form in JSON")
    });
    let rows: Vec<String> = rows.collect();
    format!("const {name} = [\n{}\n];\n", rows.join(",\n"))
}

/// Names and forms of symbols. Lists and not objects: in JavaScript, `__proto__` is no common key.
type Named<'a, T> = Vec<(&'a str, T)>;

/// A group for the comparison.
#[derive(Serialize)]
struct Group<'a> {
    version: usize,
    os: &'a str,
    name: &'a str,
    page: &'a str,
    targets: &'a [String],
    records: Named<'a, usize>,
    constants: Named<'a, String>,
    functions: Named<'a, String>,
}

/// A layout for the comparison.
#[derive(Serialize)]
struct Layout<'a> {
    about: String,
    keyword: &'a str,
    page: String,
    fields: Vec<(&'a str, String)>,
}

/// `data.js`: the versions, groups and layouts.
pub(super) fn compared(site: &Site) -> String {
    let versions = site.versions.iter().map(|version| &version.name);
    let groups = site.groups().map(|(version, group)| Group {
        version,
        os: &group.os,
        name: &group.name,
        page: &group.page,
        targets: &group.targets,
        records: (group.abi.records.iter())
            .filter_map(|record| Some((&*record.name, site.layout(record)?)))
            .collect(),
        constants: (group.abi.constants.iter())
            .map(|item| (&*item.name, model::constant(&item.ty, item.value)))
            .collect(),
        functions: (group.abi.functions.iter())
            .map(|item| (&*item.name, model::function(item)))
            .collect(),
    });
    let layouts = site.records.values().flatten().map(|(record, _)| Layout {
        about: measures(record),
        keyword: record.keyword(),
        page: names::record_page(&record.name),
        fields: (record.fields.iter())
            .map(|field| {
                let (offset, size) = (field.offset, field.size);
                let mut text = format!("{}, offset {offset}, size {size}", field.ty);
                if !field.bits.is_empty() {
                    text.push_str(&format!(", bits {}", field.bits));
                }
                (&*field.name, text)
            })
            .collect(),
    });
    script(
        &[
            constant("ABI_VERSIONS", versions),
            constant("ABI_GROUPS", groups),
            constant("ABI_LAYOUTS", layouts),
        ]
        .concat(),
    )
}

/// `search.js`: kind, name, a remark and the page of everything that can be found.
pub(super) fn searched(site: &Site) -> String {
    let mut rows: Vec<(&str, String, String, String)> = Vec::new();
    for (name, layouts) in &site.records {
        let kind = layouts
            .first()
            .map_or("record", |(record, _)| record.keyword());
        let about = match &layouts[..] {
            [(one, _)] => measures(one),
            several => count(several.len(), "layout"),
        };
        rows.push((kind, name.clone(), about, names::record_page(name)));
    }
    for (kind, symbols, page) in [
        ("const", &site.constants, names::CONSTANTS),
        ("fn", &site.functions, names::FUNCTIONS),
    ] {
        for (name, forms) in symbols {
            let about = match &forms[..] {
                [(one, _)] => one.clone(),
                [(most, _), others @ ..] => format!("{most}, and {} more", others.len()),
                [] => String::new(),
            };
            let page = format!("{page}#{}", names::anchor(kind, name));
            rows.push((kind, name.clone(), about, page));
        }
    }
    for (name, layouts) in &site.records {
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for field in layouts.iter().flat_map(|(record, _)| &record.fields) {
            if known.insert(&field.name) {
                let page = names::record_page(name);
                let page = format!("{page}#{}", names::anchor("field", &field.name));
                let about = format!("{} in {name}", field.ty);
                rows.push(("field", field.name.clone(), about, page));
            }
        }
    }
    let newest = site
        .newest()
        .into_iter()
        .flat_map(|version| &version.groups);
    for group in newest {
        let about = format!("{} {}", group.os, group.name);
        for triple in &group.targets {
            let page = format!("{}#{}", group.page, names::anchor("target", triple));
            rows.push(("target", triple.clone(), about.clone(), page));
        }
        let targets = count(group.targets.len(), "target");
        rows.push(("group", about, targets, group.page.clone()));
    }
    script(&constant("ABI_SEARCH", rows))
}
