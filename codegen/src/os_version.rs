//! Finds the version of a system that the headers of a pack describe.

use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::sources::Pack;
use crate::targets::{Os, Target, Version};

/// A version of a system, major and minor.
type OsRelease = (u32, u32);

/// A system whose version is read from a pack.
struct KnownSystem {
    /// The placeholder in the table of targets.
    mark: &'static str,
    /// Its name in messages.
    title: &'static str,
    /// Reads the version from a pack.
    read: fn(&Path) -> Option<OsRelease>,
    /// Reads the version from a flag of clang.
    declared: fn(&str) -> Option<OsRelease>,
    /// The flag of clang that declares a version.
    flag: fn(OsRelease) -> String,
}

/// The systems whose version is read. zig's headers of the BSDs leave the version to the compiler.
/// zig takes it from a list of targets, which the pack also has:
/// <https://github.com/ziglang/zig/blob/0.14.1/lib/std/Target.zig>
const KNOWN: [KnownSystem; 4] = [
    KnownSystem {
        mark: "{freebsd}",
        title: "FreeBSD",
        read: |pack| newest_target(pack, "freebsd"),
        // 1400000: major, two digits of the minor, three that count changes.
        // https://docs.freebsd.org/en/books/porters-handbook/versions/
        declared: |flag| {
            let number: u32 = flag.strip_prefix("-D__FreeBSD_version=")?.parse().ok()?;
            Some((number / 100_000, number / 1000 % 100))
        },
        flag: |(major, minor)| format!("-D__FreeBSD_version={major}{minor:02}000"),
    },
    KnownSystem {
        mark: "{macos}",
        title: "the macOS SDK",
        read: newest_macos,
        declared: |_| None,
        flag: |_| String::new(),
    },
    KnownSystem {
        mark: "{netbsd}",
        title: "NetBSD",
        read: |pack| newest_target(pack, "netbsd"),
        // MMmmrrpp00: https://man.netbsd.org/param.3
        declared: |flag| {
            let number: u32 = flag.strip_prefix("-D__NetBSD_Version__=")?.parse().ok()?;
            Some((number / 100_000_000, number / 1_000_000 % 100))
        },
        flag: |(major, minor)| format!("-D__NetBSD_Version__={major}{minor:02}000000"),
    },
    KnownSystem {
        mark: "{openbsd}",
        title: "OpenBSD",
        read: |pack| newest_target(pack, "openbsd"),
        declared: |flag| {
            let (major, minor) = flag.strip_prefix("-DOpenBSD")?.split_once('_')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        },
        flag: |(major, minor)| format!("-DOpenBSD{major}_{minor}"),
    },
];

/// The newest version of a system in the list of targets of a pack.
fn newest_target(pack: &Path, system: &str) -> Option<OsRelease> {
    let text = fs::read_to_string(pack.join("ziglang/lib/std/Target.zig")).ok()?;
    newest_in_list(&text, system)
}

/// The newest version in the text of that list:
/// `.netbsd => .{ .semver = .{ …, .max = .{ .major = 10, .minor = 1, …`.
fn newest_in_list(text: &str, system: &str) -> Option<OsRelease> {
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

/// The newest version of macOS that Apple's headers define: `#define __MAC_27_0 270000`.
fn newest_macos(pack: &Path) -> Option<OsRelease> {
    let include = pack.join("ziglang/lib/libc/include");
    // The second name is that of packs before 0.16.
    let text = ["any-darwin-any", "any-macos-any"]
        .iter()
        .find_map(|name| {
            fs::read_to_string(include.join(name).join("AvailabilityVersions.h")).ok()
        })?;
    text.lines().filter_map(macos).max()
}

/// The version in a line of Apple's header.
fn macos(line: &str) -> Option<OsRelease> {
    let name = line
        .strip_prefix("#define __MAC_")?
        .split_whitespace()
        .next()?;
    let (major, minor) = name.split_once('_')?;
    // Versions before 11 have three numbers. `__MAC_NA` has none.
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// `10.1`.
fn shown((major, minor): OsRelease) -> String {
    format!("{major}.{minor}")
}

/// A description from the table of targets, with the version of the pack for the placeholder.
pub(crate) fn fill(description: &str, pack: &Path) -> String {
    match KNOWN.iter().find(|known| description.contains(known.mark)) {
        None => description.to_owned(),
        Some(known) => {
            let number = (known.read)(pack).map_or_else(|| "of unknown version".to_owned(), shown);
            description.replace(known.mark, &number)
        }
    }
}

/// The version of the system in a pack, by a description from the table of targets. None if the
/// description has no placeholder or the pack no version.
pub(crate) fn described(description: &str, pack: &Path) -> Option<String> {
    let known = KNOWN
        .iter()
        .find(|known| description.contains(known.mark))?;
    Some(format!("{} {}", known.title, shown((known.read)(pack)?)))
}

/// The target with the flags that declare the version of the headers in `pack` to clang.
pub(crate) fn declared_as(os: &Os, target: &Target, pack: &Path) -> Target {
    let known = KNOWN.iter().find(|known| match os.version {
        Version::Stated(description) => description.contains(known.mark),
        Version::LinuxHeaders => false,
    });
    let found = known.and_then(|known| Some((known, (known.read)(pack)?)));
    let flag = |flag: &&'static str| match found {
        Some((known, version)) if (known.declared)(flag).is_some() => {
            // A few words for each run of the program.
            &*String::leak((known.flag)(version))
        }
        _ => flag,
    };
    Target {
        flags: Vec::leak(target.flags.iter().map(flag).collect()),
        ..*target
    }
}

/// The version of mingw-w64 in a pack.
pub(crate) fn mingw(pack: &Path) -> Option<String> {
    let include = pack.join("ziglang/lib/libc/include/any-windows-any");
    let text = fs::read_to_string(include.join("_mingw_mac.h")).ok()?;
    let number = |name: &str| -> Option<u32> {
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix("#define ")?.strip_prefix(name))?;
        value.trim().parse().ok()
    };
    let version = (
        number("__MINGW64_VERSION_MAJOR")?,
        number("__MINGW64_VERSION_MINOR")?,
    );
    Some(format!("mingw-w64 {}", shown(version)))
}

