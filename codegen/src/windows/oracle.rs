//! The headers of mingw-w64, as a second witness: clang says how large each record is, where its fields are, what each constant is
//! worth, and how many bytes a call of each function passes.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::layout::{self, Machine};
use super::metadata::{Parsed, mask, wrong};
use super::reach::{self, in_c, is_anonymous};
use crate::abi::Facts;
use crate::error::Error;
use crate::symbols::Kind;
use crate::unix::Request;

/// Fails where clang says otherwise.
pub(super) fn check(
    request: &Request<'_>,
    facts: &Facts,
    parsed: &Parsed,
    machine: Machine,
    known: &Known,
) -> Result<(), Error> {
    let questions = questions(request, facts, parsed, machine)?;
    let answers = known.answers(request, &questions, machine)?;
    compare(request.triple, &questions, &answers.numbers)?;
    for function in &parsed.functions {
        let ours = layout::call(parsed, function, machine)?;
        compare_call(request.triple, &function.name, &ours, &answers.calls)?;
    }
    Ok(())
}

/// What clang has said.
#[derive(Debug, Clone, Default)]
struct Answers {
    /// Of each question, in order. None where the headers know no such record or field and need not.
    numbers: Vec<Option<i128>>,
    /// What a call passes, by function.
    calls: BTreeMap<String, String>,
}

/// Answers that clang has given. Triples that it calls by one name are asked once.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<BTreeMap<(String, String), Answers>>);

impl Known {
    /// What clang answers.
    fn answers(
        &self,
        request: &Request<'_>,
        questions: &[Question],
        machine: Machine,
    ) -> Result<Answers, Error> {
        let text = text(request, questions, &BTreeSet::new());
        let key = (request.clang.to_owned(), text);
        // Held while clang runs, so that nobody asks the same meanwhile.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answers) = known.get(&key) {
            return Ok(answers.clone());
        }
        let answers = ask_all(request, questions, machine)?;
        known.insert(key, answers.clone());
        Ok(answers)
    }
}

/// Fails if the headers do not declare the function, or pass something else.
fn compare_call(
    triple: &str,
    name: &str,
    ours: &str,
    calls: &BTreeMap<String, String>,
) -> Result<(), Error> {
    let theirs = calls.get(name).map_or("nothing", String::as_str);
    if ours == theirs {
        return Ok(());
    }
    Err(wrong(format!(
        "{triple}: a call of {name} passes {ours} by the metadata and {theirs} by the headers of mingw-w64, in bytes"
    )))
}

/// Fails at the first difference.
fn compare(triple: &str, questions: &[Question], answers: &[Option<i128>]) -> Result<(), Error> {
    for (question, answer) in questions.iter().zip(answers) {
        let Some(answer) = answer else {
            continue;
        };
        let mask = mask(question.size);
        if question.expected & mask != answer & mask {
            return Err(Error::Disagree {
                target: triple.to_owned(),
                what: question.what.clone(),
                metadata: question.expected,
                headers: *answer,
            });
        }
    }
    Ok(())
}

/// What clang is asked.
struct Question {
    /// In words.
    what: String,
    /// In C.
    in_c: String,
    /// The metadata's answer.
    expected: i128,
    /// How many bytes of the answer count: a signed constant is as wide as a pointer by then.
    size: u64,
    /// Whether the headers may not know it: it was not asked for by name, and mingw-w64 spells it otherwise.
    optional: bool,
}

impl Question {
    /// One whose whole answer counts.
    fn new(what: String, in_c: String, expected: impl Into<i128>) -> Question {
        let expected = expected.into();
        Question {
            what,
            in_c,
            expected,
            size: 8,
            optional: false,
        }
    }
}

