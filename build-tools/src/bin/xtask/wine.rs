//! Windows, run for real under Wine: sockets over AFD, named pipes, the completion port.
//!
//! By hand, with Debian's compiler unpacked in R (std is built from source) and a prefix P whose system32 has the DLL of
//! `build-tools/wine/`:
//!
//! ```text
//! export RUSTC=R/usr/bin/rustc RUSTC_BOOTSTRAP=1 LD_LIBRARY_PATH=R/usr/lib/x86_64-linux-gnu:R/usr/lib WINEPREFIX=P WINEDEBUG=fixme-all
//! export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER="env -u LD_LIBRARY_PATH timeout 600 setarch -R /usr/lib/wine/wine64"
//! cargo test -Zbuild-std=std,panic_unwind,test --target x86_64-pc-windows-gnu --all-features -- --test-threads=1
//! ```

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::cross::{self, Compiler};
use crate::fetch;
use crate::report::NotRun;
use crate::setup;
use crate::step::{Context, Step};

pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";

pub(crate) const STD: &str = "-Zbuild-std=std,panic_unwind,test --target";

pub(crate) const LINKER: &str = "x86_64-w64-mingw32-gcc";

/// What Debian needs for it.
const PACKAGES: &str = "gcc-mingw-w64-x86-64-posix wine wine64";

/// A test program that takes longer hangs.
const LIMIT: u64 = 600;

/// The name tells what is in the prefix; a change of it makes a new one.
const PREFIX: &str = "wine-prefix-1";

/// The suite, the examples of its documentation, sockets without a queue, the API against upstream's, the example programs and
/// tokio, in one profile.
pub(crate) fn suite(context: &mut Context<'_>, profile: &str) -> Result<()> {
    let wine = Wine::started(context)?;
    let before = wine.server()?;
    let programs = cross::programs(context)?;
    let tests = wine
        .cargo(
            context,
            "test --no-fail-fast --all-features --lib --examples",
        )
        .words(&programs)
        .words(profile)
        .words("-- --test-threads=1");
    let documentation = wine
        .cargo(context, "test --no-fail-fast --all-features --doc")
        .words(profile);
    // Sockets need no queue.
    let without_queue = wine
        .cargo(context, "test --no-default-features --features net")
        .words("--test without_os_poll --test windows_handles")
        .words(profile)
        .words("-- --test-threads=1");
    let upstream = context.project.path("build-tools/apps/api-upstream");
    let upstream = wine
        .cargo(context, "test --locked --test api")
        .words(profile)
        .folder(upstream);
    let mut steps = vec![tests, documentation, without_queue, upstream];
    for (example, arguments) in EXAMPLES {
        steps.push(
            wine.cargo(context, "run --all-features")
                .words(profile)
                .words("--example")
                .words(example)
                .words(arguments)
                .limit(900),
        );
    }
    for app in APPS {
        let folder = context.project.path("build-tools/apps").join(app);
        let step = wine.cargo(context, "run --locked").words(profile);
        steps.push(step.folder(folder).limit(900));
    }
    let outcome = context.run_each(steps);
    let after = wine.server()?;
    context.say(&format!("wineserver before: {before}"))?;
    context.say(&format!("wineserver after:  {after}"))?;
    outcome?;
    let most = before.descriptors + SLACK;
    if after.descriptors > most {
        bail!("Wine's server had {before}, and now has {after}: more than {most} descriptors");
    }
    Ok(())
}

/// So many descriptors the server may have more after the suite than before: services of Wine come and go. The suite makes tens of
/// thousands of sockets, pipes and ports.
const SLACK: usize = 16;

/// What Wine's server holds: a descriptor for each file and socket that any of its processes has open, and memory.
struct Server {
    descriptors: usize,
    memory: String,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Server {
            descriptors,
            memory,
        } = self;
        write!(f, "{descriptors} descriptors, {memory} of memory")
    }
}

/// Programs that end by themselves. `unix_chat` needs Unix.
const EXAMPLES: [(&str, &str); 4] = [
    ("echo", "-- --clients 20 --messages 50"),
    ("udp_echo", ""),
    ("std_socket", ""),
    ("wait_for_children", ""),
];

