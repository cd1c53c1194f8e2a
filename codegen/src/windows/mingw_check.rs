//! Compares the metadata with the headers of mingw-w64. clang evaluates the size of each record,
//! the offsets of its fields, the value of each constant, and the bytes that a call of each
//! function passes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use clang::{EntityKind, EvaluationResult, Type, TypeKind};

use super::c_path::{c_paths, in_c, is_anonymous};
use super::layout::{self, Machine};
use super::parsed::{self, Parsed, mask};
use crate::abi::TargetAbi;
use crate::error::Error;
use crate::libclang::{self, Diagnostic};
use crate::symbols::Kind;
use crate::unix::Request;

/// Fails if the headers differ from the metadata.
pub(super) fn check(
    request: &Request<'_>,
    facts: &TargetAbi,
    parsed: &Parsed,
    machine: Machine,
    cache: &AnswerCache,
) -> Result<(), Error> {
    let questions = questions(request, facts, parsed, machine)?;
    let answers = cache.answers(request, &questions, machine)?;
    let mut errors = compare(request.triple, &questions, &answers.numbers);
    for function in &parsed.functions {
        let metadata = layout::call(parsed, function, machine)?;
        errors.extend(compare_call(&function.name, &metadata, &answers.calls));
    }
    Error::all(errors)
}

/// The answers of clang.
#[derive(Debug, Clone, Default)]
struct Answers {
    /// The answer to each question, in order. None if the question is optional and the headers lack
    /// the record or field.
    numbers: Vec<Option<i128>>,
    /// The bytes that a call passes, by function.
    calls: BTreeMap<String, String>,
}

/// The answers to earlier questions. Triples with the same name in clang share them.
#[derive(Debug, Default)]
pub(super) struct AnswerCache(Mutex<BTreeMap<(String, String), Answers>>);

impl AnswerCache {
    /// The answers to the questions.
    fn answers(
        &self,
        request: &Request<'_>,
        questions: &[Question],
        machine: Machine,
    ) -> Result<Answers, Error> {
        let text = text(request, questions)?;
        let key = (request.clang.to_owned(), text);
        // Locked while clang runs, so that other threads do not ask the same questions.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answers) = known.get(&key) {
            return Ok(answers.clone());
        }
        let answers = ask(request, questions, machine, &key.1)?;
        known.insert(key, answers.clone());
        Ok(answers)
    }
}

/// The error if the headers lack the function, or a call of it passes other bytes.
fn compare_call(name: &str, metadata: &str, calls: &BTreeMap<String, String>) -> Option<Error> {
    let headers = calls.get(name).map_or("nothing", String::as_str);
    (metadata != headers).then(|| {
        parsed::error(format!(
            "a call of {name} passes the bytes {metadata} in the metadata \
             and {headers} in the headers of mingw-w64"
        ))
    })
}

/// All differences.
fn compare(triple: &str, questions: &[Question], answers: &[Option<i128>]) -> Vec<Error> {
    let mut errors = Vec::new();
    for (question, answer) in questions.iter().zip(answers) {
        let Some(answer) = answer else {
            continue;
        };
        let mask = mask(question.size);
        if question.expected & mask != answer & mask {
            errors.push(Error::Disagree {
                target: triple.to_owned(),
                what: question.what.clone(),
                metadata: question.expected,
                headers: *answer,
            });
        }
    }
    errors
}

/// A question to clang.
struct Question {
    /// The question in words, for messages.
    what: String,
    /// The expression in C.
    in_c: String,
    /// The value in the metadata.
    expected: i128,
    /// The bytes of the answer to compare. The cast to a pointer-sized type extends the sign of a
    /// constant.
    size: u64,
    /// Whether the headers may lack it. mingw-w64 has other names for records that are not listed.
    optional: bool,
}

