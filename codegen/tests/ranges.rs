//! Newer headers of a system against the oldest ones: a difference is an error unless
//! `ranges.toml` lists it.

mod support;

use std::fs;

use support::{Repository, Result, help};

#[test]
fn difference_that_is_not_listed_is_an_error() -> Result {
    let repository = Repository::whole()?;
    repository.edit("codegen/ranges.toml", "\"size 28 → 60\",", "")?;
    let before = repository.tree()?;
    let message = repository.fail(&["generate", "--os", "netbsd"])?;
    assert!(
        message.contains(
            "ziglang-netbsd-11 differs from the oldest headers of netbsd: struct kevent: \
             size 28 → 60 (i586-unknown-netbsd, i686-unknown-netbsd)"
        ),
        "{message}"
    );
    assert!(
        help(&message).starts_with("if programs built with the older declaration of struct kevent"),
        "{message}"
    );
    assert!(!message.contains("size 40 → 72"), "{message}");
    assert!(repository.tree()? == before, "nothing was written");
    Ok(())
}

#[test]
fn listed_difference_that_does_not_exist_is_an_error() -> Result {
    let repository = Repository::whole()?;
    repository.edit("codegen/ranges.toml", "size 28 → 60", "size 28 → 61")?;
    let message = repository.fail(&["check", "--os", "netbsd"])?;
    assert!(
        message.contains("`struct kevent` of ziglang-netbsd-11 does not differ by `size 28 → 61`"),
        "{message}"
    );
    repository.edit("codegen/ranges.toml", "symbol =", "symbols =")?;
    let message = repository.fail(&["check", "--os", "netbsd"])?;
    assert!(message.contains("codegen/ranges.toml: "), "{message}");
    Ok(())
}

#[test]
fn pack_that_does_not_exist_is_an_error() -> Result {
    let repository = Repository::new()?;
    repository.edit(
        "codegen/sources.toml",
        "ziglang-netbsd-11\"]",
        "ziglang-netbsd-12\"]",
    )?;
    let message = repository.fail(&["list", "packs"])?;
    assert!(
        message.contains("there is no header pack `ziglang-netbsd-12`"),
        "{message}"
    );
    Ok(())
}

#[test]
fn heads_name_the_range() -> Result {
    let repository = Repository::whole()?;
    for (file, wanted) in [
        ("generated/netbsd/lp64.rs", "(NetBSD 10.1); also "),
        (
            "generated/netbsd/lp64.rs",
            "(NetBSD 11.0) but for fn kevent, struct kevent.\n",
        ),
        (
            "generated/freebsd/lp64.rs",
            "(FreeBSD 14.3, declared as 14.0); also ",
        ),
        (
            "codegen/snapshots/netbsd-lp64.json",
            "(NetBSD 11.0) but for fn kevent, struct kevent\"",
        ),
    ] {
        let text = fs::read_to_string(repository.path(file))?;
        assert!(text.contains(wanted), "{wanted:?} is not in {file}");
    }
    Ok(())
}
