//! The tests of Windows under Wine: sockets over AFD, named pipes, the completion port.
//!
//! To run them by hand: R is a folder with Debian's compiler, whose std is built from source, and P
//! is a prefix whose system32 has the DLL of `build-tools/wine/`.
//!
//! ```text
//! export RUSTC=R/usr/bin/rustc RUSTC_BOOTSTRAP=1
//! export LD_LIBRARY_PATH=R/usr/lib/x86_64-linux-gnu:R/usr/lib WINEPREFIX=P WINEDEBUG=fixme-all
//! export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER="env -u LD_LIBRARY_PATH timeout 600 \
//!   setarch -R /usr/lib/wine/wine64"
//! cargo test -Zbuild-std=std,panic_unwind,test --target x86_64-pc-windows-gnu --all-features \
//!   -- --test-threads=1
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
use crate::debian;
use crate::fetch;
use crate::report::NotRun;
use crate::step::{Context, Step, succeeds};

pub(crate) const TARGET: &str = "x86_64-pc-windows-gnu";

pub(crate) const STD: &str = "-Zbuild-std=std,panic_unwind,test --target";

pub(crate) const LINKER: &str = "x86_64-w64-mingw32-gcc";

/// Debian's packages of Wine and of the linker.
pub(crate) const PACKAGES: &str = "gcc-mingw-w64-x86-64-posix wine wine64";

/// The limit of a test program, in seconds.
const LIMIT: u64 = 600;

/// The prefix's folder in the cache. A change of the prefix's contents needs another name.
pub(crate) const PREFIX: &str = "wine-prefix-1";

/// The stages `windows-wine-*`: in one profile the tests, the doctests, sockets without a selector,
/// the API against upstream's, the examples, and tokio.
pub(crate) fn suite(context: &mut Context<'_>, profile: &str) -> Result<()> {
    let wine = Wine::started(context)?;
    let before = wine.settled_server(|_| false)?;
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
    // Sockets do not need the feature `os-poll`.
    let without_selector = wine
        .cargo(context, "test --no-default-features --features net")
        .words("--test without_os_poll --test windows_handles")
        .words(profile)
        .words("-- --test-threads=1");
    let upstream = context.project.path("build-tools/apps/api-upstream");
    let upstream = wine
        .cargo(context, "test --locked --test api")
        .words(profile)
        .folder(upstream);
    let mut steps = vec![tests, documentation, without_selector, upstream];
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
    let most = before.descriptors + SLACK;
    let after = wine.settled_server(|server| server.descriptors <= most)?;
    context.log(&format!("wineserver before: {before}"))?;
    context.log(&format!("wineserver after:  {after}"))?;
    outcome?;
    if after.descriptors > most {
        bail!("Wine's server had {before}, and now has {after}: the limit is {most} descriptors");
    }
    Ok(())
}

/// The server may have this many descriptors more after the tests than before, because services of
/// Wine start and stop, each with a dozen or two. The tests create tens of thousands of sockets,
/// pipes and ports.
const SLACK: usize = 64;

/// How long the server's descriptors must not change until its services count as started.
const SETTLED: Duration = Duration::from_secs(3);
/// How long to wait for that.
const UNSETTLED: Duration = Duration::from_secs(30);

/// The resources of Wine's server. It has a descriptor for each file and socket that one of its
/// processes has open.
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

/// Examples that exit by themselves. `unix_chat` needs Unix.
const EXAMPLES: [(&str, &str); 4] = [
    ("echo", "-- --clients 20 --messages 50"),
    ("udp_echo", ""),
    ("std_socket", ""),
    ("wait_for_children", ""),
];

/// Programs that use tokio on this library.
const APPS: [&str; 2] = ["tokio-smoke", "tokio-pipes"];

/// A command of Cargo for Windows.
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

/// The test programs in Cargo's output: `Executable tests/waker.rs (…/waker-0123456789abcdef.exe)`.
pub(crate) fn programs(output: &str) -> Vec<(String, PathBuf)> {
    let program = |line: &str| {
        let (_, path) = line.trim().strip_prefix("Executable")?.rsplit_once('(')?;
        let path = PathBuf::from(path.strip_suffix(')')?);
        let name = path.file_stem()?.to_str()?.rsplit_once('-')?.0.to_owned();
        Some((name, path))
    };
    output.lines().filter_map(program).collect()
}

