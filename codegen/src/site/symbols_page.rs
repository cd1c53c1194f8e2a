//! The pages of all constants and of all functions: each value or signature once, with its groups.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::model::{Forms, Site};
use super::names;
use super::parts::{count, holders, page as whole_page, ty};

/// The page of constants.
pub(super) fn constants(site: &Site) -> String {
    let form = |text: &str| html! { code { (text) } };
    page(site, "Constants", "const", "value", &site.constants, &form)
}

/// The page of functions.
pub(super) fn functions(site: &Site) -> String {
    let form = |text: &str| ty(site, text);
    page(site, "Functions", "fn", "signature", &site.functions, &form)
}

/// A page of symbols of one kind.
fn page(
    site: &Site,
    title: &str,
    kind: &str,
    word: &str,
    symbols: &BTreeMap<String, Forms<String>>,
    form: &dyn Fn(&str) -> Markup,
) -> String {
    let several = symbols.values().filter(|forms| forms.len() > 1).count();
    let body = html! {
        h1 { (title) }
        p .lead {
            (symbols.len()) " in all, " (several) " of them with more than one " (word)
            ". The " (word) " of most targets comes first."
        }
        @for (name, forms) in symbols {
            article .symbol id=(names::anchor(kind, name)) {
                h2 { code { (name) } @if forms.len() > 1 {
                    " " span .soft { (count(forms.len(), word)) }
                } }
                @for (text, held) in forms {
                    div .form {
                        p .text { (form(text)) }
                        (holders(site, held))
                    }
                }
            }
        }
    };
    whole_page(title, &[], &body)
}
