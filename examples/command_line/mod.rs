//! What the command lines of the examples have in common: options with two hyphens, `--help`, and the exit status.

use std::io::{self, Write};
use std::process::ExitCode;

use lexopt::{Arg, Error, Parser};

/// The whole of a `main`: has `take` put each option into `options`, which come with their defaults, and runs the program.
///
/// `take` is told an option's name without the hyphens, and returns `false` if there is none of that name.
pub(crate) fn main<O>(
    name: &str,
    help: &str,
    mut options: O,
    take: impl Fn(&mut O, &str, &mut Parser) -> Result<bool, Error>,
    run: impl FnOnce(&O) -> io::Result<()>,
) -> ExitCode {
    let result = match read(&mut options, take) {
        Ok(Asked::Help) => writeln!(io::stdout(), "{help}"),
        Ok(Asked::Run) => run(&options),
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

enum Asked {
    Help,
    Run,
}

fn read<O>(
    options: &mut O,
    take: impl Fn(&mut O, &str, &mut Parser) -> Result<bool, Error>,
) -> Result<Asked, Error> {
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        let Arg::Long(name) = argument else {
            return Err(argument.unexpected());
        };
        let name = name.to_owned();
        if name == "help" {
            return Ok(Asked::Help);
        }
        if !take(options, &name, &mut parser)? {
            return Err(Error::UnexpectedOption(format!("--{name}")));
        }
    }
    Ok(Asked::Run)
}