impl Question {
    /// A question whose answer is compared as a whole.
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

/// All questions about the facts.
fn questions(
    request: &Request<'_>,
    facts: &TargetAbi,
    parsed: &Parsed,
    machine: Machine,
) -> Result<Vec<Question>, Error> {
    let mut all = Vec::new();
    let paths = c_paths(&facts.records);
    let listed: BTreeSet<&str> = request
        .symbols
        .iter()
        .filter(|symbol| symbol.kind == Kind::Record)
        .map(|symbol| symbol.name.as_str())
        .collect();
    for record in &facts.records {
        let name = &record.name;
        let Some(path) = paths.get(name.as_str()) else {
            continue;
        };
        let mut ask = |what: String, in_c: String, expected: u64| {
            let mut question = Question::new(what, in_c, expected);
            question.optional = !listed.contains(name.as_str());
            all.push(question);
        };
        let ty = &path.ty;
        if path.whole {
            ask(
                format!("size of {name}"),
                format!("sizeof({ty})"),
                record.size,
            );
            let in_c = format!("_Alignof({ty})");
            ask(format!("alignment of {name}"), in_c, record.align);
        }
        for field in &record.fields {
            // C has no name for it. Its members have their own questions.
            if is_anonymous(&field.name) {
                continue;
            }
            let member = in_c(&field.name);
            ask(
                format!("offset of {name}.{member}"),
                format!("__builtin_offsetof({ty}, {member})"),
                path.base + field.offset,
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
/// The file name that `#line` gives to the lines of the questions.
const LINES: &str = "mio-codegen-questions";

/// The questions as a text in C, one in each line, so that the line of an error is that of its
/// question.
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

/// Has clang evaluate the text. An optional question with an error has no answer.
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
    let answers = libclang::parse(text, &arguments, false, |unit, diagnostics| {
        let mut errors: Vec<&Diagnostic> = Vec::new();
        for diagnostic in diagnostics {
            let line = usize::try_from(diagnostic.line).unwrap_or_default();
            let question = questions.get(line.wrapping_sub(1));
            let is_question = diagnostic.file == LINES;
            if !question.is_some_and(|question| is_question && question.optional) {
                errors.push(diagnostic);
            }
        }
        if !errors.is_empty() {
            return Err(libclang::formatted(&errors));
        }
        let mut answers = Answers {
            numbers: vec![None; questions.len()],
            ..Answers::default()
        };
        for entity in libclang::all(unit) {
            match (entity.get_kind(), entity.get_name()) {
                (EntityKind::VarDecl, Some(name)) => {
                    let index = name
                        .strip_prefix(PREFIX)
                        .and_then(|index| index.parse().ok());
                    let slot = index.and_then(|index: usize| answers.numbers.get_mut(index));
                    let Some(slot) = slot else {
                        continue;
                    };
                    *slot = match entity.evaluate() {
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
        let mut unanswered =
            answered.filter(|(question, answer)| answer.is_none() && !question.optional);
        match unanswered.next() {
            Some((question, _)) => Err(format!("clang does not evaluate the {}", question.what)),
            None => Ok(answers),
        }
    });
    answers
        .and_then(|answers| answers)
        .map_err(|why| request.clang_error(why))
}

/// The bytes that a call of a function of this type passes, in the format of [`layout::call`].
fn call(ty: &Type<'_>, machine: Machine) -> Option<String> {
    let bytes = |ty: &Type<'_>| match ty.get_canonical_type().get_kind() {
        TypeKind::Void => Some(0),
        // libclang returns the type as written. A call passes a pointer.
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
    fn different_call_is_an_error() {
        let calls = BTreeMap::from([("f".to_owned(), "(8, 4) -> 4".to_owned())]);
        assert!(compare_call("f", "(8, 4) -> 4", &calls).is_none());
        let error = compare_call("f", "(8, 8) -> 4", &calls).unwrap();
        assert!(
            error
                .to_string()
                .contains("f passes the bytes (8, 8) -> 4 in"),
            "{error}"
        );
        assert!(compare_call("g", "() -> 4", &calls).is_some());
    }

    #[test]
    fn different_value_is_an_error() {
        let questions = [
            Question::new("size of S".to_owned(), String::new(), 8),
            Question {
                // The answer has the size of a pointer.
                size: 4,
                ..Question::new("value of C".to_owned(), String::new(), -1)
            },
        ];
        let agreed = [Some(8), Some(0xffff_ffff_ffff_ffff)];
        assert!(compare("vax", &questions, &agreed).is_empty());
        let error = &compare("vax", &questions, &[Some(12), agreed[1]])[0];
        let text = "vax: size of S is 8 in the metadata of Windows and 12 in the headers";
        assert!(error.to_string().starts_with(text), "{error}");
        assert_eq!(compare("vax", &questions, &[Some(12), Some(7)]).len(), 2);
        assert!(compare("vax", &questions, &[None, None]).is_empty());
    }
}
