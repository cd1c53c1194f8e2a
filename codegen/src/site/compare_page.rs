//! The page that compares two targets or two versions. Its script reads `data.js`, and takes the
//! pictures of layouts from the templates of the page.

use std::collections::BTreeSet;

use maud::html;

use super::model::Site;
use super::parts::page as whole_page;
use crate::abi::Record;
use crate::report::picture::{colors, svg};

/// The page.
pub(super) fn page(site: &Site) -> String {
    let body = html! {
        h1 { "Compare" }
        p .lead {
            "Two targets, or two versions of one, side by side. The address of this page names \
             them, so that it can be kept as a link."
        }
        noscript { p { "This page needs JavaScript. The pages of records, constants and functions \
                        show all differences without it." } }
        form id="compare" hidden {
            @for (side, title) in [("a", "left"), ("b", "right")] {
                fieldset {
                    legend { (title) }
                    @if site.has_versions() {
                        label for=(format!("{side}v")) { "version" }
                        select id=(format!("{side}v")) {
                            @for version in &site.versions {
                                option value=(version.name) { (version.name) }
                            }
                        }
                    }
                    label for=(side) { "target" }
                    select id=(side) {}
                }
            }
            div .options {
                button id="swap" type="button" { "Swap" }
                label { input id="all" type="checkbox"; " show what is equal, too" }
            }
        }
        p id="summary" role="status" {}
        p .legend {
            "A line of a picture is eight bytes. " span .key-changed {}
            " Not so on the other side. " span .key-padding {} " Padding: bytes of no field."
        }
        div id="outcome" {}
        @for layouts in site.records.values() {
            @let all: Vec<&Record> = layouts.iter().map(|(record, _)| record).collect();
            @let colors = colors(&all);
            @for record in all {
                @if let Some(index) = site.layout(record) {
                    template id=(format!("layout-{index}")) {
                        (svg(record, &BTreeSet::new(), &colors))
                    }
                }
            }
        }
    };
    whole_page("Compare", &["data.js", "compare.js"], &body)
}