/// Installs Wine and the linker if they are missing.
pub(crate) fn install(context: &mut Context<'_>) -> Result<()> {
    if is_installed() {
        return Ok(());
    }
    if !debian::can_install() {
        let command = format!("sudo apt-get install {PACKAGES}");
        return Err(NotRun(format!(
            "Wine or mingw-w64 is not installed; help: {command}"
        ))
        .into());
    }
    debian::install(context, PACKAGES)
        .map_err(|error| NotRun(format!("cannot install Wine ({error:#})")))?;
    if !is_installed() {
        bail!("{PACKAGES} are installed, but Wine or {LINKER} cannot be run");
    }
    Ok(())
}

/// Whether Wine and the linker are installed.
pub(crate) fn is_installed() -> bool {
    program().is_some() && succeeds(&[LINKER, "--version"])
}

/// Wine for 64-bit programs. Debian's `wine` requires the 32-bit one, so its path is used.
fn program() -> Option<PathBuf> {
    let known = Path::new("/usr/lib/wine/wine64");
    if known.exists() {
        return Some(known.to_owned());
    }
    succeeds(&["wine64", "--version"]).then(|| PathBuf::from("wine64"))
}

/// Writes a script that starts `program`, Wine's loader, with its heap at an address that Wine does
/// not need.
///
/// Debian's loader is linked at 0x7d000000. Linux puts the heap of such a program at a random
/// page in the 1 GiB after it (`arch_randomize_brk` in
/// <https://github.com/torvalds/linux/blob/v6.18/arch/x86/kernel/process.c>). Wine maps a page at
/// 0x7ffe0000, and exits with status 1 if the heap occupies it (`virtual_alloc_first_teb` in
/// <https://github.com/wine-mirror/wine/blob/01aa909c6e68e9f3140bbe423ceae9b85d0e7d46/dlls/ntdll/unix/virtual.c>).
/// This happens to about one process of 2000. Without randomization the heap starts directly after
/// the loader, 48 MB below that page.
fn launcher(context: &mut Context<'_>, program: &Path) -> Result<PathBuf> {
    let folder = context.project.target("wine");
    fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    if context
        .run(Step::new("setarch").words(FIXED).words("true"))
        .is_err()
    {
        context.log(
            "setarch(8) cannot disable address randomization: \
             about one Wine process of 2000 fails to start",
        )?;
        return Ok(program.to_owned());
    }
    let script = folder.join("wine");
    fs::write(&script, launch(program)).with_context(|| format!("{}", script.display()))?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    Ok(script)
}

/// The argument of setarch(8) that disables randomization for a program and its children.
pub(crate) const FIXED: &str = "--addr-no-randomize";

/// The text of the launcher.
fn launch(program: &Path) -> String {
    format!(
        "#!/bin/sh\nexec setarch {FIXED} '{}' \"$@\"\n",
        program.display()
    )
}

/// Wine's server, which runs until this is dropped. A prefix has one server at a time.
#[derive(Debug)]
pub(crate) struct Wine {
    compiler: Compiler,
    /// The script that starts a program, see [`launcher`].
    launcher: PathBuf,
    server: PathBuf,
    prefix: PathBuf,
    /// Held while the server runs.
    _lock: File,
}

impl Wine {
    pub(crate) fn started(context: &mut Context<'_>) -> Result<Wine> {
        let compiler = Compiler::fetched(context)?;
        install(context)?;
        let program = program().context("Wine is not installed")?;
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
        // The lock is held, so a running server is left from an interrupted run.
        wine.stop_server();
        // One server for all programs. It exits by itself if this process is killed.
        let start = wine_command(&wine.server, &wine.prefix).words("-p600");
        context.run(start.limit(60))?;
        // The first program starts the services that other programs use.
        let first = wine_command(&wine.launcher, &wine.prefix).words("cmd /c exit");
        context.run(first.limit(120))?;
        Ok(wine)
    }

    /// A command of Cargo for Windows, with Wine as the runner of programs.
    pub(crate) fn cargo(&self, context: &Context<'_>, words: &str) -> Step {
        let runner = format!(
            "env -u LD_LIBRARY_PATH timeout --kill-after=10 {LIMIT} {}",
            self.launcher.display()
        );
        let step =
            cargo(context, &self.compiler, words).set(cross::variable(TARGET, "RUNNER"), runner);
        with_prefix(step, &self.prefix)
    }

