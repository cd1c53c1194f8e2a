//! Forms of declarations in C headers, one small header (`corpus/*.h`) for each. A form is either
//! bound or rejected with a reason. Bindings are verified by `zig cc` with `_Static_assert` on
//! 32-bit, 64-bit and big-endian targets, and by rustc for this host.

// The cache of a test consists of symbolic links.
#![cfg(unix)]

#[path = "support/corpus.rs"]
mod corpus;
mod support;
#[path = "support/zig.rs"]
mod zig;

use std::fs;

use corpus::{add, bound, rejected, table, with};
use support::{Repository, Result};

#[test]
fn bit_fields_are_named_by_the_field_that_holds_them() -> Result {
    let (_, table) = bound("bits.h", &["corpus_bits", "corpus_mode"])?;
    assert!(table.contains("{length: 0..4, version: 4..8}"), "{table}");
    assert!(table.contains("{wide: 0..20, last: 24..32}"), "{table}");
    Ok(())
}

#[test]
fn flexible_arrays_have_no_length() -> Result {
    let names = [
        "corpus_named",
        "corpus_ranges",
        "corpus_tail",
        "corpus_command",
    ];
    let (_, table) = bound("flexible.h", &names)?;
    assert!(table.contains("name: [c_char; 0]"), "{table}");
    assert!(table.contains("union corpus_tail: size 16"), "{table}");
    let inside = "union corpus_command__bindgen_ty_1: size 16";
    assert!(table.contains(inside), "{table}");
    // A record that is a member is bound, too.
    assert!(table.contains("struct corpus_range: size 16"), "{table}");
    Ok(())
}

#[test]
fn function_pointers_are_options() -> Result {
    let (_, table) = bound("pointers.h", &["corpus_action", "corpus_signal"])?;
    for wanted in [
        "handle: Option<unsafe extern \"C\" fn(c_int, *mut corpus_point)>",
        "print: Option<unsafe extern \"C\" fn(*const c_char, ...) -> c_int>",
        "fn corpus_signal(c_int, Option<unsafe extern \"C\" fn(c_int, *mut corpus_point)>) -> ",
    ] {
        assert!(table.contains(wanted), "{wanted} is not in {table}");
    }
    Ok(())
}

#[test]
fn functions_that_would_be_called_wrongly_are_rejected() -> Result {
    rejected(
        "calls.h",
        &[
            ("corpus_unknown", "has no list of parameters"),
            ("corpus_handler", "returns a pointer to a function"),
            ("corpus_returns", "returns a pointer to a function"),
            ("corpus_convention", "not called as C's functions are"),
            ("corpus_conventions", "not called as C's functions are"),
            ("corpus_connect", "as its first member"),
            ("corpus_connect_macro", "as its first member"),
            ("corpus_connects", "as its first member"),
        ],
    )?;
    rejected("calls.h", &[("Option", "a type of Rust's")])
}

#[test]
fn constants_of_enums_are_bound_and_enums_are_integers() -> Result {
    let names = [
        "CORPUS_NONE",
        "CORPUS_ONE",
        "CORPUS_BIG",
        "CORPUS_MINUS",
        "CORPUS_HIGH",
        "CORPUS_B",
        "corpus_kinds",
    ];
    let (_, table) = bound("enums.h", &names)?;
    assert!(
        table.contains("kind: c_uint") && table.contains("sign: c_int"),
        "{table}"
    );
    Ok(())
}

#[test]
fn anonymous_members_are_records() -> Result {
    let (_, table) = bound("anonymous.h", &["corpus_address"])?;
    assert!(
        table.contains("union corpus_address__bindgen_ty_1: size 16"),
        "{table}"
    );
    Ok(())
}

#[test]
fn arrays_hold_arrays_records_and_pointers() -> Result {
    let (_, table) = bound("arrays.h", &["corpus_grid"])?;
    assert!(table.contains("cube: [[[c_ushort; 4]; 3]; 2]"), "{table}");
    Ok(())
}

#[test]
fn scalars_with_a_rust_type_are_bound() -> Result {
    let (_, table) = bound("scalars.h", &["corpus_scalars", "corpus_scale"])?;
    assert!(
        table.contains("fn corpus_scale(bool, f32) -> f64"),
        "{table}"
    );
    let why = "`long double`, for which Rust has no type";
    rejected(
        "scalars.h",
        &[
            (
                "corpus_long_double",
                "field `real` is of type `long double`",
            ),
            ("corpus_root", why),
            ("corpus_complex", "field `both` is of type"),
        ],
    )
}

