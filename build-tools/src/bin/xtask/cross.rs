//! Compilers, linkers and emulators for other systems than this machine's, each fetched once into the cache.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::fetch;
use crate::project::PLAIN;
use crate::report::NotRun;
use crate::step::{Context, Step};

/// Arguments of rustc that `zig cc` does not take, and libraries that its stubs do not have and nothing here uses.
const WRAPPER: &str = r#"#!/bin/bash
a=()
while [ $# -gt 0 ]; do
  case "$1" in
    -arch) shift;;
    -Wl,-melf_i386|--target=*|-mmacosx-version-min=*|-m64|-m32) ;;
    -lkvm|-lmemstat|-lprocstat|-ldevstat|-liconv) ;;
    *) a+=("$1");;
  esac
  shift
done
"#;

/// Debian 12's newer compiler, with std's source. Its LLVM also serves the linker.
const COMPILER: &str = "1.96.0+dfsg1-1~deb12u2";
const PACKAGES: [&str; 4] = [
    "rustc-web",
    "libstd-rust-web-dev",
    "libstd-rust-web-1.96",
    "rust-web-src",
];
const LIBRARIES: [&str; 2] = ["libllvm22", "lld-22"];

/// That compiler, whose std can be built from source for any target.
#[derive(Debug)]
pub(crate) struct Compiler {
    root: PathBuf,
}

impl Compiler {
    pub(crate) fn fetched(context: &mut Context<'_>) -> Result<Compiler> {
        only_here()?;
        let root = fetch::once(
            context,
            &format!("rust-web-{COMPILER}"),
            |context, parts| fetch::packages(context, parts, (&PACKAGES, COMPILER), &LIBRARIES),
        );
        let root = root.map_err(|error| NotRun(format!("no Rust {COMPILER} ({error:#})")))?;
        Ok(Compiler { root })
    }

    /// Another version, unpacked in this folder as that one is.
    pub(crate) fn unpacked(root: PathBuf) -> Compiler {
        Compiler { root }
    }

    /// A program that comes with it.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.root.join("usr/bin").join(name)
    }

    /// Cargo on that compiler, in a build folder of its own.
    pub(crate) fn cargo(&self, context: &Context<'_>, words: &str) -> Step {
        let root = &self.root;
        let shared = format!(
            "{0}/usr/lib/x86_64-linux-gnu:{0}/usr/lib",
            root.to_string_lossy()
        );
        Step::cargo(context.project, PLAIN, words)
            .set("CARGO_TARGET_DIR", context.project.target("foreign"))
            .set("RUSTC", root.join("usr/bin/rustc"))
            .set("RUSTDOC", root.join("usr/bin/rustdoc"))
            .set("RUSTC_BOOTSTRAP", "1")
            .set("LD_LIBRARY_PATH", shared)
    }
}

impl Compiler {
    /// Cargo on that compiler for a target that is only checked: libraries end after their metadata, and std goes without the
    /// crates that print backtraces, a fifth of it, where it compiles without.
    pub(crate) fn checker(&self, context: &Context<'_>, words: &str, triple: &str) -> Step {
        let features = if triple.ends_with("-fuchsia") {
            "panic-unwind,backtrace"
        } else {
            "panic-unwind"
        };
        self.cargo(context, words)
            .words("--target")
            .argument(triple)
            .argument(format!("-Zbuild-std-features={features}"))
            .set(
                "RUSTC_WRAPPER",
                context.project.path("build-tools/checked/rustc.sh"),
            )
            .set("CARGO_TARGET_DIR", context.project.target("checked"))
            .set("CARGO_PROFILE_DEV_DEBUG", "0")
            .set("RUSTFLAGS", "-Dwarnings")
    }
}

impl Compiler {
    /// cc with this compiler's own lld, as a script in the cache: GNU's linker fails on the runtime of ThreadSanitizer.
    pub(crate) fn lld(&self, context: &Context<'_>) -> Result<PathBuf> {
        let folder = context.project.target("linkers").join("lld");
        fs::create_dir_all(&folder)?;
        let link = folder.join("ld.lld");
        let program = self.root.join("usr/bin/ld.lld-22");
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(&program, &link)?;
        let shared = self.root.join("usr/lib/x86_64-linux-gnu");
        let script = folder.join("cc");
        let text = format!(
            "#!/bin/sh\nexport LD_LIBRARY_PATH='{}'\nexec cc -fuse-ld=lld -B'{}' \"$@\"\n",
            shared.display(),
            folder.display()
        );
        fs::write(&script, text)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        Ok(script)
    }
}