/// An error if a flag declares another version of the system to clang than that of the headers. If
/// the description contains `declared as`, the flag may declare an older one.
pub(crate) fn check(os: &Os, pack: &Pack, folder: &Path) -> Result<(), Error> {
    let Version::Stated(description) = os.version else {
        return Ok(());
    };
    let Some(known) = KNOWN.iter().find(|known| description.contains(known.mark)) else {
        return Ok(());
    };
    let found = (known.read)(folder);
    let may_be_older = description.contains(", declared as ");
    let flags = os.targets.iter().flat_map(|target| target.flags);
    let mut declared = flags.filter_map(|flag| Some((*flag, (known.declared)(flag)?)));
    let contradiction = declared.find(|(_, declared)| match found {
        Some(found) if may_be_older => found < *declared,
        Some(found) => found != *declared,
        None => true,
    });
    match contradiction {
        None => Ok(()),
        Some((flag, declared)) => Err(Error::OsVersion {
            pack: format!("{} {}", pack.package, pack.version),
            os: os.name,
            found: format!(
                "{} {}",
                known.title,
                found.map_or_else(|| "of unknown version".to_owned(), shown)
            ),
            declared: format!("{} {} ({flag})", known.title, shown(declared)),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::SYSTEMS;

    #[test]
    fn versions_are_read_from_lists_and_headers() {
        let list = ".netbsd => .{\n.max = 1 } .netbsd => .{\n \
            .semver = .{ .min = blk: { .major = 9, },\n\
            .max = .{ .major = 10, .minor = 1, .patch = 0 },";
        assert_eq!(newest_in_list(list, "netbsd"), Some((10, 1)));
        assert_eq!(newest_in_list(list, "freebsd"), None);
        assert_eq!(macos("#define __MAC_26_4   260400"), Some((26, 4)));
        assert_eq!(macos("#define __MAC_10_10_3 101003"), None);
        assert_eq!(macos("#define __MAC_NA 9999"), None);
    }

    #[test]
    fn flags_declare_the_version_that_they_are_made_from() {
        let flags = KNOWN
            .iter()
            .map(|known| ((known.flag)((11, 2)), known.declared));
        let flags: Vec<_> = flags.filter(|(flag, _)| !flag.is_empty()).collect();
        assert_eq!(flags.len(), 3);
        for (flag, declared) in flags {
            assert_eq!(declared(&flag), Some((11, 2)), "{flag}");
        }
    }

    /// `declared as` in a description is the version of the flag.
    #[test]
    fn descriptions_have_the_versions_of_the_flags() {
        for os in SYSTEMS {
            let Version::Stated(description) = os.version else {
                continue;
            };
            let Some((_, declared)) = description.split_once(", declared as ") else {
                continue;
            };
            let known = KNOWN.iter().find(|known| description.contains(known.mark));
            let known = known.expect("its version is read");
            for target in os.targets {
                let of_flag = target.flags.iter();
                let of_flag = of_flag.clone().find_map(|flag| (known.declared)(flag));
                assert_eq!(
                    of_flag.map(shown).as_deref(),
                    Some(declared),
                    "{}",
                    target.triple
                );
            }
        }
    }
}
