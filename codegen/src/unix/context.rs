//! The C text in which a symbol is read. The project's own header is one. A header that it does not
//! include is read alone, so that no macro of another header changes its meaning.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Request;
use crate::error::Error;
use crate::symbols::Symbol;
use crate::targets::Version;

/// A text for clang, and the symbols that are read from it.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// The header, as `<sys/event.h>`. None for the project's own.
    pub(super) header: Option<&'a str>,
    /// The symbols.
    pub(super) symbols: Vec<&'a Symbol>,
}

/// The end of the first part of the project's header, which is also read before other headers.
const PRELUDE_ENDS: &str = "/* End of the prelude. */";

/// The text that precedes every header of the system.
pub(crate) fn prelude(project_header: &Path) -> Result<String, Error> {
    let text = fs::read_to_string(project_header).map_err(Error::io("read", project_header))?;
    let prelude = text.split_once(PRELUDE_ENDS);
    Ok(prelude.map_or(String::new(), |(prelude, _)| format!("{prelude}\n")))
}

/// The contexts of all symbols: the project's header first, then the others by name.
pub(super) fn contexts<'a>(request: &Request<'a>) -> Result<Vec<Context<'a>>, Error> {
    let project_header =
        fs::read_to_string(request.header).map_err(Error::io("read", request.header))?;
    let mut all: BTreeMap<Option<&str>, Vec<&Symbol>> = BTreeMap::new();
    if matches!(request.version, Version::LinuxHeaders) {
        // The version of the headers is read there, even if no symbol is.
        all.entry(None).or_default();
    }
    for symbol in request.symbols {
        let own = symbol.source.starts_with('<') && !includes(&project_header, &symbol.source);
        let header = own.then_some(symbol.source.as_str());
        all.entry(header).or_default().push(symbol);
    }
    let context = |(header, symbols)| Context { header, symbols };
    Ok(all.into_iter().map(context).collect())
}

/// Whether the text `project_header` includes the header.
pub(crate) fn includes(project_header: &str, header: &str) -> bool {
    let line = format!("#include {header}");
    project_header.lines().any(|known| known.trim() == line)
}

impl Context<'_> {
    /// The text that includes the header.
    pub(super) fn text(&self, request: &Request<'_>) -> Result<String, Error> {
        match self.header {
            None => Ok(request.include_ours()? + "\n"),
            Some(header) => Ok(prelude(request.header)? + &alone(header, request.lenient)),
        }
    }
}

/// A text that includes one header. The basic types precede it, as kqueue(2) of OpenBSD requires:
/// <https://man.openbsd.org/kqueue.2>
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
    fn only_a_whole_line_is_an_include() {
        let project_header = "#include <a.h>\n/* #include <b.h> */\n\t#include <c.h>\n";
        assert!(includes(project_header, "<a.h>") && includes(project_header, "<c.h>"));
        assert!(!includes(project_header, "<b.h>"));
    }
}
