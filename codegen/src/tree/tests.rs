//! Folders of each kind of tree, made for the tests.

use super::*;
use crate::tree_version::digest;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

/// The target of this name.
fn target(triple: &str) -> &'static Target {
    let mut all = mio_targets::all();
    all.find(|(_, target)| target.triple == triple)
        .expect(triple)
        .1
}

const NDK_HEADER: &str =
    "toolchains/llvm/prebuilt/linux-x86_64/sysroot/usr/include/android/api-level.h";
const NDK_ARM: &str =
    "toolchains/llvm/prebuilt/linux-x86_64/sysroot/usr/include/arm-linux-androideabi/asm/a.h";
const VERSION_H: &str = "#define LINUX_VERSION_CODE 393505\n";
const SETTINGS: &str =
    r#"{"CanonicalName": "macosx14.4", "DisplayName": "macOS 14.4", "Version": "14.4"}"#;
const PLIST: &str = "<plist><dict>\n<key>CanonicalName</key>\n\t<string>iphoneos12.1</string>\n\
    <key>Version</key><string>12.1</string></dict></plist>";

#[test]
fn systems_versions_and_targets_are_read() {
    for (files, title, serves, serves_not) in [
        (
            &[("SDKSettings.json", SETTINGS), ("usr/include/poll.h", "")][..],
            "macOS SDK 14.4",
            "aarch64-apple-darwin",
            "aarch64-apple-ios",
        ),
        (
            &[("SDKSettings.plist", PLIST), ("usr/include/poll.h", "")],
            "iOS SDK 12.1",
            "aarch64-apple-ios",
            "aarch64-apple-darwin",
        ),
        (
            &[
                (
                    "source.properties",
                    "Pkg.Desc = Android NDK\nPkg.Revision = 26.1.10909125\n",
                ),
                (NDK_HEADER, ""),
                (NDK_ARM, ""),
            ],
            "Android NDK 26.1.10909125",
            "armv7-linux-androideabi",
            "aarch64-linux-android",
        ),
        (
            &[
                ("usr/include/android/api-level.h", ""),
                (
                    "usr/include/android/ndk-version.h",
                    "#define __NDK_MAJOR__ 27\n#define __NDK_MINOR__ 0\n",
                ),
                ("usr/include/i686-linux-android/asm/a.h", ""),
            ],
            "Android NDK 27.0",
            "i686-linux-android",
            "x86_64-linux-android",
        ),
        (
            &[
                (
                    "usr/include/sys/param.h",
                    "#undef __FreeBSD_version\n#define __FreeBSD_version 1401000\t/* master */\n",
                ),
                (
                    "usr/include/machine/param.h",
                    "#ifndef MACHINE_ARCH\n#define\tMACHINE_ARCH\t\"amd64\"\n#endif\n",
                ),
            ],
            "FreeBSD 14.1",
            "x86_64-unknown-freebsd",
            "aarch64-unknown-freebsd",
        ),
        (
            &[
                (
                    "usr/include/sys/param.h",
                    "#define\t__NetBSD_Version__\t1001000000\t/* NetBSD 10.1 */\n",
                ),
                (
                    "usr/include/machine/param.h",
                    "#define MACHINE_ARCH \"i386\"\n",
                ),
            ],
            "NetBSD 10.1",
            "i686-unknown-netbsd",
            "x86_64-unknown-netbsd",
        ),
        (
            &[
                (
                    "usr/include/sys/param.h",
                    "#define OpenBSD\t202410\n#define OpenBSD7_6 1\n",
                ),
                (
                    "usr/include/machine/param.h",
                    "#define MACHINE_ARCH _MACHINE_ARCH\n#define _MACHINE_ARCH amd64\n",
                ),
            ],
            "OpenBSD 7.6",
            "x86_64-unknown-openbsd",
            "i686-unknown-openbsd",
        ),
        (
            &[
                ("usr/include/linux/version.h", VERSION_H),
                ("usr/include/aarch64-linux-gnu/asm/a.h", ""),
            ],
            "Linux 6.1.33",
            "aarch64-unknown-linux-gnu",
            "aarch64-unknown-linux-musl",
        ),
        (
            &[
                ("include/linux/version.h", VERSION_H),
                ("include/asm/sgidefs.h", ""),
                ("include/asm/break.h", ""),
            ],
            "Linux 6.1.33",
            "mips64el-unknown-linux-muslabi64",
            "loongarch64-unknown-linux-gnu",
        ),
    ] {
        let folder = folder(files);
        let tree = Tree::open(folder.path()).expect(title);
        assert_eq!(tree.title, title);
        assert!(tree.is_arch_known, "{title}");
        assert!(tree.serves(target(serves)), "{title} serves {serves}");
        assert!(!tree.serves(target(serves_not)), "{title}: {serves_not}");
        assert!(
            tree.include(target(serves))
                .iter()
                .all(|path| path.is_dir())
        );
    }
}

