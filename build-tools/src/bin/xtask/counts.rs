//! What test runners print: how many tests passed, failed, were ignored or could not run.

/// The words before the reason of a test that could not run: see `src/not_run.rs`.
const NOT_RUN: &str = "mio test not run: ";

/// How many tests passed, failed, were ignored, and could not run where they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// They say so themselves and return. libtest takes them for passed; they are not among
    /// `passed` here.
    pub(crate) skipped: u64,
}

impl Counts {
    /// Sums up the `test result:` lines of the test runner, and the lines of tests that could not
    /// run.
    pub(crate) fn read(output: &str) -> Counts {
        let mut counts = Counts::default();
        for line in output.lines() {
            let Some((_, results)) = line.split_once("test result: ") else {
                continue;
            };
            // `ok. 3 passed; 0 failed; 1 ignored; …`
            let results = results
                .split_once(". ")
                .map_or(results, |(_, results)| results);
            for result in results.split(';') {
                let mut words = result.split_whitespace();
                let (Some(number), Some(word)) = (words.next(), words.next()) else {
                    continue;
                };
                let Ok(number) = number.parse::<u64>() else {
                    continue;
                };
                match word {
                    "passed" => counts.passed += number,
                    "failed" => counts.failed += number,
                    "ignored" => counts.ignored += number,
                    _ => {}
                }
            }
        }
        // More lines than passed tests: one test said it twice, or failed after it. It cannot have
        // passed more than it did.
        counts.skipped = (reasons(output).len() as u64).min(counts.passed);
        counts.passed -= counts.skipped;
        counts
    }

    pub(crate) fn add(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.skipped += other.skipped;
    }

    pub(crate) fn is_empty(self) -> bool {
        self == Counts::default()
    }
}

/// Which tests could not run, and why: `tests/tcp.rs:20: no IPv6 here`. libtest may have printed
/// the name of a test on the same line before.
pub(crate) fn reasons(output: &str) -> Vec<String> {
    let reason = |line: &str| Some(line.split_once(NOT_RUN)?.1.trim_end().to_owned());
    output.lines().filter_map(reason).collect()
}

#[cfg(test)]
mod tests {
    use super::{Counts, reasons};

    #[test]
    fn results_of_all_runs_are_summed() {
        let output = "\
running 3 tests
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
noise
test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.10s
";
        let expected = Counts {
            passed: 7,
            failed: 2,
            ignored: 1,
            skipped: 0,
        };
        assert_eq!(Counts::read(output), expected);
    }

    #[test]
    fn other_output_counts_nothing() {
        assert!(Counts::read("3 passed; 1 failed\n").is_empty());
    }

    /// The line comes alone where tests run on threads, and after a test's name where they do not.
    #[test]
    fn a_test_that_could_not_run_has_not_passed() {
        let output = "\
test over_ipv6 ... mio test not run: tests/tcp.rs:420: no IPv6 here
ok
mio test not run: tests/linux.rs:119: no filter can be set\r
test calls ... ok
test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
        let counts = Counts::read(output);
        assert_eq!((counts.passed, counts.skipped), (1, 2));
        let expected = [
            "tests/tcp.rs:420: no IPv6 here",
            "tests/linux.rs:119: no filter can be set",
        ];
        assert_eq!(reasons(output), expected);
    }
}
