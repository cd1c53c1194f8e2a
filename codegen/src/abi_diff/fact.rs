//! One fact of a change: what exactly changed, and the severity of such changes.

use serde::Serialize;

use super::change::Severity;

/// Declares the kinds of facts with their names, severities and descriptions.
macro_rules! kinds {
    ($($kind:ident = $name:literal, $severity:ident, $about:literal;)*) => {
        /// What sort of change a fact states. Each has one severity.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
        pub(crate) enum FactKind {
            $(
                #[doc = $about]
                #[serde(rename = $name)]
                $kind,
            )*
        }

        impl FactKind {
            /// All kinds, in the order in which a list of rules shows them.
            pub(crate) const ALL: &[FactKind] = &[$(FactKind::$kind),*];

            /// Its name in `codegen/accepted.toml` and in reports.
            pub(crate) fn name(self) -> &'static str {
                match self { $(FactKind::$kind => $name),* }
            }

            /// How severe such a change is.
            pub(crate) fn severity(self) -> Severity {
                match self { $(FactKind::$kind => Severity::$severity),* }
            }

            /// What it means, as a sentence without a full stop.
            pub(crate) fn about(self) -> &'static str {
                match self { $(FactKind::$kind => $about),* }
            }
        }
    };
}

kinds! {
    TargetRemoved = "target-removed", Breaking, "A target is no longer served";
    TargetUnreadable = "target-unreadable", Breaking, "The headers of a target cannot be read";
    TargetAdded = "target-added", Widening, "A target is served that was not served before";
    SymbolRemoved = "symbol-removed", Breaking, "A symbol is no longer declared";
    RecordOpaque = "record-opaque", Breaking, "A record is declared without its fields";
    SymbolAdded = "symbol-added", Widening, "A symbol is declared that was not declared before";
    KeywordChanged = "struct-union-changed", Breaking, "A struct became a union, or the reverse";
    SizeChanged = "size-changed", Breaking, "A record has another size";
    AlignChanged = "align-changed", Breaking, "A record has another alignment";
    ReprChanged = "repr-changed", Cosmetic, "A record has another `repr` attribute";
    FieldMoved = "field-moved", Breaking, "A field has another offset";
    FieldTypeChanged = "field-type-changed", Breaking, "A field has another type";
    FieldTypeRespelled = "field-type-respelled", Cosmetic, "A field spells its type otherwise";
    FieldBitsChanged = "field-bits-changed", Breaking, "A bit-field has other bits";
    FieldResized = "field-resized", Breaking, "A field has another size";
    FieldRenamed = "field-renamed", Breaking, "A field has another name";
    FieldRemoved = "field-removed", Breaking, "A field is no longer declared";
    FieldAdded = "field-added", Breaking, "A struct has a new field, which expressions must name";
    MemberAdded = "member-added", Widening, "A union has a member more";
    FieldsReordered = "fields-reordered", Cosmetic, "The fields are declared in another order";
    ValueChanged = "value-changed", Breaking, "A constant has another value";
    TypeChanged = "type-changed", Breaking, "A constant has another type";
    TypeRespelled = "type-respelled", Cosmetic, "The type of a constant is spelled otherwise";
    SignatureChanged = "signature-changed", Breaking, "A function has another signature";
    SignatureRespelled = "signature-respelled", Cosmetic, "A signature is spelled otherwise";
    LinkNameChanged = "link-name-changed", Breaking, "A function has another symbol in the library";
    HeadersChanged = "headers-changed", Cosmetic, "The headers have another name or version";
    GroupChanged = "group-changed", Cosmetic, "A target is in another group";
}

/// One fact of a change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Fact {
    /// The fact as a line of a report.
    pub(crate) text: String,
    /// What sort of change it is.
    pub(crate) kind: FactKind,
    /// The field that changed; empty for the whole symbol.
    pub(crate) field: String,
    /// The old value; empty for none.
    pub(crate) old: String,
    /// The new value; empty for none.
    pub(crate) new: String,
}

impl Fact {
    /// A fact about a whole symbol.
    pub(crate) fn new(
        kind: FactKind,
        old: impl ToString,
        new: impl ToString,
        text: impl Into<String>,
    ) -> Fact {
        Fact {
            text: text.into(),
            kind,
            field: String::new(),
            old: old.to_string(),
            new: new.to_string(),
        }
    }

    /// The same fact about a field.
    pub(crate) fn of_field(mut self, name: &str) -> Fact {
        name.clone_into(&mut self.field);
        self
    }
}

/// The highest severity of facts; cosmetic without any.
pub(crate) fn worst(facts: &[Fact]) -> Severity {
    let severities = facts.iter().map(|fact| fact.kind.severity());
    severities.min().unwrap_or(Severity::Cosmetic)
}

#[cfg(test)]
mod tests {
    use super::FactKind;

    #[test]
    fn names_of_kinds_are_unique_and_those_of_the_json() {
        for (index, kind) in FactKind::ALL.iter().enumerate() {
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json, kind.name());
            let others = &FactKind::ALL[index + 1..];
            assert!(others.iter().all(|other| other.name() != kind.name()));
        }
    }
}