/// Everything that is to be asked.
fn questions(
    request: &Request<'_>,
    facts: &Facts,
    parsed: &Parsed,
    machine: Machine,
) -> Result<Vec<Question>, Error> {
    let mut all = Vec::new();
    let ways = reach::ways(&facts.records);
    let asked: BTreeSet<&str> = request
        .symbols
        .iter()
        .filter(|symbol| symbol.kind == Kind::Record)
        .map(|symbol| symbol.name.as_str())
        .collect();
    for record in &facts.records {
        let name = &record.name;
        let Some(way) = ways.get(name.as_str()) else {
            continue;
        };
        let mut ask = |what: String, in_c: String, expected: u64| {
            let mut question = Question::new(what, in_c, expected);
            question.optional = !asked.contains(name.as_str());
            all.push(question);
        };
        let ty = &way.ty;
        if way.whole {
            ask(
                format!("size of {name}"),
                format!("sizeof({ty})"),
                record.size,
            );
            let in_c = format!("_Alignof({ty})");
            ask(format!("alignment of {name}"), in_c, record.align);
        }
        for field in &record.fields {
            // C has no name for it; what is inside is asked for by itself.
            if is_anonymous(&field.name) {
                continue;
            }
            let member = in_c(&field.name);
            ask(
                format!("offset of {name}.{member}"),
                format!("__builtin_offsetof({ty}, {member})"),
                way.base + field.offset,
            );
            ask(
                format!("size of {name}.{member}"),
                format!("sizeof((({ty} *)0)->{member})"),
                field.size,
            );
        }
    }
    for constant in &facts.constants {
        let name = &constant.name;
        let question = format!("(ULONG_PTR)({name})");
        let mut question = Question::new(format!("value of {name}"), question, constant.value);
        question.size = parsed.size_of_constant(name, machine)?;
        all.push(question);
    }
    Ok(all)
}

const PREFIX: &str = "answer_";

/// The questions as a text in C.
fn text(request: &Request<'_>, questions: &[Question], dropped: &BTreeSet<usize>) -> String {
    let header = request
        .header
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    let mut text = format!("#include \"{header}\"\n");
    for (index, question) in questions.iter().enumerate() {
        // A line for each, so that an error's line tells which one it is about.
        if dropped.contains(&index) {
            text.push('\n');
            continue;
        }
        text.push_str(&format!(
            "static const unsigned long long {PREFIX}{index} = (unsigned long long)({});\n",
            question.in_c
        ));
    }
    text
}

/// Has clang answer the questions, without those that it does not understand and need not.
fn ask_all(
    request: &Request<'_>,
    questions: &[Question],
    machine: Machine,
) -> Result<Answers, Error> {
    let mut dropped = BTreeSet::new();
    loop {
        let text = text(request, questions, &dropped);
        let error = match ask(request, questions, machine, &text) {
            Err(Error::Clang { why, .. }) => why,
            other => return other,
        };
        let before = dropped.len();
        for index in lines_of(&error) {
            if questions
                .get(index)
                .is_some_and(|question| question.optional)
            {
                dropped.insert(index);
            } else {
                dropped.clear();
                break;
            }
        }
        if dropped.len() <= before {
            return Err(Error::Clang {
                target: request.triple.to_owned(),
                why: error,
            });
        }
    }
}

/// The questions that an error is about.
fn lines_of(error: &str) -> Vec<usize> {
    let line = |line: &str| {
        let (_, rest) = line.split_once("questions.h:")?;
        let (number, rest) = rest.split_once(':')?;
        // The first line includes our header.
        let number: usize = number.parse().ok()?;
        rest.contains(" error: ").then_some(number.checked_sub(2)?)
    };
    error.lines().filter_map(line).collect()
}