/// Cargo's variable for a target.
pub(crate) fn variable(triple: &str, what: &str) -> String {
    let triple = triple.to_uppercase().replace(['-', '.'], "_");
    format!("CARGO_TARGET_{triple}_{what}")
}

fn only_here() -> Result<()> {
    if cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) {
        return Err(NotRun("the tools are known for Linux on x86-64 only".to_owned()).into());
    }
    Ok(())
}

/// Where zig is unpacked in the cache, with the lists of symbols of the systems that it links for.
pub(crate) fn zig_root(context: &mut Context<'_>) -> Result<PathBuf> {
    only_here()?;
    fetch::once(context, "zig-0.17.1", zig)
        .map_err(|error| NotRun(format!("zig cannot be fetched ({error:#})")).into())
}

/// A linker for a system that zig knows, as a script in the cache.
pub(crate) fn linker(context: &mut Context<'_>, zig_target: &str) -> Result<PathBuf> {
    let zig = zig_root(context)?;
    let folder = context.project.target("linkers");
    fs::create_dir_all(&folder)?;
    let program = zig.join("ziglang/zig");
    let cache = context.project.target("zig");
    let text = format!(
        "{WRAPPER}export ZIG_GLOBAL_CACHE_DIR='{0}' ZIG_LOCAL_CACHE_DIR='{0}'\nunset LD_LIBRARY_PATH\nexec '{1}' cc -target {zig_target} \"${{a[@]}}\"\n",
        cache.display(),
        program.display()
    );
    let script = folder.join(format!("zcc-{zig_target}"));
    fs::write(&script, text)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    Ok(script)
}

/// Where zig keeps the stubs of Apple's libraries.
pub(crate) fn apple_root(context: &Context<'_>) -> PathBuf {
    context
        .project
        .cache
        .join("zig-0.17.1/ziglang/lib/libc/darwin")
}

/// The wheel that `cargo codegen` reads headers of, whole.
fn zig(context: &mut Context<'_>, parts: &Path) -> Result<()> {
    let sources = fs::read_to_string(context.project.path("codegen/sources.toml"))?;
    let field = |name: &str| {
        let line = sources
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name} = \"")));
        line.and_then(|rest| rest.strip_suffix('"'))
            .with_context(|| format!("codegen/sources.toml has no {name}"))
    };
    let (file, sha256) = (field("file")?, field("sha256")?);
    let wheel = context.project.cache.join(file);
    if !wheel.exists() {
        let step = Step::new("python3")
            .words("-m pip download --quiet --no-deps --only-binary :all: --platform")
            .argument(field("platform")?)
            .words("--dest")
            .argument(&context.project.cache)
            .argument(format!("{}=={}", field("package")?, field("version")?))
            .limit(900);
        context.run(step)?;
    }
    if fetch::hash(context, &wheel)? != sha256 {
        bail!("{} is not the file that it was", wheel.display());
    }
    let unzip = Step::new("python3")
        .words("-m zipfile -e")
        .argument(&wheel)
        .argument(parts.join("root"));
    context.run(unzip)?;
    let program = parts.join("root/ziglang/zig");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Debian 12's emulator: it lacks `epoll_pwait2`, so the fallback runs.
pub(crate) fn old_qemu(context: &mut Context<'_>) -> Result<PathBuf> {
    let fill = |context: &mut Context<'_>, parts: &Path| {
        let step = Step::new("apt-get")
            .words("download qemu-user-static")
            .folder(parts)
            .limit(600);
        context.run(step)?;
        fetch::unpack(context, parts)
    };
    fetch::once(context, "qemu-user-7", fill)
        .map_err(|error| NotRun(format!("qemu-user cannot be fetched ({error:#})")).into())
}

/// sid's emulator, which has it.
pub(crate) fn new_qemu(context: &mut Context<'_>) -> Result<PathBuf> {
    let fill = |context: &mut Context<'_>, parts: &Path| {
        fetch::from_sid(context, parts, "qemu-user")?;
        fetch::unpack(context, parts)
    };
    fetch::once(context, "qemu-user-sid", fill)
        .map_err(|error| NotRun(format!("sid's qemu-user cannot be fetched ({error:#})")).into())
}

/// Test programs that read the text of the repository and nothing else: they say the same on every
/// system, take a minute where they are emulated, and count as skipped there.
const TEXT: [&str; 2] = ["bindings", "tidy"];