/// tokio on this library, and on its named pipes.
const APPS: [&str; 2] = ["tokio-smoke", "tokio-pipes"];

/// Cargo for Windows.
pub(crate) fn cargo(context: &Context<'_>, compiler: &Compiler, words: &str) -> Step {
    let (command, rest) = words.split_once(' ').unwrap_or((words, ""));
    compiler
        .cargo(context, command)
        .words(STD)
        .words(TARGET)
        .words(rest)
        .set(cross::variable(TARGET, "LINKER"), LINKER)
        .set("CARGO_TARGET_DIR", context.project.target("windows"))
        .limit(40 * 60)
}

/// The test programs that Cargo names: `Executable tests/waker.rs (…/waker-0123456789abcdef.exe)`.
pub(crate) fn programs(output: &str) -> Vec<(String, PathBuf)> {
    let program = |line: &str| {
        let (_, path) = line.trim().strip_prefix("Executable")?.rsplit_once('(')?;
        let path = PathBuf::from(path.strip_suffix(')')?);
        let name = path.file_stem()?.to_str()?.rsplit_once('-')?.0.to_owned();
        Some((name, path))
    };
    output.lines().filter_map(program).collect()
}

/// What is missing for it is installed, where that can be done; else the line that does.
pub(crate) fn install(context: &mut Context<'_>) -> Result<()> {
    if program().is_some() && has(LINKER) {
        return Ok(());
    }
    if !setup::is_debian_root() {
        let line = format!("sudo apt-get install {PACKAGES}");
        return Err(NotRun(format!("there is no Wine or no mingw-w64: {line}")).into());
    }
    let install = Step::new("apt-get")
        .words("install --yes --no-install-recommends")
        .words(PACKAGES)
        .set("DEBIAN_FRONTEND", "noninteractive")
        .limit(900);
    let update = Step::new("apt-get").words("update").limit(600);
    let _apt = fetch::apt();
    let outcome = context
        .run(update)
        .and_then(|_| context.run(install))
        .map_err(|error| NotRun(format!("Wine cannot be installed ({error:#})")))?;
    drop(outcome);
    if program().is_none() || !has(LINKER) {
        bail!("{PACKAGES} are installed, and Wine or {LINKER} is not to be found");
    }
    Ok(())
}

