//! Suggests a known name for a misspelled one.

/// `; did you mean …?`, or nothing.
pub(crate) fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// The known name with the smallest edit distance to `name`, if that is small.
pub(crate) fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |known: &str| strsim::damerau_levenshtein(known, name);
    let best = known
        .into_iter()
        .map(|known| (distance(known), known))
        .min();
    let (distance, best) = best?;
    let most = 2.max(name.chars().count() / 6);
    (distance <= most && best != name).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn similar_names_are_suggested() {
        let known = ["EPOLLEXCLUSIVE", "EPOLLIN"];
        assert_eq!(near("EPOLLEXCLUSIV", known), Some("EPOLLEXCLUSIVE"));
        assert_eq!(near("EPOLLNI", known), Some("EPOLLIN"));
        assert_eq!(near("kevent", known), None);
        assert_eq!(near("EPOLLIN", ["EPOLLIN"]), None);
    }
}
