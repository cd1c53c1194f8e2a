//! Which version of a system the headers of a pack describe. The pack says it; heads and tables repeat it.

use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::sources::Pack;
use crate::targets::{Os, Version};

/// A version of a system.
type Number = (u32, u32);

/// A system whose version is read from a pack.
struct Known {
    /// As it stands in the table of targets, in place of the number.
    mark: &'static str,
    /// As people call it.
    title: &'static str,
    /// The number in a pack.
    read: fn(&Path) -> Option<Number>,
    /// The number in a flag of clang.
    told: fn(&str) -> Option<Number>,
}

/// All of them. zig's headers of the BSDs have no number of their own ("defined by the compiler"); the list of targets
/// beside them, which its compiler takes the number from, has it.
const KNOWN: [Known; 4] = [
    Known {
        mark: "{freebsd}",
        title: "FreeBSD",
        read: |pack| newest_target(pack, "freebsd"),
        // 1400000: major, two digits of the minor, three that count changes.
        told: |flag| {
            let number: u32 = flag.strip_prefix("-D__FreeBSD_version=")?.parse().ok()?;
            Some((number / 100_000, number / 1000 % 100))
        },
    },
    Known {
        mark: "{macos}",
        title: "the macOS SDK",
        read: newest_macos,
        told: |_| None,
    },
    Known {
        mark: "{netbsd}",
        title: "NetBSD",
        read: |pack| newest_target(pack, "netbsd"),
        // MMmmrrpp00.
        told: |flag| {
            let number: u32 = flag.strip_prefix("-D__NetBSD_Version__=")?.parse().ok()?;
            Some((number / 100_000_000, number / 1_000_000 % 100))
        },
    },
    Known {
        mark: "{openbsd}",
        title: "OpenBSD",
        read: |pack| newest_target(pack, "openbsd"),
        told: |flag| {
            let (major, minor) = flag.strip_prefix("-DOpenBSD")?.split_once('_')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        },
    },
];

/// The newest version of a system that the compiler of a pack knows.
fn newest_target(pack: &Path, system: &str) -> Option<Number> {
    let text = fs::read_to_string(pack.join("ziglang/lib/std/Target.zig")).ok()?;
    newest_in_list(&text, system)
}

/// The same in the text of that list: `.netbsd => .{ .semver = .{ …, .max = .{ .major = 10, .minor = 1, …`.
fn newest_in_list(text: &str, system: &str) -> Option<Number> {
    let begin = format!(".{system} => .{{");
    let ranges = text
        .match_indices(&begin)
        .map(|(at, _)| &text[at + begin.len()..]);
    let mut ranges = ranges.filter(|rest| rest.trim_start().starts_with(".semver"));
    let (_, rest) = ranges.next()?.split_once(".max = .{")?;
    let number = |name: &str| -> Option<u32> {
        let (_, rest) = rest.split_once(name)?;
        let digits = rest.trim_start_matches([' ', '=']);
        digits
            .split(|letter: char| !letter.is_ascii_digit())
            .next()?
            .parse()
            .ok()
    };
    Some((number(".major")?, number(".minor")?))
}

/// The newest version of macOS that Apple's headers name: `#define __MAC_27_0 270000`.
fn newest_macos(pack: &Path) -> Option<Number> {
    let include = pack.join("ziglang/lib/libc/include");
    // Packs before 0.16 have the folder under the second name.
    let text = ["any-darwin-any", "any-macos-any"]
        .iter()
        .find_map(|name| {
            fs::read_to_string(include.join(name).join("AvailabilityVersions.h")).ok()
        })?;
    text.lines().filter_map(macos).max()
}

/// The version that a line of Apple's header defines.
fn macos(line: &str) -> Option<Number> {
    let name = line
        .strip_prefix("#define __MAC_")?
        .split_whitespace()
        .next()?;
    let (major, minor) = name.split_once('_')?;
    // Before 11 there were three numbers, and there is `__MAC_NA`.
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// `10.1`.
fn shown((major, minor): Number) -> String {
    format!("{major}.{minor}")
}

/// The description of a system in the table of targets, with the number that the pack gives.
pub(crate) fn fill(description: &str, pack: &Path) -> String {
    match KNOWN.iter().find(|known| description.contains(known.mark)) {
        None => description.to_owned(),
        Some(known) => {
            let number = (known.read)(pack).map_or_else(|| "of unknown version".to_owned(), shown);
            description.replace(known.mark, &number)
        }
    }
}

/// An error if clang is told another version of the system than the pack has headers of. Where the description says
/// `declared as`, clang may be told an older one.
pub(crate) fn check(os: &Os, pack: &Pack, folder: &Path) -> Result<(), Error> {
    let Version::Stated(description) = os.version else {
        return Ok(());
    };
    let Some(known) = KNOWN.iter().find(|known| description.contains(known.mark)) else {
        return Ok(());
    };
    let found = (known.read)(folder);
    let older = description.contains(", declared as ");
    let flags = os.targets.iter().flat_map(|target| target.flags);
    let mut told = flags.filter_map(|flag| Some((*flag, (known.told)(flag)?)));
    let wrong = told.find(|(_, told)| match found {
        Some(found) if older => found < *told,
        Some(found) => found != *told,
        None => true,
    });
    match wrong {
        None => Ok(()),
        Some((flag, told)) => Err(Error::OsVersion {
            pack: format!("{} {}", pack.package, pack.version),
            os: os.name,
            found: format!(
                "{} {}",
                known.title,
                found.map_or_else(|| "of unknown version".to_owned(), shown)
            ),
            told: format!("{} {}: {flag}", known.title, shown(told)),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::SYSTEMS;

    #[test]
    fn numbers_are_read_from_lists_and_headers() {
        let list = ".netbsd => .{\n.max = 1 } .netbsd => .{\n .semver = .{ .min = blk: { .major = 9, },\n\
            .max = .{ .major = 10, .minor = 1, .patch = 0 },";
        assert_eq!(newest_in_list(list, "netbsd"), Some((10, 1)));
        assert_eq!(newest_in_list(list, "freebsd"), None);
        assert_eq!(macos("#define __MAC_26_4   260400"), Some((26, 4)));
        assert_eq!(macos("#define __MAC_10_10_3 101003"), None);
        assert_eq!(macos("#define __MAC_NA 9999"), None);
    }

    /// What a description calls `declared as` is what clang is told.
    #[test]
    fn descriptions_say_what_clang_is_told() {
        for os in SYSTEMS {
            let Version::Stated(description) = os.version else {
                continue;
            };
            let Some((_, declared)) = description.split_once(", declared as ") else {
                continue;
            };
            let known = KNOWN.iter().find(|known| description.contains(known.mark));
            let known = known.expect("its number is read");
            for target in os.targets {
                let told = target.flags.iter().find_map(|flag| (known.told)(flag));
                assert_eq!(
                    told.map(shown).as_deref(),
                    Some(declared),
                    "{}",
                    target.triple
                );
            }
        }
    }
}
