//! Run-length coding of a history: a declaration that several versions and targets share is stored
//! once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::store::{Facts, History, Item, Version};

/// A declaration that consecutive versions have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    /// The index of the first version.
    from: usize,
    /// The index of the last version.
    to: usize,
    /// The index of the set of targets that have it. A target that a version does not have is left
    /// out there.
    on: usize,
    /// The declaration.
    is: Item,
}

/// What one target has of one name, in each version: the index of a declaration, `None` if it has
/// none, and no entry if the target was not read.
type Column = BTreeMap<usize, Option<usize>>;

/// The sets of targets, and the runs sorted by name.
pub(super) fn compress(history: &History) -> (Vec<Vec<usize>>, Vec<Run>) {
    // By kind and name, since a record and a function may share a name.
    let mut names: BTreeMap<(String, &str), Vec<&Item>> = BTreeMap::new();
    for (_, facts) in &history.versions {
        for item in facts.values().flatten() {
            let known = names
                .entry((item.name().to_owned(), item.kind()))
                .or_default();
            if !known.contains(&item) {
                known.push(item);
            }
        }
    }
    let (mut sets, mut runs) = (Vec::<Vec<usize>>::new(), Vec::new());
    for ((name, kind), items) in &names {
        // Targets whose columns do not contradict each other share their runs.
        let mut classes: Vec<(Vec<usize>, Column)> = Vec::new();
        for (index, triple) in history.targets.iter().enumerate() {
            let column = column(history, triple, name, kind, items);
            let agrees = |known: &Column| {
                column
                    .iter()
                    .all(|(version, is)| known.get(version).is_none_or(|has| has == is))
            };
            match classes.iter_mut().find(|(_, known)| agrees(known)) {
                Some((targets, known)) => {
                    targets.push(index);
                    known.extend(column);
                }
                None => classes.push((vec![index], column)),
            }
        }
        for (targets, column) in classes {
            let found = runs_of(&column);
            if found.is_empty() {
                continue;
            }
            let on = sets
                .iter()
                .position(|set| *set == targets)
                .unwrap_or_else(|| {
                    sets.push(targets);
                    sets.len() - 1
                });
            runs.extend(found.into_iter().map(|(from, to, is)| Run {
                from,
                to,
                on,
                is: items[is].clone(),
            }));
        }
    }
    (sets, runs)
}

/// The column of a target.
fn column(history: &History, triple: &str, name: &str, kind: &str, items: &[&Item]) -> Column {
    let mut column = Column::new();
    for (index, (_, facts)) in history.versions.iter().enumerate() {
        let Some(facts) = facts.get(triple) else {
            continue;
        };
        let mut found = facts.iter();
        let item = found.find(|item| item.name() == name && item.kind() == kind);
        let item = item.and_then(|item| items.iter().position(|known| *known == item));
        column.insert(index, item);
    }
    column
}

/// The runs of a column: first version, last version, index of the declaration. Versions without an
/// entry do not end a run.
fn runs_of(column: &Column) -> Vec<(usize, usize, usize)> {
    let mut runs: Vec<(usize, usize, usize)> = Vec::new();
    let mut last = None;
    for (version, is) in column {
        match (is, runs.last_mut()) {
            (Some(is), Some(run)) if last == Some(*is) => {
                run.1 = *version;
            }
            (Some(is), _) => runs.push((*version, *version, *is)),
            (None, _) => {}
        }
        last = *is;
    }
    runs
}

/// Adds the runs to the versions. An error is the reason why a run is invalid.
pub(super) fn expand(
    runs: &[Run],
    sets: &[Vec<usize>],
    targets: &[String],
    versions: &mut [(Version, Facts)],
) -> Result<(), String> {
    for run in runs {
        let wrong = || {
            format!(
                "the run of `{}` names no version or set of this file",
                run.is.name()
            )
        };
        let versions = versions.get_mut(run.from..=run.to).ok_or_else(wrong)?;
        for index in sets.get(run.on).ok_or_else(wrong)? {
            let triple = targets.get(*index).ok_or_else(wrong)?;
            for (_, facts) in versions.iter_mut() {
                if let Some(items) = facts.get_mut(triple) {
                    items.push(run.is.clone());
                }
            }
        }
    }
    Ok(())
}
