//! Which text a symbol is read in. Our own header is one; a header that it does not include is
//! another, alone, so that no macro of ours or of another header changes what it means.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Request;
use crate::error::Error;
use crate::symbols::Symbol;

/// A text for clang, and what is read in it.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// The header, as `<sys/event.h>`; none for ours.
    pub(super) header: Option<&'a str>,
    /// What is asked of it.
    pub(super) symbols: Vec<&'a Symbol>,
}

/// The last line of what stands in our header before everything else, and is read before other
/// headers, too.
const PRELUDE_ENDS: &str = "/* End of the prelude. */";

/// What every header of the system is read behind.
pub(crate) fn prelude(ours: &Path) -> Result<String, Error> {
    let text = fs::read_to_string(ours).map_err(Error::io("read", ours))?;
    let prelude = text.split_once(PRELUDE_ENDS);
    Ok(prelude.map_or(String::new(), |(prelude, _)| format!("{prelude}\n")))
}

/// The contexts of all symbols: ours first, then the others by name.
pub(super) fn contexts<'a>(request: &Request<'a>) -> Result<Vec<Context<'a>>, Error> {
    let ours = fs::read_to_string(request.header).map_err(Error::io("read", request.header))?;
    let mut all: BTreeMap<Option<&str>, Vec<&Symbol>> = BTreeMap::new();
    for symbol in request.symbols {
        let own = symbol.source.starts_with('<') && !includes(&ours, &symbol.source);
        let header = own.then_some(symbol.source.as_str());
        all.entry(header).or_default().push(symbol);
    }
    let context = |(header, symbols)| Context { header, symbols };
    Ok(all.into_iter().map(context).collect())
}

/// Does our header include this one?
pub(crate) fn includes(ours: &str, header: &str) -> bool {
    let line = format!("#include {header}");
    ours.lines().any(|known| known.trim() == line)
}

impl Context<'_> {
    /// The text that brings the header in.
    pub(super) fn text(&self, request: &Request<'_>) -> Result<String, Error> {
        match self.header {
            None => Ok(request.include_ours()? + "\n"),
            Some(header) => Ok(prelude(request.header)? + &alone(header, request.lenient)),
        }
    }
}

/// A text with this header alone. The basic types come before it: the manual pages of the BSDs ask
/// for that.
pub(crate) fn alone(header: &str, lenient: bool) -> String {
    let include = if lenient {
        format!("#if __has_include({header})\n#include {header}\n#endif\n")
    } else {
        format!("#include {header}\n")
    };
    format!(
        "#if __has_include(<sys/types.h>)\n#include <sys/types.h>\n\
         #elif __has_include(<linux/types.h>)\n#include <linux/types.h>\n#endif\n{include}"
    )
}

#[cfg(test)]
mod tests {
    use super::includes;

    #[test]
    fn only_whole_lines_include() {
        let ours = "#include <a.h>\n/* #include <b.h> */\n\t#include <c.h>\n";
        assert!(includes(ours, "<a.h>") && includes(ours, "<c.h>"));
        assert!(!includes(ours, "<b.h>"));
    }
}
