//! `zig cc` of the pinned wheel: another compiler than the libclang of the tool.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Has zig compile a text with assertions. The error is its message if one fails.
pub(crate) fn compile(target: &str, include: &Path, text: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let source = folder.path().join("asserted.c");
    fs::write(&source, text).map_err(|error| error.to_string())?;
    let root = ZIG.get_or_init(zig).clone()?;
    let cache = root.join("cache");
    let output = Command::new(root.join("ziglang/zig"))
        .args([
            "cc",
            "-target",
            target,
            "-nostdinc",
            "-c",
            "-o",
            "asserted.o",
            "-I",
        ])
        .arg(include)
        .arg(&source)
        .current_dir(folder.path())
        .env("ZIG_GLOBAL_CACHE_DIR", &cache)
        .env("ZIG_LOCAL_CACHE_DIR", &cache)
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The folder of the unpacked compiler.
static ZIG: OnceLock<Result<PathBuf, String>> = OnceLock::new();

/// Unpacks the compiler and its own headers once, into the build folder.
fn zig() -> Result<PathBuf, String> {
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("zig");
    if root.join("done").exists() {
        return Ok(root);
    }
    let cache = match (std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")) {
        (Some(cache), _) => PathBuf::from(cache),
        (None, Some(home)) => PathBuf::from(home).join(".cache"),
        (None, None) => return Err("no HOME".to_owned()),
    };
    let sources = include_str!("../../sources.toml");
    let file = sources
        .lines()
        .find_map(|line| line.strip_prefix("file = \"")?.strip_suffix('"'));
    let wheel = cache.join("mio-build").join(file.ok_or("no file")?);
    let message = |error: std::io::Error| format!("{}: {error}", wheel.display());
    let mut archive = zip::ZipArchive::new(fs::File::open(&wheel).map_err(message)?)
        .map_err(|e| e.to_string())?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| error.to_string())?;
        let name = entry.name().to_owned();
        let wanted = ["ziglang/lib/include/", "ziglang/lib/std/"];
        if entry.is_dir() || name != "ziglang/zig" && !wanted.iter().any(|w| name.starts_with(w)) {
            continue;
        }
        let path = root.join(&name);
        fs::create_dir_all(path.parent().unwrap_or(&root)).map_err(message)?;
        let mut out = fs::File::create(&path).map_err(message)?;
        std::io::copy(&mut entry, &mut out).map_err(message)?;
    }
    let program = root.join("ziglang/zig");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).map_err(message)?;
    fs::write(root.join("done"), "").map_err(message)?;
    Ok(root)
}
