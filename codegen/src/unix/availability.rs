//! Declarations that a header marks as unavailable on the target:
//! <https://clang.llvm.org/docs/AttributeReference.html#availability>

use clang::{Availability, Entity};

/// The reason why no program for the target can use the declaration.
pub(super) fn is_unavailable(entity: &Entity<'_>) -> Option<String> {
    let is_unavailable = entity.get_availability() == Availability::Unavailable;
    is_unavailable.then(|| "its header marks it as unavailable on this target".to_owned())
}

/// The reason why a program for the target cannot use the function. `clang` is the target as clang
/// spells it, with the oldest version of an Apple system.
pub(super) fn unavailable(entity: &Entity<'_>, clang: &str) -> Option<String> {
    if let Some(why) = is_unavailable(entity) {
        return Some(why);
    }
    let (platforms, oldest) = oldest(clang)?;
    let known = entity.get_platform_availability().unwrap_or_default();
    known.iter().find_map(|known| {
        let introduced = known.introduced?;
        let parts = [
            introduced.x,
            introduced.y.unwrap_or_default(),
            introduced.z.unwrap_or_default(),
        ];
        let is_newer = platforms.contains(&&*known.platform) && parts > oldest;
        is_newer.then(|| {
            let [major, minor, _] = parts;
            format!(
                "{} has it since version {major}.{minor}, and older ones are served ({clang}); \
                 look it up at run time",
                known.platform
            )
        })
    })
}

/// The names of an Apple platform in headers, and its oldest version in clang's target.
fn oldest(clang: &str) -> Option<(&'static [&'static str], [u32; 3])> {
    let (_, system) = clang.split_once("-apple-")?;
    let (system, environment) = system.split_once('-').unwrap_or((system, ""));
    let digits = system.find(|letter: char| letter.is_ascii_digit())?;
    let (name, version) = system.split_at(digits);
    let platforms: &[&str] = match (name, environment) {
        ("macosx", _) => &["macos"],
        ("ios", "macabi") => &["maccatalyst"],
        ("ios", _) => &["ios"],
        ("tvos", _) => &["tvos"],
        ("watchos", _) => &["watchos"],
        ("xros", _) => &["xros", "visionos"],
        _ => return None,
    };
    let mut parts = [0; 3];
    for (part, text) in parts.iter_mut().zip(version.split('.')) {
        *part = text.parse().ok()?;
    }
    Some((platforms, parts))
}