/// Has clang read the text. The answers in order.
fn ask(
    request: &Request<'_>,
    questions: &[Question],
    machine: Machine,
    text: &str,
) -> Result<Answers, Error> {
    if let Some(missing) = request.include.iter().find(|path| !path.is_dir()) {
        return Err(Error::IncludeDir {
            target: request.triple.to_owned(),
            path: missing.clone(),
        });
    }
    let folder = request.header.parent().unwrap_or(Path::new("."));
    let mut arguments = vec![
        format!("--target={}", request.clang),
        "-nostdinc".to_owned(),
        "-ferror-limit=0".to_owned(),
        "-iquote".to_owned(),
        folder.display().to_string(),
    ];
    for path in request.include {
        arguments.extend(["-isystem".to_owned(), path.display().to_string()]);
    }
    arguments.extend(request.flags.iter().map(|flag| (*flag).to_owned()));
    let mut builder = bindgen::Builder::default()
        .header_contents("/mio-codegen/questions.h", text)
        .clang_args(arguments)
        .detect_include_paths(false)
        .disable_header_comment()
        .generate_comments(false)
        .layout_tests(false)
        .formatter(bindgen::Formatter::None)
        .allowlist_var(format!("{PREFIX}.*"));
    for symbol in request.symbols {
        if symbol.kind == Kind::Function {
            builder = builder.allowlist_function(&symbol.name);
        }
    }
    let failed = |why: String| Error::Clang {
        target: request.triple.to_owned(),
        why,
    };
    let bindings = catch_unwind(AssertUnwindSafe(|| builder.generate()))
        .map_err(|_| failed("bindgen panicked (its message is above)".to_owned()))?
        .map_err(|error| failed(error.to_string().trim().to_owned()))?;
    let text = bindings.to_string();
    let declared = Parsed::read(&text)?;
    let mut calls = BTreeMap::new();
    for function in &declared.functions {
        let call = layout::call(&declared, function, machine)?;
        calls.insert(function.name.clone(), call);
    }
    let file = syn::parse_file(&text).map_err(|error| failed(error.to_string()))?;
    let mut found = BTreeMap::new();
    for item in file.items {
        if let syn::Item::Const(item) = item {
            if let syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Int(number),
                ..
            }) = &*item.expr
            {
                if let Ok(value) = number.base10_parse::<i128>() {
                    found.insert(item.ident.to_string(), value);
                }
            }
        }
    }
    let numbers = questions
        .iter()
        .enumerate()
        .map(
            |(index, question)| match found.get(&format!("{PREFIX}{index}")) {
                None if !question.optional => Err(failed(format!("no {}", question.what))),
                answer => Ok(answer.copied()),
            },
        )
        .collect::<Result<_, _>>()?;
    Ok(Answers { numbers, calls })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_call_stops_the_run() {
        let calls = BTreeMap::from([("f".to_owned(), "(8, 4) -> 4".to_owned())]);
        compare_call("vax", "f", "(8, 4) -> 4", &calls).unwrap();
        let said = compare_call("vax", "f", "(8, 8) -> 4", &calls).unwrap_err();
        assert!(
            said.to_string().contains("f passes (8, 8) -> 4 by"),
            "{said}"
        );
        assert!(compare_call("vax", "g", "() -> 4", &calls).is_err());
    }

    #[test]
    fn a_disagreement_stops_the_run() {
        let questions = [
            Question::new("size of S".to_owned(), String::new(), 8),
            Question {
                // As wide as a pointer by then.
                size: 4,
                ..Question::new("value of C".to_owned(), String::new(), -1)
            },
        ];
        let agreed = [Some(8), Some(0xffff_ffff_ffff_ffff)];
        compare("vax", &questions, &agreed).unwrap();
        let said = compare("vax", &questions, &[Some(12), agreed[1]]).unwrap_err();
        let text = "vax: size of S is 8 by the metadata of Windows and 12 by the headers";
        assert!(said.to_string().starts_with(text), "{said}");
        assert!(compare("vax", &questions, &[Some(8), Some(7)]).is_err());
        compare("vax", &questions, &[None, None]).unwrap();
    }

    #[test]
    fn errors_are_about_questions() {
        let said = "questions.h:4:3: error: no member named 'data1' in 'struct _GUID'\n\
            x.h:3:1: error: no\nquestions.h:5:3: note: here\nquestions.h:2:3: error: no\n";
        assert_eq!(lines_of(said), [2, 0]);
    }
}