#[test]
fn records_are_bound_by_a_typedef() -> Result {
    let names = [
        "corpus_stack_t",
        "corpus_set_t",
        "corpus_context",
        "corpus_swap",
    ];
    let (_, table) = bound("names.h", &names)?;
    assert!(
        table.contains("fn corpus_swap(*const corpus_stack_t, *mut corpus_stack_t)"),
        "{table}"
    );
    rejected(
        "names.h",
        &[(
            "corpus_scalar_t",
            "it is a typedef of `unsigned long` and no record",
        )],
    )
}

#[test]
fn constants_have_their_own_type_sign_and_value() -> Result {
    let names = [
        "CORPUS_INT",
        "CORPUS_NEGATIVE",
        "CORPUS_BROADCAST",
        "CORPUS_TOP",
        "CORPUS_HEX",
        "CORPUS_LONG",
        "CORPUS_ALL",
        "CORPUS_MOST_NEGATIVE",
        "CORPUS_SHORT",
        "CORPUS_BYTE",
        "CORPUS_LETTER",
        "CORPUS_SIZE",
        "CORPUS_BOOL",
        "CORPUS_SIGN",
    ];
    let (_, table) = bound("constants.h", &names)?;
    for wanted in [
        "const CORPUS_BROADCAST: c_uint = 4294967295 ",
        "const CORPUS_TOP: c_uint = 2147483648 ",
        "const CORPUS_ALL: c_ulonglong = 18446744073709551615 ",
    ] {
        assert!(table.contains(wanted), "{wanted} is not in {table}");
    }
    Ok(())
}

#[test]
fn constant_that_is_no_integer_is_rejected() -> Result {
    rejected(
        "constants.h",
        &[
            ("CORPUS_REAL", "it is a floating-point number (`double`)"),
            ("CORPUS_TEXT", "it is a string"),
            ("CORPUS_POINTER", "it is a pointer"),
            ("CORPUS_PLUS_ONE", "it is a macro with arguments"),
            ("CORPUS_UNKNOWN", "'corpus_undeclared'"),
            ("CORPUS_TOO_WIDE", "too large"),
            ("CORPUS_INT128", "is wider than 64 bits"),
            ("corpus_variable", "it is a variable"),
            ("corpus_inline", "it is an inline function"),
            ("CORPUS_LIST", "it is a list of several values"),
            ("CORPUS_LIST_OF_TWO", "it is a list of several values"),
            ("CORPUS_PARENTHESES", "it is a list of several values"),
            ("CORPUS_SHIFT", "C does not define its value"),
            ("CORPUS_OVERFLOW", "C does not define its value"),
            ("CORPUS_LINE", "`__LINE__` or `__COUNTER__`"),
            ("CORPUS_COUNTER", "`__LINE__` or `__COUNTER__`"),
            ("async", "it is a keyword of Rust's"),
            ("gen", "it is a keyword of Rust's"),
            ("CORPUS_INTT", "did you mean `CORPUS_INT`?"),
        ],
    )?;
    // A type that does not hold the value is rejected.
    let repository = with("constants.h")?;
    let mut words = add(&["CORPUS_BROADCAST"]);
    words.extend(["--type", "int"]);
    let message = repository.fail(&words)?;
    assert!(
        message.contains("its value is 4294967295, of type `c_uint`"),
        "{message}"
    );
    words.pop();
    words.push("unsigned long");
    repository.succeed(&words)?;
    let table = table(&repository, "i686-unknown-linux-gnu")?;
    assert!(
        table.contains("const CORPUS_BROADCAST: c_ulong = 4294967295"),
        "{table}"
    );
    Ok(())
}

#[test]
fn packed_and_aligned_records_are_bound_but_not_both() -> Result {
    bound(
        "packed.h",
        &[
            "corpus_packed",
            "corpus_aligned",
            "corpus_packed4",
            "corpus_to_aligned",
        ],
    )?;
    let around = "it is packed around the aligned `corpus_wide`";
    rejected(
        "packed.h",
        &[
            (
                "corpus_both",
                "Rust's repr(C, packed(4)) gives it another layout",
            ),
            ("corpus_around", around),
            ("corpus_around_union", around),
        ],
    )
}