fn has(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Wine for 64-bit programs: Debian's by its path, since `wine` asks for the 32-bit one.
fn program() -> Option<PathBuf> {
    let known = Path::new("/usr/lib/wine/wine64");
    if known.exists() {
        return Some(known.to_owned());
    }
    has("wine64").then(|| PathBuf::from("wine64"))
}

/// Runs `program`, which loads Wine, with the heap of the C library where it does not collide.
///
/// Debian's loader is linked at 0x7d000000. Linux puts the heap of such a program at a random page of
/// the 1 GiB after it (`arch_randomize_brk` in
/// <https://github.com/torvalds/linux/blob/v6.18/arch/x86/kernel/process.c>).
/// Wine maps a page of Windows at 0x7ffe0000, and exits with status 1 where the heap already is
/// (`virtual_alloc_first_teb` in
/// <https://github.com/wine-mirror/wine/blob/01aa909c6e68e9f3140bbe423ceae9b85d0e7d46/dlls/ntdll/unix/virtual.c>):
/// of 2000 processes about one. Without randomization the heap begins right behind the loader, 48 MB
/// below that page.
fn launcher(context: &mut Context<'_>, program: &Path) -> Result<PathBuf> {
    let folder = context.project.target("wine");
    fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    if context
        .run(Step::new("setarch").words(FIXED).words("true"))
        .is_err()
    {
        context.say(
            "setarch(8) cannot fix addresses here: about one Wine process of 2000 does not start",
        )?;
        return Ok(program.to_owned());
    }
    let script = folder.join("wine");
    fs::write(&script, launch(program)).with_context(|| format!("{}", script.display()))?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    Ok(script)
}

/// The argument of setarch(8) that clears randomization for a program and its children.
pub(crate) const FIXED: &str = "--addr-no-randomize";

/// The text of the launcher.
fn launch(program: &Path) -> String {
    format!(
        "#!/bin/sh\nexec setarch {FIXED} '{}' \"$@\"\n",
        program.display()
    )
}

/// Wine with its server, until this is dropped. One at a time has the prefix.
#[derive(Debug)]
pub(crate) struct Wine {
    compiler: Compiler,
    /// Starts a program under Wine: see [`launcher`].
    launcher: PathBuf,
    server: PathBuf,
    prefix: PathBuf,
    /// Held as long as the server runs.
    _lock: File,
}

impl Wine {
    pub(crate) fn started(context: &mut Context<'_>) -> Result<Wine> {
        let compiler = Compiler::fetched(context)?;
        install(context)?;
        let program = program().context("there is no Wine")?;
        let server = server_program(&program);
        let launcher = launcher(context, &program)?;
        let lock = locked(context, PREFIX)?;
        let prefix = fetch::once(context, PREFIX, |context, parts| {
            fill(context, &launcher, &server, &parts.join("root"))
        })?;
        let wine = Wine {
            compiler,
            launcher,
            server,
            prefix,
            _lock: lock,
        };
        // Of a run that was interrupted, if any: the lock says that nobody needs it.
        wine.end();
        // One server for all programs. It ends by itself if this program is killed.
        let start = surroundings(&wine.server, &wine.prefix).words("-p600");
        context.run(start.limit(60))?;
        // The first program starts the services that the others use.
        let first = surroundings(&wine.launcher, &wine.prefix).words("cmd /c exit");
        context.run(first.limit(120))?;
        Ok(wine)
    }

    /// Cargo for Windows, whose programs Wine runs.
    pub(crate) fn cargo(&self, context: &Context<'_>, words: &str) -> Step {
        let runner = format!(
            "env -u LD_LIBRARY_PATH timeout --kill-after=10 {LIMIT} {}",
            self.launcher.display()
        );
        let step =
            cargo(context, &self.compiler, words).set(cross::variable(TARGET, "RUNNER"), runner);
        with_prefix(step, &self.prefix)
    }

    /// What runs a program.
    pub(crate) fn program(&self) -> &Path {
        &self.launcher
    }

    /// What it needs to know.
    pub(crate) fn surroundings(&self) -> [(&'static str, OsString); 3] {
        variables(&self.prefix)
    }

    /// A test program that Cargo has built, run as Cargo runs it.
    pub(crate) fn test_program(&self, program: &Path) -> Step {
        let step = surroundings(&self.launcher, &self.prefix).argument(program);
        step.words("--test-threads=1").limit(LIMIT)
    }

    /// What the server holds. What programs leave behind shows here.
    fn server(&self) -> Result<Server> {
        let name = self.server.file_name().unwrap_or_default();
        for entry in fs::read_dir("/proc")? {
            let folder = entry?.path();
            let Ok(program) = fs::read_link(folder.join("exe")) else {
                continue;
            };
            let is_ours = program.file_name() == Some(name)
                && fs::read(folder.join("environ")).is_ok_and(|variables| {
                    let ours = format!("WINEPREFIX={}", self.prefix.display());
                    variables
                        .split(|byte| *byte == 0)
                        .any(|variable| variable == ours.as_bytes())
                });
            if !is_ours {
                continue;
            }
            let descriptors = fs::read_dir(folder.join("fd"))?.count();
            let status = fs::read_to_string(folder.join("status"))?;
            let memory = status
                .lines()
                .find_map(|line| line.strip_prefix("VmRSS:"))
                .unwrap_or("unknown")
                .trim();
            return Ok(Server {
                descriptors,
                memory: memory.to_owned(),
            });
        }
        bail!("the server of Wine does not run")
    }
}

impl Wine {
    /// Ends the server and all programs of the prefix.
    fn end(&self) {
        for word in ["-k", "-w"] {
            let mut command = Command::new("timeout");
            command.arg("60").arg(&self.server);
            command.arg(word).env("WINEPREFIX", &self.prefix);
            command.stdin(Stdio::null()).stderr(Stdio::null());
            // Without a server there is nothing to end.
            let _ = command.status();
        }
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        self.end();
    }
}

fn server_program(wine: &Path) -> PathBuf {
    for name in ["wineserver64", "wineserver"] {
        let program = wine.with_file_name(name);
        if program.exists() {
            return program;
        }
    }
    PathBuf::from("wineserver")
}

fn variables(prefix: &Path) -> [(&'static str, OsString); 3] {
    [
        ("WINEPREFIX", prefix.into()),
        // Errors tell why a program did not start.
        ("WINEDEBUG", "fixme-all".into()),
        (
            "WINEDLLOVERRIDES",
            "mscoree,mshtml,winemenubuilder.exe=".into(),
        ),
    ]
}

fn with_prefix(step: Step, prefix: &Path) -> Step {
    let variables = variables(prefix).into_iter();
    variables
        .fold(step, |step, (name, value)| step.set(name, value))
        .remove("DISPLAY")
}

fn surroundings(program: impl AsRef<Path>, prefix: &Path) -> Step {
    with_prefix(Step::new(program.as_ref()), prefix)
}

/// Makes a prefix, with the DLL that Wine 8 lacks where every program finds it.
fn fill(context: &mut Context<'_>, launcher: &Path, server: &Path, root: &Path) -> Result<()> {
    let boot = surroundings(launcher, root).words("wineboot --init");
    context.run(boot.limit(300))?;
    let end = surroundings(server, root).words("-w");
    context.run(end.limit(120))?;
    let own = root.join("drive_c/windows/system32/bcryptprimitives.dll");
    if !own.exists() {
        let source = "build-tools/wine/bcryptprimitives.c";
        let compile = Step::new(LINKER)
            .words("-shared -O2 -s -o")
            .argument(&own)
            .argument(context.project.path(source))
            .words("-ladvapi32");
        context.run(compile)?;
    }
    Ok(())
}

/// Has the lock of a folder of the cache. Two runs at once would end each other's server; the other
/// one ends within its own limits.
pub(crate) fn locked(context: &mut Context<'_>, name: &str) -> Result<File> {
    let path = context.project.cache.join(format!("{name}.lock"));
    let file = File::create(&path).with_context(|| format!("{}", path.display()))?;
    let began = Instant::now();
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(Errno::WOULDBLOCK) if began.elapsed() < Duration::from_secs(3600) => {
                context.say(&format!("another run has {name}; waiting for it"))?;
                thread::sleep(Duration::from_secs(1));
            }
            Err(Errno::WOULDBLOCK) => bail!("another run has {name} for an hour"),
            Err(error) => bail!("{}: {error}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FIXED, launch, programs};
    use std::path::Path;
    use std::process::Command;

    /// Its addresses are fixed: 0x40000 is ADDR_NO_RANDOMIZE of personality(2).
    #[test]
    fn launcher_fixes_addresses_and_keeps_arguments() {
        let probe = Command::new("setarch").args([FIXED, "true"]).status();
        if !probe.is_ok_and(|status| status.success()) {
            eprintln!("setarch(8) cannot fix addresses here");
            return;
        }
        let run = |program, arguments: &[&str]| {
            let mut shell = Command::new("sh");
            shell.args(["-c", &launch(Path::new(program)), "launcher"]);
            let output = shell.args(arguments).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        let personality = run("/bin/cat", &["/proc/self/personality"]);
        let personality = u32::from_str_radix(personality.trim(), 16).unwrap();
        assert_ne!(personality & 0x40000, 0);
        assert_eq!(run("/usr/bin/printf", &["[%s]", "a b", "$c"]), "[a b][$c]");
    }

    #[test]
    fn programs_are_those_that_cargo_names() {
        let output = "\
   Compiling mio v1.3.0
  Executable unittests src/lib.rs (/t/debug/deps/mio-0123456789abcdef.exe)
  Executable tests/named_pipe.rs (/t/debug/deps/named_pipe-0123456789abcdef.exe)
";
        let names: Vec<String> = programs(output).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["mio", "named_pipe"]);
    }
}
