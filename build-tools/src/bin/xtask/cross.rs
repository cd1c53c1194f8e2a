//! Compilers, linkers and emulators for other systems, each downloaded once into the cache.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::debian;
use crate::fetch;
use crate::project::PLAIN;
use crate::report::NotRun;
use crate::step::{Context, Step};

/// Drops arguments of rustc that `zig cc` rejects, and libraries that zig has no stubs of. No test
/// program uses these libraries.
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

/// Debian 12's newer compiler, with std's source. The linker uses the same LLVM.
const COMPILER: &str = "1.96.0+dfsg1-1~deb12u2";
const PACKAGES: [&str; 4] = [
    "rustc-web",
    "libstd-rust-web-dev",
    "libstd-rust-web-1.96",
    "rust-web-src",
];
const LIBRARIES: [&str; 2] = ["libllvm22", "lld-22"];

/// The compiler's folder in the cache.
pub(crate) fn compiler_folder() -> String {
    format!("rust-web-{COMPILER}")
}

/// A compiler whose std can be built from source for every target.
#[derive(Debug)]
pub(crate) struct Compiler {
    root: PathBuf,
}

impl Compiler {
    /// Downloads Debian's compiler, if it is not in the cache.
    pub(crate) fn fetched(context: &mut Context<'_>) -> Result<Compiler> {
        check_host()?;
        let root = fetch::once(context, &compiler_folder(), |context, parts| {
            let packages = PACKAGES.map(|name| format!("{name}={COMPILER}"));
            let packages = packages.into_iter().chain(LIBRARIES.map(str::to_owned));
            debian::download(context, parts, packages)
        });
        let root = root.map_err(|error| NotRun(format!("no Rust {COMPILER} ({error:#})")))?;
        Ok(Compiler { root })
    }

    /// A compiler whose packages are unpacked in this folder.
    pub(crate) fn unpacked(root: PathBuf) -> Compiler {
        Compiler { root }
    }

    /// The path of one of its programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.root.join("usr/bin").join(name)
    }

    /// A command of Cargo with this compiler, in a build folder of its own.
    pub(crate) fn cargo(&self, context: &Context<'_>, words: &str) -> Step {
        let root = &self.root;
        let shared = format!(
            "{0}/usr/lib/x86_64-linux-gnu:{0}/usr/lib",
            root.to_string_lossy()
        );
        Step::cargo(context.project, PLAIN, words)
            .set("CARGO_TARGET_DIR", context.project.target("cross"))
            .set("RUSTC", root.join("usr/bin/rustc"))
            .set("RUSTDOC", root.join("usr/bin/rustdoc"))
            .set("RUSTC_BOOTSTRAP", "1")
            .set("LD_LIBRARY_PATH", shared)
    }

    /// A command of Cargo for a target that is only checked. rustc writes metadata alone, and std
    /// is built without the crates that print backtraces, a fifth of it, where it compiles without
    /// them.
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

    /// A script that runs cc with this compiler's lld, because GNU ld fails on the runtime of
    /// ThreadSanitizer.
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

/// The name of Cargo's variable for a target, such as `CARGO_TARGET_<triple>_LINKER`.
pub(crate) fn variable(triple: &str, what: &str) -> String {
    let triple = triple.to_uppercase().replace(['-', '.'], "_");
    format!("CARGO_TARGET_{triple}_{what}")
}

/// Fails on hosts whose tools are not known.
pub(crate) fn check_host() -> Result<()> {
    if cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) {
        return Err(NotRun("the tools are known for Linux on x86-64 only".to_owned()).into());
    }
    Ok(())
}

/// zig's folder in the cache.
pub(crate) const ZIG: &str = "zig-0.17.1";

/// The folder of zig, which has the lists of symbols of the systems that it links for.
pub(crate) fn zig_root(context: &mut Context<'_>) -> Result<PathBuf> {
    check_host()?;
    fetch::once(context, ZIG, zig)
        .map_err(|error| NotRun(format!("cannot download zig ({error:#})")).into())
}

