//! Tests of the pins and their files.

use super::*;

#[test]
fn libclang_is_a_shared_library() {
    for name in [
        "libclang.so",
        "libclang.so.18",
        "libclang-18.so.18.1.3",
        "libclang.dylib",
        "libclang.dll",
    ] {
        assert!(is_libclang(name), "{name}");
    }
    for name in [
        "libclang.rs",
        "libclang-18.1.1-py2.py3-none-macosx_11_0_arm64.whl",
        "libclang-cpp.lua",
        "libclangTooling.so",
    ] {
        assert!(!is_libclang(name), "{name}");
    }
}

#[test]
fn star_matches_a_part_of_one_folder_name() {
    assert!(begins(
        "a/include/x86-linux-any/asm/poll.h",
        "a/include/*-linux-any/"
    ));
    assert!(!begins(
        "a/include/x86/deep-linux-any/asm/poll.h",
        "a/include/*-linux-any/"
    ));
    assert!(!begins(
        "a/include/generic-musl/poll.h",
        "a/include/*-linux-any/"
    ));
    assert!(begins(
        "libclang-18.1.1.data/platlib/clang/native/libclang.so",
        "clang/native/"
    ));
    assert!(!begins("clang/cindex.py", "clang/native/"));
}

#[test]
fn version_is_that_of_the_wheel() {
    let wheel = "libclang_ng-22.1.4.2-py3-none-manylinux2014_x86_64.whl";
    assert_eq!(version_of("libclang-ng", wheel), Some("22.1.4.2"));
    assert_eq!(version_of("libclang", wheel), None);
    assert!(same_version("0.16", "0.16.0"));
    assert!(!same_version("0.16", "0.16.1"));
    assert!(is_version("0.17.1") && !is_version("") && !is_version("--help"));
}

#[test]
fn version_that_contradicts_the_file_is_an_error() {
    let ours = include_str!("../../sources.toml");
    assert!(Sources::parse(ours).is_ok());
    let wrong = ours.replacen("version = \"0.17.1\"", "version = \"0.17\"", 1);
    let error = Sources::parse(&wrong).unwrap_err().to_string();
    assert!(
        error.contains("ziglang is pinned at version `0.17`, but "),
        "{error}"
    );
    assert!(error.ends_with("is version 0.17.1"), "{error}");
}

#[test]
fn two_packs_of_one_name_are_an_error() {
    let text = include_str!("../../sources.toml");
    assert!(Sources::parse(text).is_ok());
    let text = text.replace("name = \"ziglang-windows\"", "name = \"ziglang\"");
    let error = Sources::parse(&text).unwrap_err().to_string();
    let wanted = "two header packs or trees are named `ziglang`";
    assert!(error.contains(wanted), "{error}");
}
