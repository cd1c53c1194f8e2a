//! The headers of mingw-w64, as a second witness: clang says how large each record is, where its fields are, what each constant is
//! worth, and how many bytes a call of each function passes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use clang::{EntityKind, EvaluationResult, Type, TypeKind};

use super::layout::{self, Machine};
use super::parsed::{Parsed, mask, wrong};
use super::reach::{self, in_c, is_anonymous};
use crate::abi::TargetAbi;
use crate::error::Error;
use crate::front::{self, Complaint};
use crate::symbols::Kind;
use crate::unix::Request;

/// Fails where clang says otherwise.
pub(super) fn check(
    request: &Request<'_>,
    facts: &TargetAbi,
    parsed: &Parsed,
    machine: Machine,
    known: &Known,
) -> Result<(), Error> {
    let questions = questions(request, facts, parsed, machine)?;
    let answers = known.answers(request, &questions, machine)?;
    let mut wrong = compare(request.triple, &questions, &answers.numbers);
    for function in &parsed.functions {
        let ours = layout::call(parsed, function, machine)?;
        wrong.extend(compare_call(&function.name, &ours, &answers.calls));
    }
    Error::all(wrong)
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
        let text = text(request, questions)?;
        let key = (request.clang.to_owned(), text);
        // Held while clang runs, so that nobody asks the same meanwhile.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answers) = known.get(&key) {
            return Ok(answers.clone());
        }
        let answers = ask(request, questions, machine, &key.1)?;
        known.insert(key, answers.clone());
        Ok(answers)
    }
}

/// The error if the headers do not declare the function, or pass something else.
fn compare_call(name: &str, ours: &str, calls: &BTreeMap<String, String>) -> Option<Error> {
    let theirs = calls.get(name).map_or("nothing", String::as_str);
    (ours != theirs).then(|| wrong(format!(
        "a call of {name} passes {ours} by the metadata and {theirs} by the headers of mingw-w64, in bytes"
    )))
}

/// All differences.
fn compare(triple: &str, questions: &[Question], answers: &[Option<i128>]) -> Vec<Error> {
    let mut wrong = Vec::new();
    for (question, answer) in questions.iter().zip(answers) {
        let Some(answer) = answer else {
            continue;
        };
        let mask = mask(question.size);
        if question.expected & mask != answer & mask {
            wrong.push(Error::Disagree {
                target: triple.to_owned(),
                what: question.what.clone(),
                metadata: question.expected,
                headers: *answer,
            });
        }
    }
    wrong
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
    facts: &TargetAbi,
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

/// Prefix of an answer.
const PREFIX: &str = "answer_";
/// What `#line` calls the lines of the questions.
const LINES: &str = "mio-codegen-questions";

/// The questions as a text in C: a line for each, so that an error's line tells which one it is about.
fn text(request: &Request<'_>, questions: &[Question]) -> Result<String, Error> {
    let (mut text, _) = request.plain(None)?;
    text.push_str(&format!("#line 1 \"{LINES}\"\n"));
    for (index, question) in questions.iter().enumerate() {
        let in_c = &question.in_c;
        text.push_str(&format!(
            "static const unsigned long long {PREFIX}{index} = (unsigned long long)({in_c});\n"
        ));
    }
    Ok(text)
}

/// Has clang read the text. A question that it does not understand has no answer.
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
    let functions: BTreeSet<&str> = request
        .symbols
        .iter()
        .filter(|symbol| symbol.kind == Kind::Function)
        .map(|symbol| symbol.name.as_str())
        .collect();
    let (_, arguments) = request.plain(None)?;
    let answers = front::parse(text, &arguments, false, |unit, complaints| {
        let mut wrong: Vec<&Complaint> = Vec::new();
        for complaint in complaints {
            let line = usize::try_from(complaint.line).unwrap_or_default();
            let question = questions.get(line.wrapping_sub(1));
            let is_question = complaint.file == LINES;
            if !question.is_some_and(|question| is_question && question.optional) {
                wrong.push(complaint);
            }
        }
        if !wrong.is_empty() {
            return Err(front::quoted(&wrong));
        }
        let mut answers = Answers {
            numbers: vec![None; questions.len()],
            ..Answers::default()
        };
        for entity in front::all(unit) {
            match (entity.get_kind(), entity.get_name()) {
                (EntityKind::VarDecl, Some(name)) => {
                    let index = name
                        .strip_prefix(PREFIX)
                        .and_then(|index| index.parse().ok());
                    let place = index.and_then(|index: usize| answers.numbers.get_mut(index));
                    let Some(place) = place else {
                        continue;
                    };
                    *place = match entity.evaluate() {
                        Some(EvaluationResult::UnsignedInteger(value)) => Some(value.into()),
                        Some(EvaluationResult::SignedInteger(value)) => Some(value.into()),
                        _ => None,
                    };
                }
                (EntityKind::FunctionDecl, Some(name)) if functions.contains(&*name) => {
                    if let Some(call) = entity.get_type().and_then(|ty| call(&ty, machine)) {
                        answers.calls.insert(name, call);
                    }
                }
                _ => {}
            }
        }
        let answered = questions.iter().zip(&answers.numbers);
        let mut silent =
            answered.filter(|(question, answer)| answer.is_none() && !question.optional);
        match silent.next() {
            Some((question, _)) => Err(format!("no {}", question.what)),
            None => Ok(answers),
        }
    });
    answers
        .and_then(|answers| answers)
        .map_err(|why| request.clang_says(why))
}

/// What a call of a function of this type passes, as [`layout::call`] writes it.
fn call(ty: &Type<'_>, machine: Machine) -> Option<String> {
    let bytes = |ty: &Type<'_>| match ty.get_canonical_type().get_kind() {
        TypeKind::Void => Some(0),
        // libclang gives the type as it is written; what is passed is a pointer.
        TypeKind::ConstantArray | TypeKind::IncompleteArray => Some(machine.pointer),
        _ => u64::try_from(ty.get_sizeof().ok()?).ok(),
    };
    let parameters = ty.get_argument_types()?;
    let parameters: Option<Vec<String>> = parameters
        .iter()
        .map(|ty| Some(bytes(ty)?.to_string()))
        .collect();
    let more = if ty.is_variadic() { ", ..." } else { "" };
    let result = bytes(&ty.get_result_type()?)?;
    Some(format!("({}{more}) -> {result}", parameters?.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_call_stops_the_run() {
        let calls = BTreeMap::from([("f".to_owned(), "(8, 4) -> 4".to_owned())]);
        assert!(compare_call("f", "(8, 4) -> 4", &calls).is_none());
        let said = compare_call("f", "(8, 8) -> 4", &calls).unwrap();
        assert!(
            said.to_string().contains("f passes (8, 8) -> 4 by"),
            "{said}"
        );
        assert!(compare_call("g", "() -> 4", &calls).is_some());
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
        assert!(compare("vax", &questions, &agreed).is_empty());
        let said = &compare("vax", &questions, &[Some(12), agreed[1]])[0];
        let text = "vax: size of S is 8 by the metadata of Windows and 12 by the headers";
        assert!(said.to_string().starts_with(text), "{said}");
        assert_eq!(compare("vax", &questions, &[Some(12), Some(7)]).len(), 2);
        assert!(compare("vax", &questions, &[None, None]).is_empty());
    }
}
