//! `cargo codegen site` as a command: versions, links from reports, and folders that it must not
//! change. The unit tests of `codegen/src/site` read the pages, and `cargo xtask test --only site`
//! opens them in a browser.

mod support;

use std::fs;

use support::{Repository, Result, help, tree};

/// Copies the snapshots of the repository to its folder `old`, with another size of `pollfd`.
fn older(repository: &Repository) -> Result {
    let old = repository.path("old");
    fs::create_dir(&old)?;
    for (path, bytes) in tree(&repository.path("codegen/snapshots"))? {
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            fs::write(old.join(path), bytes)?;
        }
    }
    let wanted = "\"name\": \"pollfd\", \"union\": false, \"repr\": \"C\", \"size\": ";
    repository.edit(
        "old/vita-all.json",
        &format!("{wanted}8"),
        &format!("{wanted}16"),
    )
}

#[test]
fn versions_are_written_and_replaced() -> Result {
    let repository = Repository::whole()?;
    older(&repository)?;
    let printed = repository.succeed(&["site", "--output", "target/pages", "old", "."])?;
    assert!(
        printed.contains("files, ") && printed.contains("index.html"),
        "{printed}"
    );
    let two = tree(&repository.path("target/pages"))?;
    let data = fs::read_to_string(repository.path("target/pages/data.js"))?;
    assert!(data.contains("\n\"old\",\n\"the working tree\"\n"));
    let record = repository.path("target/pages/record-pollfd.html");
    assert!(fs::read_to_string(&record)?.contains("size 8 → 16"));

    repository.succeed(&["site", "-o", "target/pages"])?;
    let one = tree(&repository.path("target/pages"))?;
    assert!(
        one.len() < two.len(),
        "the pages of the older version are gone"
    );
    assert!(!fs::read_to_string(&record)?.contains("size 8 → 16"));
    repository.succeed(&["site", "-o", "target/pages", "old", "."])?;
    assert_eq!(
        tree(&repository.path("target/pages"))?,
        two,
        "the same bytes"
    );
    Ok(())
}

#[test]
fn folder_of_another_origin_stays_as_it_is() -> Result {
    let repository = Repository::whole()?;
    let before = repository.tree()?;
    let message = repository.fail(&["site", "--output", "codegen"])?;
    assert!(
        message.contains("codegen holds headers, which is no page of `cargo codegen site`"),
        "{message}"
    );
    assert!(
        help(&message).starts_with("name a folder that is new"),
        "{message}"
    );
    let message = repository.fail(&["site", "--output", "codegen/sources.toml"])?;
    assert!(
        message.contains("codegen/sources.toml is not a folder"),
        "{message}"
    );
    let message = repository.fail(&["site", "--output", "pages", ".", "."])?;
    assert!(
        message.contains("`.` is the same operand as one before it"),
        "{message}"
    );
    let message = repository.fail(&["site", "--output", "pages", "nothing"])?;
    assert!(message.contains("\nhelp: "), "{message}");
    assert!(
        repository.tree()? == before,
        "a refused run has changed files"
    );
    Ok(())
}

#[test]
fn reports_link_to_pages_that_exist() -> Result {
    let repository = Repository::whole()?;
    older(&repository)?;
    repository.succeed(&["site", "--output", "pages", "old", "."])?;
    let page = "record-pollfd.html";
    assert!(repository.path("pages").join(page).exists());
    for (format, link) in [
        (
            "markdown",
            format!("struct [`pollfd`](https://h.example/abi/{page})"),
        ),
        (
            "html",
            format!("<a href=\"https://h.example/abi/{page}\"><code>pollfd</code></a>"),
        ),
    ] {
        let arguments = ["diff", "old", ".", "--format", format];
        let report = |more: &[&str]| -> Result<String> {
            let output = repository.tool().args(arguments).args(more).output()?;
            assert_eq!(
                output.status.code(),
                Some(1),
                "the size of pollfd is breaking"
            );
            Ok(String::from_utf8(output.stdout)?)
        };
        let linked = report(&["--site-url", "https://h.example/abi"])?;
        assert!(linked.contains(&link), "{linked}");
        assert!(!report(&[])?.contains(page));
    }
    let wrong = ["diff", "--site-url", "javascript:alert(1)"];
    let output = repository.tool().args(wrong).output()?;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr)?.contains("a URL has only letters"));
    let drawn = repository.succeed(&["show", "pollfd"])?;
    assert!(
        drawn.ends_with("page of `cargo codegen site`: record-pollfd.html\n"),
        "{drawn}"
    );
    Ok(())
}

/// A snapshot in a pipe holds the run up until the signal has arrived.
#[cfg(target_os = "linux")]
#[test]
fn interrupted_run_writes_nothing() -> Result {
    use std::io::Write;
    use std::process::{Command, Stdio};

    let repository = Repository::whole()?;
    older(&repository)?;
    let (pipe, moved) = (repository.path("old/aix-all.json"), repository.path("aix"));
    fs::rename(&pipe, &moved)?;
    assert!(Command::new("mkfifo").arg(&pipe).status()?.success());
    let mut tool = repository.tool();
    tool.args(["site", "--output", "pages", "old"]);
    let child = tool.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // This waits until the tool opens the pipe.
    let mut writer = fs::OpenOptions::new().write(true).open(&pipe)?;
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status()?.success());
    writer.write_all(&fs::read(moved)?)?;
    drop(writer);
    let output = child.wait_with_output()?;
    let message = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert!(
        message.starts_with("error: interrupted; nothing was written\n"),
        "{message}"
    );
    assert!(!repository.path("pages").exists());
    Ok(())
}
