//! Tests of the command line.

use super::*;

/// The parsed arguments.
fn parse(arguments: &[&str]) -> Cli {
    Cli::try_parse_from([&["cargo codegen"], arguments].concat()).unwrap()
}

#[test]
fn commands_and_old_flags_mean_the_same() {
    for (arguments, check) in [
        (&[][..], false),
        (&["generate"][..], false),
        (&["--check"][..], true),
        (&["check"][..], true),
        (&["generate", "--check"][..], true),
    ] {
        let mut arguments = arguments.to_vec();
        arguments.extend(["--os", "linux"]);
        let cli = parse(&arguments);
        let Action::Generate(generation) = cli.action() else {
            panic!("{arguments:?}");
        };
        assert_eq!(generation.check, check, "{arguments:?}");
        assert_eq!(generation.inputs.os, ["linux"]);
        assert_eq!(cli.writes(), !check);
        assert!(cli.contradiction().is_none(), "{arguments:?}");
    }
}

#[test]
fn contradicting_options_are_rejected() {
    for arguments in [
        &["--check", "list"][..],
        &["--os", "linux", "generate"],
        &["--second-libclang"],
        &["--libclang", "x", "list"],
    ] {
        assert!(parse(arguments).contradiction().is_some(), "{arguments:?}");
    }
    assert!(parse(&["check", "--witness"]).contradiction().is_none());
    assert!(
        parse(&["generate", "--libclang", "x"])
            .contradiction()
            .is_none()
    );
    assert!(Cli::try_parse_from(["", "--sysroot", "/usr"]).is_err());
}