#[test]
fn symbol_of_some_architectures_is_bound_there() -> Result {
    let names = [
        "CORPUS_ID_S390X",
        "CORPUS_ID_X",
        "CORPUS_ONLY_S390X",
        "corpus_only_s390x",
    ];
    let (repository, _) = bound("partial.h", &names)?;
    let list = fs::read_to_string(repository.path("codegen/symbols/linux.txt"))?;
    let line = list
        .lines()
        .find(|line| line.starts_with("CORPUS_ONLY_S390X"));
    assert!(
        line.is_some_and(|line| line.contains("const? int")),
        "{line:?}"
    );
    assert!(
        table(&repository, "s390x-unknown-linux-gnu")?.contains("CORPUS_ONLY_S390X: c_int = 5")
    );
    assert!(!table(&repository, "i686-unknown-linux-gnu")?.contains("CORPUS_ONLY_S390X"));
    Ok(())
}

#[test]
fn field_named_unused_does_not_make_a_record_opaque() -> Result {
    let names = [
        "corpus_unused",
        "corpus_unused_outer",
        "corpus_unused_only",
        "corpus_holder",
    ];
    let (_, table) = bound("unused.h", &names)?;
    for wanted in [
        "struct corpus_unused: size 48, align 8",
        "struct corpus_unused_outer: size 56, align 8",
        "struct corpus_undefined: size 0, align 1",
    ] {
        assert!(table.contains(wanted), "{wanted} is not in {table}");
    }
    Ok(())
}

#[test]
fn tag_and_typedef_of_one_name_that_differ_are_rejected() -> Result {
    let why = |name: &str| format!("`{name}` is a tag and a typedef of another type");
    let (a, en, foo) = (why("corpus_a"), why("corpus_en"), why("corpus_foo"));
    rejected(
        "tags.h",
        &[
            ("corpus_takes", &a),
            ("corpus_has", &a),
            ("corpus_a", &a),
            ("corpus_enums", &en),
            ("corpus_points", &foo),
            ("corpus_scoped", &why("corpus_scope")),
        ],
    )?;
    bound(
        "tags.h",
        &["corpus_same", "corpus_later", "corpus_same_call"],
    )?;
    Ok(())
}

#[test]
fn apple_link_name_without_underscore_is_rejected() -> Result {
    let repository = Repository::whole()?;
    let end = "/* End of the prelude. */\n";
    let declared = "int corpus_bare(void) __asm__(\"bare_name\");\n\
                    int corpus_under(void) __asm__(\"_with_underscore\");\n";
    repository.edit("codegen/headers/apple.h", end, &format!("{end}{declared}"))?;
    let add = |name| ["add", name, "--os", "apple", "--why", "a trial"];
    let message = repository.fail(&add("corpus_bare"))?;
    assert!(
        message.contains("`corpus_bare`: its symbol is `bare_name`, without")
            && message.contains("#[link_name = \"\\u{1}bare_name\"]"),
        "{message}"
    );
    repository.succeed(&add("corpus_under"))?;
    let text = table(&repository, "aarch64-apple-darwin")?;
    assert!(text.contains("with_underscore"), "{text}");
    Ok(())
}

#[test]
fn header_that_cannot_be_read_does_not_lack_a_partial_symbol() -> Result {
    let repository = Repository::new()?;
    let list = "codegen/symbols/linux.txt";
    let text = fs::read_to_string(repository.path(list))?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines.push("ucontext record? <asm/ucontext.h> # a trial");
    // The stable sort keeps the comments and each name's lines in order.
    lines.sort_by_key(|line| line.split_whitespace().next().filter(|word| *word != "#"));
    fs::write(repository.path(list), lines.join("\n") + "\n")?;
    // Its headers lack `stack_t`.
    let message = repository.fail(&["--target", "aarch64-unknown-linux-gnu"])?;
    assert!(
        message.contains("`ucontext`: <asm/ucontext.h> cannot be read by itself"),
        "{message}"
    );
    // A header that is not there lacks the symbol.
    repository.edit(list, "<asm/ucontext.h>", "<asm/no_ucontext.h>")?;
    repository.succeed(&["--target", "aarch64-unknown-linux-gnu"])?;
    Ok(())
}

