//! The command lines of the examples: long options, `--help`, and the exit status.

use std::io::{self, Write};
use std::process::ExitCode;

use lexopt::{Arg, Error, Parser};

/// Reads the command line and runs the program. `options` has the defaults.
///
/// `take` sets the option whose name it gets, without hyphens, and returns `false` for an unknown
/// name.
pub(crate) fn main<O>(
    name: &str,
    help: &str,
    mut options: O,
    take: impl Fn(&mut O, &str, &mut Parser) -> Result<bool, Error>,
    run: impl FnOnce(&O) -> io::Result<()>,
) -> ExitCode {
    let result = match read(&mut options, take) {
        Ok(Request::Help) => writeln!(io::stdout(), "{help}"),
        Ok(Request::Run) => run(&options),
        Err(error) => {
            eprintln!("{name}: {error}; see --help");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Request {
    Help,
    Run,
}

fn read<O>(
    options: &mut O,
    take: impl Fn(&mut O, &str, &mut Parser) -> Result<bool, Error>,
) -> Result<Request, Error> {
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        let Arg::Long(name) = argument else {
            return Err(argument.unexpected());
        };
        let name = name.to_owned();
        if name == "help" {
            return Ok(Request::Help);
        }
        if !take(options, &name, &mut parser)? {
            return Err(Error::UnexpectedOption(format!("--{name}")));
        }
    }
    Ok(Request::Run)
}
