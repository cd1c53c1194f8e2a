//! The content of a site: the groups of each version, and every symbol once with its forms.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::names;
use crate::abi::{GroupAbi, Record, TargetAbi};
use crate::snapshot::AbiSnapshot;

/// A group of a version: the index of the version and that of the group in it.
pub(super) type Holder = (usize, usize);

/// The forms of a symbol, each with the groups that have it.
pub(super) type Forms<T> = Vec<(T, Vec<Holder>)>;

/// Everything that the pages show.
#[derive(Debug)]
pub(super) struct Site {
    /// The versions, the oldest first.
    pub(super) versions: Vec<Version>,
    /// The layouts of each record, the one of most targets first.
    pub(super) records: BTreeMap<String, Forms<Record>>,
    /// The types and values of each constant.
    pub(super) constants: BTreeMap<String, Forms<String>>,
    /// The signatures of each function.
    pub(super) functions: BTreeMap<String, Forms<String>>,
    /// Whether `cargo codegen history` has data.
    pub(super) has_history: bool,
}

/// One version.
#[derive(Debug)]
pub(super) struct Version {
    /// Its name.
    pub(super) name: String,
    /// Its groups, by system and name.
    pub(super) groups: Vec<Group>,
    /// The targets that could not be read, by the reason.
    pub(super) unread: BTreeMap<String, Vec<String>>,
}

/// Targets of one system with the same ABI.
#[derive(Debug)]
pub(super) struct Group {
    /// The system.
    pub(super) os: String,
    /// The name of the group.
    pub(super) name: String,
    /// The headers that the ABI was read from.
    pub(super) headers: String,
    /// The triples, sorted.
    pub(super) targets: Vec<String>,
    /// The ABI.
    pub(super) abi: TargetAbi,
    /// The file name of its page.
    pub(super) page: String,
}

impl Site {
    /// The site of these snapshots.
    pub(super) fn new(snapshots: &[AbiSnapshot], has_history: bool) -> Site {
        let newest = snapshots.len().saturating_sub(1);
        let versions: Vec<Version> = snapshots
            .iter()
            .enumerate()
            .map(|(index, snapshot)| version(snapshot, (index != newest).then_some(index)))
            .collect();
        let mut site = Site {
            versions,
            records: BTreeMap::new(),
            constants: BTreeMap::new(),
            functions: BTreeMap::new(),
            has_history,
        };
        let mut records = Collected::new();
        let mut constants = Collected::new();
        let mut functions = Collected::new();
        for (version, held) in site.versions.iter().enumerate() {
            for (index, group) in held.groups.iter().enumerate() {
                let holder = (version, index);
                for item in &group.abi.records {
                    collect(&mut records, &item.name, item.clone(), holder);
                }
                for item in &group.abi.constants {
                    let value = constant(&item.ty, item.value);
                    collect(&mut constants, &item.name, value, holder);
                }
                for item in &group.abi.functions {
                    collect(&mut functions, &item.name, function(item), holder);
                }
            }
        }
        site.records = site.sorted(records);
        site.constants = site.sorted(constants);
        site.functions = site.sorted(functions);
        site
    }

    /// The forms of each symbol, those of most targets first.
    fn sorted<T: Ord>(&self, all: Collected<T>) -> BTreeMap<String, Forms<T>> {
        let sorted = all.into_iter().map(|(name, forms)| {
            let mut forms: Forms<T> = forms.into_iter().collect();
            // A stable sort: forms of as many targets stay in their own order.
            forms.sort_by_key(|(_, holders)| std::cmp::Reverse(self.count(holders)));
            (name, forms)
        });
        sorted.collect()
    }

    /// The number of targets in groups.
    pub(super) fn count(&self, holders: &[Holder]) -> usize {
        let targets = holders
            .iter()
            .map(|holder| self.group(*holder).targets.len());
        targets.sum()
    }

    /// A group.
    pub(super) fn group(&self, (version, group): Holder) -> &Group {
        &self.versions[version].groups[group]
    }

    /// All groups with the indices of their versions.
    pub(super) fn groups(&self) -> impl Iterator<Item = (usize, &Group)> {
        let versions = self.versions.iter().enumerate();
        versions.flat_map(|(index, version)| version.groups.iter().map(move |group| (index, group)))
    }

    /// The newest version.
    pub(super) fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Whether pages have to name versions.
    pub(super) fn has_versions(&self) -> bool {
        self.versions.len() > 1
    }

    /// The index of a layout among all layouts of the site.
    pub(super) fn layout(&self, record: &Record) -> Option<usize> {
        let all = self.records.values().flatten();
        all.map(|(layout, _)| layout)
            .position(|layout| layout == record)
    }
}

/// The forms of each symbol while groups are read.
type Collected<T> = BTreeMap<String, BTreeMap<T, Vec<Holder>>>;

/// Adds a form.
fn collect<T: Ord>(all: &mut Collected<T>, name: &str, form: T, holder: Holder) {
    let forms = all.entry(name.to_owned()).or_default();
    forms.entry(form).or_default().push(holder);
}

/// Type and value of a constant.
pub(super) fn constant(ty: &str, value: i128) -> String {
    format!("{ty} = {value}")
}

/// The signature of a function, with its link name if that is another one.
pub(super) fn function(function: &crate::abi::Function) -> String {
    let signature = function.signature(false);
    if function.link_name == function.name {
        return signature;
    }
    format!("{signature}, linked as {}", function.link_name)
}

/// One version. Targets that a header pack describes one by one are merged to groups.
fn version(snapshot: &AbiSnapshot, older: Option<usize>) -> Version {
    /// The targets of one ABI.
    type Equal<'a> = (&'a Rc<GroupAbi>, Vec<String>);
    let mut merged: BTreeMap<(&str, &str), Vec<Equal<'_>>> = BTreeMap::new();
    for (triple, seen) in &snapshot.targets {
        let alike = merged.entry((&seen.os, &seen.group)).or_default();
        let same = |other: &GroupAbi| other.abi == seen.abi && other.headers == seen.headers;
        match alike.iter_mut().find(|(other, _)| same(other)) {
            Some((_, targets)) => targets.push(triple.clone()),
            None => alike.push((seen, vec![triple.clone()])),
        }
    }
    let mut groups = Vec::new();
    for ((os, name), alike) in merged {
        for (index, (seen, targets)) in alike.into_iter().enumerate() {
            let name = match index {
                0 => name.to_owned(),
                more => format!("{name} ({})", more + 1),
            };
            groups.push(Group {
                page: names::group_page(os, &name, older),
                os: os.to_owned(),
                name,
                headers: seen.headers.clone(),
                targets,
                abi: seen.abi.clone(),
            });
        }
    }
    let mut unread: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (triple, why) in &snapshot.unread {
        unread.entry(why.clone()).or_default().push(triple.clone());
    }
    Version {
        name: snapshot.name.clone(),
        groups,
        unread,
    }
}