#[test]
fn function_that_apple_prohibits_is_not_bound_there() -> Result {
    let repository = Repository::whole()?;
    let end = "/* End of the prelude. */\n";
    let declared = "int corpus_gone(void) __attribute__((unavailable));\n\
                    int corpus_no_tv(void) __attribute__((availability(tvos, unavailable)));\n\
                    int corpus_new(void) __attribute__((availability(macos, introduced=26.1)));\n\
                    int corpus_old(void) __attribute__((availability(macos, introduced=10.4)));\n";
    repository.edit("codegen/headers/apple.h", end, &format!("{end}{declared}"))?;
    let add = |name| ["add", name, "--os", "apple", "--why", "a trial"];
    repository.fail(&add("corpus_gone"))?;
    repository.succeed(&add("corpus_no_tv"))?;
    repository.succeed(&add("corpus_new"))?;
    repository.succeed(&add("corpus_old"))?;
    for (triple, wanted) in [
        ("aarch64-apple-tvos", [false, true]),
        ("aarch64-apple-darwin", [true, false]),
        ("aarch64-apple-ios", [true, true]),
    ] {
        let table = table(&repository, triple)?;
        assert!(table.contains("fn corpus_old("), "{table}");
        let found = ["no_tv", "new"].map(|name| table.contains(&format!("fn corpus_{name}(")));
        assert_eq!(found, wanted, "{triple}: {table}");
    }
    // Without `?` it is an error with the reason.
    let list = repository.path("codegen/symbols/apple.txt");
    let text = fs::read_to_string(&list)?;
    let is_new = |line: &str| line.starts_with("corpus_new ");
    assert!(
        text.lines()
            .any(|line| is_new(line) && line.contains(" fn? "))
    );
    let lines = text.lines().map(|line| match is_new(line) {
        true => line.replace(" fn? ", " fn "),
        false => line.to_owned(),
    });
    fs::write(&list, lines.map(|line| line + "\n").collect::<String>())?;
    let message = repository.fail(&["--target", "aarch64-apple-darwin"])?;
    assert!(
        message.contains("macos has it since version 26.1"),
        "{message}"
    );
    Ok(())
}

/// The reasons name what the header declares, not what bindgen makes of it.
#[test]
fn names_that_collide_in_rust_are_rejected() -> Result {
    let fields = "two of its fields have the name `type_`";
    rejected("collisions.h", &[("corpus_keyword", fields)])?;
    let symbol = "once for the symbol `corpus_twice64`";
    rejected("collisions.h", &[("corpus_twice", symbol)])
}

#[test]
fn what_a_symbol_leads_to_is_bound_or_rejected_as_a_listed_record_is() -> Result {
    let names = [
        "corpus_inner",
        "corpus_narrow",
        "corpus_points",
        "corpus_refer",
        "corpus_self",
        "corpus_within",
    ];
    let (_, table) = bound("reached.h", &names)?;
    for wanted in [
        "{low: 0..3, high: 3..8}",
        "fn corpus_narrow(c_int, c_short) -> c_int",
        "struct corpus_apart: size 16",
    ] {
        assert!(table.contains(wanted), "{wanted} is not in {table}");
    }
    assert!(!table.contains("const corpus_self"), "{table}");
    let why = "`long double`, for which Rust has no type";
    let padding = "Rust would pass its padding as a field";
    rejected(
        "reached.h",
        &[
            (
                "corpus_operate",
                "it leads to `struct corpus_ops`: field `root`",
            ),
            ("corpus_table", why),
            ("corpus_long", why),
            ("corpus_matrix", "whose length is a parameter"),
            (
                "corpus_unnamed",
                "the bit-field `bit` is in a record without a name",
            ),
            ("corpus_seek", "replaces this name by `corpus_seek64`"),
            ("corpus_stat", "replaces this name by `corpus_stat64`"),
            ("vfork", "it returns twice"),
            ("corpus_alias", "it is a macro for `corpus_self`; bind that"),
        ],
    )?;
    // The text of bindgen shows these.
    rejected(
        "reached.h",
        &[
            ("corpus_large", "it has 1048577 bytes"),
            ("corpus_pass", padding),
            ("corpus_passes", padding),
            ("corpus_shadow", "a type of Rust's"),
        ],
    )?;
    rejected("reached.h", &[("corpus_gone", "no target of linux has")])?;
    let name = "another constant or function of this name";
    rejected("reached.h", &[("size_of", name)])
}
