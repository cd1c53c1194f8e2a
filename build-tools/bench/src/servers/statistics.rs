//! Medians, and how sure they are.

use serde::Serialize;

/// A median, and the interval that contains the true median.
///
/// The interval lies between two of the sorted values. It assumes nothing but independent rounds:
/// the number of values below the true median has a binomial distribution
/// (<https://online.stat.psu.edu/stat415/lesson/19/19.1>).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Estimate {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// The probability that the interval contains the true median: at least 0.95 from 6 values on.
    pub(crate) confidence: f64,
}

/// The least confidence, if there are enough values.
pub(crate) const CONFIDENCE: f64 = 0.95;

impl Estimate {
    /// The estimate from at least one value.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Estimate {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (cut, confidence) = cut(values.len());
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Estimate {
            // The mean of the two middle values, if their number is even.
            median: f64::midpoint(at(last / 2), at(last.div_ceil(2))),
            low: at(cut),
            high: at(last - cut.min(last)),
            confidence,
        }
    }
}

/// The number of values to leave out at either end, so that the confidence is at least 0.95, and
/// that confidence. With less than 6 values nothing is left out, and it is lower.
fn cut(count: usize) -> (usize, f64) {
    // The probability that at most `below` of the values are below the true median.
    let mut term = 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    let mut tail = term;
    let mut best = (0, 1.0 - 2.0 * tail);
    for below in 1..count {
        term *= (count - below + 1) as f64 / below as f64;
        tail += term;
        let confidence = 1.0 - 2.0 * tail;
        if confidence < CONFIDENCE {
            break;
        }
        best = (below, confidence);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::{Estimate, cut};

    /// Of 10 values, for instance, at most one is below the true median with a probability of
    /// 11/1024, so the 2nd and the 9th enclose it with one of 1002/1024.
    #[test]
    fn intervals_are_those_of_the_sign_test() {
        for (count, left_out, confidence) in [
            (2, 0, 0.5),
            (5, 0, 0.9375),
            (6, 0, 0.96875),
            (8, 0, 0.9922),
            (9, 1, 0.9609),
            (10, 1, 0.9785),
            (14, 2, 0.9871),
            (20, 5, 0.9586),
            (25, 7, 0.9567),
        ] {
            let (found, probability) = cut(count);
            assert_eq!(found, left_out, "{count}");
            assert!(
                (probability - confidence).abs() < 1e-4,
                "{count}: {probability}"
            );
        }
    }

    #[test]
    fn median_is_in_the_middle() {
        let estimate = Estimate::of((1..=10).rev().map(f64::from));
        assert_eq!(
            (estimate.low, estimate.median, estimate.high),
            (2.0, 5.5, 9.0)
        );
        let estimate = Estimate::of([3.0, 1.0, 2.0]);
        assert_eq!(
            (estimate.low, estimate.median, estimate.high),
            (1.0, 2.0, 3.0)
        );
        let estimate = Estimate::of([4.0]);
        assert_eq!(
            (estimate.low, estimate.median, estimate.high),
            (4.0, 4.0, 4.0)
        );
        assert!(Estimate::of([]).median.is_nan());
    }
}
