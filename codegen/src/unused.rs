//! Finds lines of a symbol file that have no effect on any target of the system: a misspelled or
//! stale name that a `?` excuses on each target, a field that no record has, and a table without
//! constants.

use std::collections::BTreeSet;

use crate::abi::TargetAbi;
use crate::error::Error;
use crate::input_error::InputError;
use crate::symbols::{Kind, Symbol};

/// Fails if a line of `file` has no effect. `all` are the ABIs of all targets of the system `os`.
pub(crate) fn check(
    os: &str,
    file: &str,
    symbols: &[Symbol],
    all: &[&TargetAbi],
) -> Result<(), Error> {
    let bound = Bound::of(all);
    let unused = symbols.iter().filter_map(|symbol| {
        Some(Error::Input(InputError::Unused {
            file: file.to_owned(),
            line: symbol.line,
            why: bound.why_unused(os, symbols, symbol)?,
        }))
    });
    Error::all(unused.collect())
}

/// The names that at least one target has.
#[derive(Debug, Default)]
struct Bound<'a> {
    /// Constants.
    constants: BTreeSet<&'a str>,
    /// Functions.
    functions: BTreeSet<&'a str>,
    /// Records.
    records: BTreeSet<&'a str>,
    /// Records with their fields.
    fields: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Bound<'a> {
    /// The names of these ABIs.
    fn of(all: &[&'a TargetAbi]) -> Bound<'a> {
        let mut bound = Bound::default();
        for facts in all {
            let constants = facts.constants.iter();
            bound.constants.extend(constants.map(|item| &*item.name));
            let functions = facts.functions.iter();
            bound.functions.extend(functions.map(|item| &*item.name));
            for record in &facts.records {
                bound.records.insert(&record.name);
                let fields = record.fields.iter();
                let fields = fields.map(|field| (&*record.name, &*field.name));
                bound.fields.extend(fields);
            }
        }
        bound
    }

    /// Why the line of `symbol` has no effect. None if it has one.
    fn why_unused(&self, os: &str, symbols: &[Symbol], symbol: &Symbol) -> Option<String> {
        let name = &*symbol.name;
        let has = |names: &BTreeSet<&str>| names.contains(name);
        let is_bound = match &symbol.kind {
            // A required symbol that a target lacks is an error of that target.
            _ if !symbol.partial && !matches!(symbol.kind, Kind::Field(_) | Kind::Names(_)) => true,
            Kind::Constant(_) => has(&self.constants),
            Kind::Function => has(&self.functions),
            Kind::Record => has(&self.records),
            Kind::Field(_) => return self.why_field(os, name),
            Kind::Names(ty) => {
                let is_member = |member: &&Symbol| {
                    member.is_in_table(symbol.prefix(), ty)
                        && self.constants.contains(&*member.name)
                };
                if symbols.iter().any(|member| is_member(&member)) {
                    return None;
                }
                let prefix = symbol.prefix();
                return Some(format!(
                    "`{name}`: no target of {os} has a listed `const {ty}` whose name begins \
                     with `{prefix}`"
                ));
            }
        };
        let source = &symbol.source;
        (!is_bound).then(|| format!("no target of {os} has `{name}` of {source}"))
    }

    /// Why the line of a field has no effect.
    fn why_field(&self, os: &str, name: &str) -> Option<String> {
        let (record, field) = name.split_once('.')?;
        if self.fields.contains(&(record, field)) {
            return None;
        }
        Some(if self.records.contains(record) {
            format!("`{record}` has no field `{field}` on any target of {os}")
        } else {
            format!("`{name}`: no target of {os} has a record `{record}` in its bindings")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{Constant, Field, Record};
    use crate::symbols;

    /// The errors of a list about two targets: one has a record `s` with the field `a`, the other
    /// one the constants `EV_ADD` and `EVFILT`.
    fn errors(list: &str) -> Vec<String> {
        let constant = |name: &str| Constant {
            name: name.to_owned(),
            ty: "c_int".to_owned(),
            value: 1,
        };
        let record = Record {
            name: "s".to_owned(),
            union: false,
            repr: "C".to_owned(),
            size: 4,
            align: 4,
            fields: vec![Field {
                name: "a".to_owned(),
                ty: "c_int".to_owned(),
                offset: 0,
                size: 4,
                bits: String::new(),
            }],
        };
        let one = TargetAbi {
            records: vec![record],
            ..TargetAbi::default()
        };
        let two = TargetAbi {
            constants: vec![constant("EVFILT"), constant("EV_ADD")],
            ..TargetAbi::default()
        };
        let symbols = symbols::parse("s.txt", list).expect("the list is valid");
        match check("vax", "s.txt", &symbols, &[&one, &two]) {
            Ok(()) => Vec::new(),
            Err(error) => error.to_string().lines().map(str::to_owned).collect(),
        }
    }

    #[test]
    fn lines_that_one_target_needs_are_used() {
        let list = "EV_ADD const? int x(2) # w\nEV_NAMES names int EV_* # w\ns record? <s.h> # w\n\
            s.a field unsigned x(2) # w\n";
        assert_eq!(errors(list), Vec::<String>::new());
    }

    #[test]
    fn lines_without_an_effect_are_named() {
        let list = "# head\nEVFILT const? short x(2) # w\nEV_ADD const? int x(2) # w\n\
            EV_GONE const? int x(2) # w\nEV_NAMES names short EV_* # w\nf fn? x(2) # w\n\
            s record? <s.h> # w\ns.b field int x(2) # w\nt.a field int x(2) # w\n";
        let end = ", so the line has no effect";
        let wanted = [
            "s.txt:4: no target of vax has `EV_GONE` of x(2)",
            "s.txt:5: `EV_NAMES`: no target of vax has a listed `const short` whose name begins \
             with `EV_`",
            "s.txt:6: no target of vax has `f` of x(2)",
            "s.txt:8: `s` has no field `b` on any target of vax",
            "s.txt:9: `t.a`: no target of vax has a record `t` in its bindings",
        ];
        assert_eq!(errors(list), wanted.map(|line| format!("{line}{end}")));
    }
}
