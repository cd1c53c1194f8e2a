//! Which symbols the files of `src/` use: the names behind `ffi::`, the module of the bindings.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::str::FromStr;

use proc_macro2::{TokenStream, TokenTree};

use crate::error::Error;
use crate::project;

/// Files below `src/` by the symbols that they use.
pub(crate) type Usage = BTreeMap<String, BTreeSet<String>>;

/// Reads all of `src/`. Empty if there is no such folder, and for a project.
pub(crate) fn of(root: &Path) -> Result<Usage, Error> {
    let mut usage = Usage::new();
    if project::is_open() {
        // The crate that uses the bindings of a project may be anywhere.
        return Ok(usage);
    }
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
                let name = name.replace('\\', "/");
                // `ffi` re-exports everything and uses nothing.
                if name != "src/sys/ffi.rs" {
                    for symbol in used(&text) {
                        usage.entry(symbol).or_default().insert(name.clone());
                    }
                }
            }
        }
    }
    Ok(usage)
}

/// The names behind `ffi::` in a file, without those in comments and strings.
fn used(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Ok(tokens) = TokenStream::from_str(text) {
        collect(tokens, &mut names);
    }
    names
}

/// Adds the names in `tokens` to `names`.
fn collect(tokens: TokenStream, names: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => collect(group.stream(), names),
            TokenTree::Ident(ident) if ident == "ffi" && colons(&tokens[index + 1..]) => {
                match tokens.get(index + 3) {
                    Some(TokenTree::Ident(name)) => {
                        names.insert(name.to_string());
                    }
                    Some(TokenTree::Group(list)) => {
                        let idents = list.stream().into_iter().filter_map(|token| match token {
                            TokenTree::Ident(name) => Some(name.to_string()),
                            _ => None,
                        });
                        names.extend(idents);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// Whether the tokens begin with `::`.
fn colons(tokens: &[TokenTree]) -> bool {
    let colon = |token: Option<&TokenTree>| match token {
        Some(TokenTree::Punct(sign)) => sign.as_char() == ':',
        _ => false,
    };
    colon(tokens.first()) && colon(tokens.get(1))
}

#[cfg(test)]
mod tests {
    use super::used;

    #[test]
    fn names_behind_ffi_are_found() {
        let text = "use crate::sys::ffi::{EPOLLIN, epoll_event as Event};
            fn f() { let x = ffi::kevent { ident: poll }; call!(ffi::EV_ADD | 1); }
            // ffi::COMMENT
            const T: &str = \"ffi::TEXT\"; type U = other::OTHER;";
        let found: Vec<String> = used(text).into_iter().collect();
        assert_eq!(
            found,
            ["EPOLLIN", "EV_ADD", "Event", "as", "epoll_event", "kevent"]
        );
    }
}