/// Writes a script that links with zig for a system, and returns its path.
pub(crate) fn linker(context: &mut Context<'_>, zig_target: &str) -> Result<PathBuf> {
    let zig = zig_root(context)?;
    let folder = context.project.target("linkers");
    fs::create_dir_all(&folder)?;
    let program = zig.join("ziglang/zig");
    let cache = context.project.target("zig");
    let text = format!(
        "{WRAPPER}export ZIG_GLOBAL_CACHE_DIR='{0}' ZIG_LOCAL_CACHE_DIR='{0}'\n\
         unset LD_LIBRARY_PATH\nexec '{1}' cc -target {zig_target} \"${{a[@]}}\"\n",
        cache.display(),
        program.display()
    );
    let script = folder.join(format!("zcc-{zig_target}"));
    fs::write(&script, text)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    Ok(script)
}

/// The folder of zig's stubs of Apple's libraries.
pub(crate) fn apple_root(context: &Context<'_>) -> PathBuf {
    let cache = &context.project.cache;
    cache.join(ZIG).join("ziglang/lib/libc/darwin")
}

/// Unpacks the wheel of zig, from which `cargo codegen` also reads headers.
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
    fetch::verify(context, &wheel, sha256)?;
    fetch::unzip(context, &wheel, &parts.join("root"))?;
    let program = parts.join("root/ziglang/zig");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// The folder of Debian 12's QEMU in the cache.
pub(crate) const OLD_QEMU: &str = "qemu-user-7";

/// The folder of sid's QEMU in the cache.
pub(crate) const NEW_QEMU: &str = "qemu-user-sid";

/// Debian 12's QEMU. It returns ENOSYS for `epoll_pwait2`, so the fallback runs.
pub(crate) fn old_qemu(context: &mut Context<'_>) -> Result<PathBuf> {
    let fill = |context: &mut Context<'_>, parts: &Path| {
        debian::download(context, parts, ["qemu-user-static".to_owned()])
    };
    fetch::once(context, OLD_QEMU, fill)
        .map_err(|error| NotRun(format!("cannot download qemu-user ({error:#})")).into())
}

/// sid's QEMU, which supports `epoll_pwait2`.
pub(crate) fn new_qemu(context: &mut Context<'_>) -> Result<PathBuf> {
    let fill = |context: &mut Context<'_>, parts: &Path| {
        debian::download_from_sid(context, parts, "qemu-user")?;
        debian::unpack(context, parts)
    };
    fetch::once(context, NEW_QEMU, fill)
        .map_err(|error| NotRun(format!("cannot download sid's qemu-user ({error:#})")).into())
}

/// Test programs that only read the files of the repository. Their results are the same on every
/// system, and they take a minute in an emulator, so they count as skipped there.
const TEXT: [&str; 2] = ["bindings", "tidy"];

/// The test programs in a folder: those to run on other systems, and those of `TEXT`.
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

/// The arguments of Cargo that select the programs of `tests/` to run on another system.
pub(crate) fn programs(context: &mut Context<'_>) -> Result<String> {
    let (programs, text) = split(&context.project.path("tests"))?;
    for name in text {
        let reason =
            format!("tests/{name}.rs on other systems: it only reads the repository's files");
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

/// Linux on 32-bit x86: musl, linked by zig, run by this machine's kernel.
pub(crate) fn linux_i686(context: &mut Context<'_>) -> Result<()> {
    let compiler = Compiler::fetched(context)?;
    let linker = linker(context, "x86-linux-musl")?;
    let programs = programs(context)?;
    let library = suite(&compiler, context, "i686-unknown-linux-musl", &programs);
    let project = suite(&compiler, context, "i686-unknown-linux-musl", "--tests")
        .folder(context.project.path("build-tools/apps/linux-fds"));
    let steps = [library, project];
    context.run_each(
        steps.map(|step| step.set("CARGO_TARGET_I686_UNKNOWN_LINUX_MUSL_LINKER", &linker)),
    )
}

/// The programs to run in the QEMU without `epoll_pwait2`, which depend on how long a wait takes.
/// The stage `upstream-calls` runs all programs on the same fallback.
const FALLBACK: &str = "--test timeouts --test waker --test linux_syscalls";

/// Linux on a big-endian machine, in both versions of QEMU.
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

/// Linux on 64-bit ARM, in the QEMU with `epoll_pwait2`.
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
    fn programs_of_text_are_split_off() {
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
