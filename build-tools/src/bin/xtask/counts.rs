//! The results of test runners: tests that passed, failed, were ignored or could not run.

/// The prefix of the reason why a test could not run, see `tests/support/not_run.rs`.
const NOT_RUN: &str = "mio test not run: ";

/// Numbers of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// Tests that printed a reason and returned. libtest counts them as passed, `passed` does not.
    pub(crate) skipped: u64,
}

impl Counts {
    /// Adds up the `test result:` lines of libtest, and the reasons of tests that could not run.
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
                let (Some(count), Some(word)) = (words.next(), words.next()) else {
                    continue;
                };
                let Ok(count) = count.parse::<u64>() else {
                    continue;
                };
                match word {
                    "passed" => counts.passed += count,
                    "failed" => counts.failed += count,
                    "ignored" => counts.ignored += count,
                    _ => {}
                }
            }
        }
        // There may be more reasons than passed tests: a test may print two, or fail after one.
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

/// The reasons why tests could not run, such as `tests/tcp.rs:20: no IPv6 here`. libtest may print
/// the name of a test before it on the same line.
pub(crate) fn reasons(output: &str) -> Vec<String> {
    let reason = |line: &str| Some(line.split_once(NOT_RUN)?.1.trim_end().to_owned());
    output.lines().filter_map(reason).collect()
}

#[cfg(test)]
mod tests {
    use super::{Counts, reasons};

    #[test]
    fn results_of_all_runs_are_added() {
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

    /// The reason has a line of its own if tests run on threads. Otherwise it follows a test's
    /// name.
    #[test]
    fn test_with_a_reason_counts_as_skipped() {
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