    /// The program that runs Windows programs.
    pub(crate) fn program(&self) -> &Path {
        &self.launcher
    }

    /// The environment of that program.
    pub(crate) fn environment(&self) -> [(&'static str, OsString); 3] {
        variables(&self.prefix)
    }

    /// A command that runs a program.
    pub(crate) fn command(&self, program: &Path) -> Step {
        wine_command(&self.launcher, &self.prefix).argument(program)
    }

    /// A command that runs a test program as Cargo runs it.
    pub(crate) fn test_program(&self, program: &Path) -> Step {
        let step = self.command(program);
        step.words("--test-threads=1").limit(LIMIT)
    }

    /// The resources of the server when they no longer change, when `is_enough` of them, or after
    /// half a minute: services start and stop in the background, and at a speed that depends on the
    /// machine.
    fn settled_server(&self, is_enough: impl Fn(&Server) -> bool) -> Result<Server> {
        let (start, mut last) = (Instant::now(), self.server()?);
        let mut since = start;
        while !is_enough(&last) && since.elapsed() < SETTLED && start.elapsed() < UNSETTLED {
            thread::sleep(Duration::from_millis(250));
            let now = self.server()?;
            if now.descriptors != last.descriptors {
                since = Instant::now();
            }
            last = now;
        }
        Ok(last)
    }

    /// The resources of the server, which show leaks of programs.
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
        bail!("Wine's server is not running")
    }

    /// Stops the server and all programs of the prefix.
    fn stop_server(&self) {
        for word in ["-k", "-w"] {
            let mut command = Command::new("timeout");
            command.arg("60").arg(&self.server);
            command.arg(word).env("WINEPREFIX", &self.prefix);
            command.stdin(Stdio::null()).stderr(Stdio::null());
            // It fails if no server is running.
            let _ = command.status();
        }
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        self.stop_server();
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
        // Keeps the errors that explain why a program did not start.
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

fn wine_command(program: impl AsRef<Path>, prefix: &Path) -> Step {
    with_prefix(Step::new(program.as_ref()), prefix)
}

/// Creates a prefix, and adds the DLL that Wine 8 lacks to its system folder.
fn fill(context: &mut Context<'_>, launcher: &Path, server: &Path, root: &Path) -> Result<()> {
    let boot = wine_command(launcher, root).words("wineboot --init");
    context.run(boot.limit(300))?;
    let end = wine_command(server, root).words("-w");
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

/// Locks a folder of the cache, because two runs would stop each other's server. The other run ends
/// within its own limits.
pub(crate) fn locked(context: &mut Context<'_>, name: &str) -> Result<File> {
    let path = context.project.cache.join(format!("{name}.lock"));
    let file = File::create(&path).with_context(|| format!("{}", path.display()))?;
    let began = Instant::now();
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(Errno::WOULDBLOCK) if began.elapsed() < Duration::from_secs(3600) => {
                context.log(&format!("another run uses {name}; waiting for it"))?;
                thread::sleep(Duration::from_secs(1));
            }
            Err(Errno::WOULDBLOCK) => bail!("another run has used {name} for an hour"),
            Err(error) => bail!("{}: {error}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FIXED, launch, programs};
    use std::path::Path;
    use std::process::Command;

    /// 0x40000 is ADDR_NO_RANDOMIZE: <https://man7.org/linux/man-pages/man2/personality.2.html>.
    #[test]
    fn launcher_disables_randomization_and_keeps_arguments() {
        let probe = Command::new("setarch").args([FIXED, "true"]).status();
        if !probe.is_ok_and(|status| status.success()) {
            eprintln!(
                "mio test not run: {}:{}: setarch(8) cannot disable randomization",
                file!(),
                line!()
            );
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
    fn programs_are_found_in_cargos_output() {
        let output = "\
   Compiling mio v1.3.0
  Executable unittests src/lib.rs (/t/debug/deps/mio-0123456789abcdef.exe)
  Executable tests/named_pipe.rs (/t/debug/deps/named_pipe-0123456789abcdef.exe)
";
        let names: Vec<String> = programs(output).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["mio", "named_pipe"]);
    }
}