/// The programs of a folder of tests, and those of them that read text alone.
fn split(folder: &Path) -> Result<(Vec<String>, Vec<String>)> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str());
        if let Some(name) = name.filter(|_| path.extension().is_some_and(|end| end == "rs")) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    let is_code = |name: &String| !TEXT.contains(&name.as_str());
    Ok(names.into_iter().partition(is_code))
}

/// The arguments of Cargo that name the programs of `tests/` that another system may answer
/// otherwise.
pub(crate) fn programs(context: &mut Context<'_>) -> Result<String> {
    let (programs, text) = split(&context.project.path("tests"))?;
    for name in text {
        let reason = format!("tests/{name}.rs elsewhere: it reads the repository's text alone");
        context.reasons.push(reason);
        context.counts.skipped += 1;
    }
    if programs.is_empty() {
        bail!("there is no test program in tests/");
    }
    Ok(programs
        .iter()
        .map(|name| format!("--test {name} "))
        .collect())
}

/// Linux on 32-bit x86: musl, linked by zig, run by this kernel.
pub(crate) fn linux_i686(context: &mut Context<'_>) -> Result<()> {
    let compiler = Compiler::fetched(context)?;
    let linker = linker(context, "x86-linux-musl")?;
    let programs = programs(context)?;
    let step = suite(&compiler, context, "i686-unknown-linux-musl", &programs)
        .set("CARGO_TARGET_I686_UNKNOWN_LINUX_MUSL_LINKER", linker);
    context.run(step).map(drop)
}

/// What the emulator that lacks `epoll_pwait2` runs after the other has run everything: how long a
/// wait takes. The whole suite runs on that fallback in the stage `upstream-calls`.
const FALLBACK: &str = "--test timeouts --test waker --test linux_syscalls";

/// Linux on a big-endian machine, under two emulators.
pub(crate) fn linux_s390x(context: &mut Context<'_>) -> Result<()> {
    let compiler = Compiler::fetched(context)?;
    let linker = linker(context, "s390x-linux-musl")?;
    let old = old_qemu(context)?.join("usr/bin/qemu-s390x-static");
    let new = new_qemu(context)?.join("usr/bin/qemu-s390x");
    let all = programs(context)?;
    let steps = [(new, &*all), (old, FALLBACK)].map(|(emulator, programs)| {
        suite(&compiler, context, "s390x-unknown-linux-musl", programs)
            .set("CARGO_TARGET_S390X_UNKNOWN_LINUX_MUSL_LINKER", &linker)
            .set("CARGO_TARGET_S390X_UNKNOWN_LINUX_MUSL_RUNNER", emulator)
    });
    context.run_each(steps)
}

/// Linux on 64-bit ARM, under the emulator that has all calls.
pub(crate) fn linux_aarch64(context: &mut Context<'_>) -> Result<()> {
    let compiler = Compiler::fetched(context)?;
    let linker = linker(context, "aarch64-linux-musl")?;
    let emulator = new_qemu(context)?.join("usr/bin/qemu-aarch64");
    let programs = programs(context)?;
    let step = suite(&compiler, context, "aarch64-unknown-linux-musl", &programs)
        .set("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER", linker)
        .set("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_RUNNER", emulator);
    context.run(step).map(drop)
}

/// The unit tests and these programs for a static musl target.
pub(crate) fn suite(
    compiler: &Compiler,
    context: &Context<'_>,
    target: &str,
    programs: &str,
) -> Step {
    compiler
        .cargo(
            context,
            "test --all-features --no-fail-fast --lib -Zbuild-std=std,panic_unwind,test",
        )
        .words(programs)
        .words("--target")
        .argument(target)
        .set(
            "RUSTFLAGS",
            "-Clink-self-contained=no -Ctarget-feature=+crt-static",
        )
}

#[cfg(test)]
mod tests {
    use super::{FALLBACK, TEXT, split};
    use std::path::PathBuf;

    #[test]
    fn programs_are_all_but_those_that_read_text() {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests");
        let (programs, text) = split(&folder).unwrap();
        assert_eq!(text, TEXT);
        let files = folder.read_dir().unwrap();
        let files = files.filter(|entry| {
            let path = entry.as_ref().unwrap().path();
            path.extension().is_some_and(|end| end == "rs")
        });
        assert_eq!(programs.len() + text.len(), files.count());
        for name in FALLBACK.split(" ").filter(|word| *word != "--test") {
            assert!(programs.iter().any(|program| program == name), "{name}");
        }
    }
}