#[test]
fn architecture_that_no_file_states_is_unknown() {
    let folder = folder(&[("linux/version.h", VERSION_H), ("asm/types.h", "")]);
    let tree = Tree::open(folder.path()).expect("the include folder itself");
    assert!(!tree.is_arch_known && tree.serves(target("s390x-unknown-linux-gnu")));
}

#[test]
fn source_of_a_kernel_names_the_command_that_exports_its_headers() {
    let makefile = "# SPDX\nVERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\nEXTRAVERSION =\n";
    let folder = folder(&[("Makefile", makefile), ("include/uapi/linux/a.h", "")]);
    let error = Tree::open(folder.path()).unwrap_err();
    assert!(
        error.to_string().contains("the source of Linux 6.1.0"),
        "{error}"
    );
    let wanted = format!("make -C {} headers", folder.path().display());
    let message = error.message(&["diff".to_owned()], None);
    assert!(message.contains(&wanted), "{message}");
}

#[test]
fn folder_without_headers_is_an_error() {
    let folder = folder(&[("usr/include/stdio.h", "")]);
    for (path, wanted) in [
        (folder.path().to_owned(), "it is none of: an SDK of Xcode"),
        (folder.path().join("gone"), "there is no such folder"),
    ] {
        let error = Tree::open(&path).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    let platform = SETTINGS.replace("macosx", "plan9");
    fs::write(folder.path().join("SDKSettings.json"), platform).expect("a file");
    let error = Tree::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("the unknown platform `plan914.4`"),
        "{error}"
    );
}

#[test]
fn digest_depends_on_each_header_its_path_and_the_version() {
    let header = |name, text| {
        let version = ("SDKSettings.json", SETTINGS);
        let folder = folder(&[version, (name, text), ("usr/share/doc", "any")]);
        digest(&Tree::open(folder.path()).expect("a tree")).expect("a digest")
    };
    let one = header("usr/include/poll.h", "1");
    assert_eq!(one, header("usr/include/poll.h", "1"), "in another folder");
    assert_ne!(one, header("usr/include/poll.h", "2"));
    assert_ne!(one, header("usr/include/sys/poll.h", "1"));
    let folder = folder(&[
        ("SDKSettings.json", &*SETTINGS.replace("14.4", "14.5")),
        ("usr/include/poll.h", "1"),
    ]);
    let newer = digest(&Tree::open(folder.path()).expect("a tree")).expect("a digest");
    assert_ne!(one, newer);
}

#[cfg(unix)]
#[test]
fn links_of_a_tree_count_and_circles_end() {
    let tree = folder(&[
        ("SDKSettings.json", SETTINGS),
        ("usr/include/amd64/a.h", ""),
    ]);
    let include = tree.path().join("usr/include");
    let read = || digest(&Tree::open(tree.path()).expect("a tree")).expect("a digest");
    let without = read();
    std::os::unix::fs::symlink("amd64", include.join("machine")).expect("a link");
    let with = read();
    assert_ne!(without, with);
    std::os::unix::fs::symlink(&include, include.join("circle")).expect("a link");
    assert_ne!(with, read());
}
