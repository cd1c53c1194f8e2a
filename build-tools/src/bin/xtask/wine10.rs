//! The tests of Windows under the Wine of Debian's sid: version 10.0 or newer, stable has 8.0.
//!
//! debootstrap creates a chroot with this Wine in the cache once, in about two minutes and 3 GB.
//! The programs are the same as for Wine 8. The repository is mounted read-only at its own path,
//! for tests that read the source tree.
//!
//! Each mount is made in a mount namespace of its own. The first process of its PID namespace gets
//! SIGKILL when unshare(1) exits (`--kill-child`), and unshare gets it when this process exits for
//! any reason (`setpriv --pdeathsig KILL`). The kernel then kills all processes of the namespace
//! and removes the mounts. See <https://man7.org/linux/man-pages/man1/unshare.1.html> and
//! <https://man7.org/linux/man-pages/man1/setpriv.1.html>.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::cross::{self, Compiler};
use crate::debian;
use crate::report::NotRun;
use crate::step::{Context, Step, succeeds};
use crate::wine::{self, TARGET};

/// The chroot's folder in the cache.
pub(crate) const NAME: &str = "wine10";

/// The version of the chroot's contents. With another number, a run creates the chroot again.
const CONTENTS: &str = "1";

/// A file that marks a complete chroot, with the versions of its contents and of Wine.
const MARKER: &str = "mio-build";

/// The oldest major version of Wine that is accepted.
const OLDEST: u32 = 10;

/// Runs a command with mounts of its own, and kills it when this process exits.
const UNSHARE: &str = "--pdeathsig KILL \
    unshare --mount --pid --fork --kill-child --propagation private";

/// Mounts the file systems of the chroot `$1`, and runs the script `$2` in it with the other
/// arguments. Of the environment, the script gets the settings of proxies alone.
const ENTER: &str = r#"
set -eu
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
root=$1 script=$2
shift 2
set -- chroot "$root" sh -c "$script" sh "$@"
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  eval "value=\${$name-}"
  [ -z "$value" ] || set -- "$name=$value" "$@"
done
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
  DEBIAN_FRONTEND=noninteractive RUST_BACKTRACE=1 \
  WINEPREFIX=/wine-prefix WINEDEBUG=fixme-all WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe= \
  "$@"
"#;

/// Mounts the repository `$2` and the programs `$3` in the chroot `$1`, and runs [`ENTER`], which
/// is `$0`.
const MOUNT: &str = r#"
set -eu
mkdir -p "$1$2" "$1/mnt/programs"
mount --bind "$2" "$1$2"
mount -o remount,bind,ro "$1$2"
mount --bind "$3" "$1/mnt/programs"
mount -o remount,bind,ro "$1/mnt/programs"
root=$1 tree=$2 script=$4
shift 4
exec sh -c "$0" sh "$root" "$script" "$tree" "$@"
"#;

/// Installs Wine, and creates a prefix.
const INSTALL: &str = r#"
set -eu
echo 'Acquire::Check-Valid-Until "false";' >/etc/apt/apt.conf.d/valid-until
apt-get update
apt-get install --yes --no-install-recommends wine wine64
apt-get clean
wine --version
wineboot --init
"$(ls /usr/lib/*/wine/wineserver)" -w
"#;

/// Runs each program in the folder `$1` once. All use one server of Wine.
const RUN: &str = r#"
cd "$1"
shift
# The reason is at `launcher` in wine.rs.
fixed="setarch --addr-no-randomize"
$fixed true || fixed=
"$(ls /usr/lib/*/wine/wineserver)" -p600
wine --version
$fixed wine cmd /c exit
status=0
for program; do
  echo "running $program"
  timeout --kill-after=10 600 $fixed wine "/mnt/programs/$program" --test-threads=1 || {
    echo "$program ended with $?"
    status=1
  }
done
exit $status
"#;

/// The stage `windows-wine10`.
pub(crate) fn suite(context: &mut Context<'_>) -> Result<()> {
    check_machine(context)?;
    let compiler = Compiler::fetched(context)?;
    wine::install(context)?;
    let programs = cross::programs(context)?;
    let build = "test --no-run --all-features --lib";
    let output = context.run(wine::cargo(context, &compiler, build).words(&programs))?;
    let folder = context.project.target("windows").join(TARGET).join("debug");
    let mut programs = Vec::new();
    for (name, program) in wine::programs(&output) {
        // Cargo prints paths inside the checkout relative to its root.
        let program = context.project.root.join(program);
        let below = program
            .strip_prefix(&folder)
            .with_context(|| format!("{name} is not in {}", folder.display()))?;
        programs.push(below.to_owned());
    }
    if programs.is_empty() {
        bail!("Cargo's output names no test program");
    }

    // Held while programs run, because a prefix has one server at a time.
    let _lock = wine::locked(context, NAME)?;
    let root = context.project.cache.join(NAME);
    ensure_chroot(context, &root)?;
    let step = Step::new("setpriv")
        .words(UNSHARE)
        .words("sh -c")
        .argument(MOUNT)
        .argument(ENTER)
        .argument(&root)
        .argument(&context.project.root)
        .argument(&folder)
        .argument(RUN)
        .limit(40 * 60);
    context
        .run(programs.iter().fold(step, Step::argument))
        .map(drop)
}

/// Whether debootstrap is installed.
pub(crate) fn has_debootstrap() -> bool {
    succeeds(&["debootstrap", "--version"])
}

/// Fails if this machine cannot have a chroot. Installs debootstrap if it is missing.
fn check_machine(context: &mut Context<'_>) -> Result<()> {
    let not_run =
        |reason: &str| NotRun(format!("cannot create a chroot for a newer Wine: {reason}"));
    if !debian::can_install() {
        return Err(not_run("debootstrap and mount(2) need root on Debian").into());
    }
    let probe = Step::new("setpriv")
        .words(UNSHARE)
        .words("mount -t tmpfs none /mnt");
    if context.run(probe).is_err() {
        return Err(not_run("mount(2) in a namespace is not permitted").into());
    }
    if !has_debootstrap() {
        debian::install(context, "debootstrap")
            .map_err(|error| not_run(&format!("cannot install debootstrap ({error:#})")))?;
    }
    Ok(())
}

/// Creates the chroot unless a complete one with the current contents exists. The caller holds its
/// lock.
fn ensure_chroot(context: &mut Context<'_>, root: &Path) -> Result<()> {
    let marker = root.join(MARKER);
    match fs::read_to_string(&marker) {
        Ok(text) if is_current(&text) => return context.log(&format!("{NAME}: {}", text.trim())),
        _ => remove(root)?,
    }
    fs::create_dir_all(root).with_context(|| format!("{}", root.display()))?;
    let version = create(context, root).map_err(|error| {
        // An incomplete chroot is removed, by the next run if not now.
        let _ = remove(root);
        NotRun(format!("cannot install sid's Wine ({error:#})"))
    })?;
    let text = format!("{CONTENTS} {version}\n");
    if !is_current(&text) {
        bail!("sid's Wine is `{version}`, not {OLDEST} or newer");
    }
    fs::write(&marker, text).with_context(|| format!("{}", marker.display()))
}

/// `1 wine-10.0 (Debian 10.0~repack-12)`
fn is_current(marker: &str) -> bool {
    let version = marker
        .strip_prefix(CONTENTS)
        .and_then(|rest| rest.trim().strip_prefix("wine-"))
        .and_then(|rest| rest.split('.').next());
    version.is_some_and(|version| version.parse().is_ok_and(|major: u32| major >= OLDEST))
}

/// Removes a chroot, unless another file system is mounted in it, which must not be deleted.
fn remove(root: &Path) -> Result<()> {
    if !root.exists() {
        return Ok(());
    }
    let mounts = fs::read_to_string("/proc/self/mounts").context("/proc/self/mounts")?;
    if is_mounted_below(&mounts, root) {
        bail!("a file system is mounted in {}; unmount it", root.display());
    }
    fs::remove_dir_all(root).with_context(|| format!("{}", root.display()))
}

/// Whether a line of proc_pid_mounts(5) names this folder or a folder in it.
fn is_mounted_below(mounts: &str, folder: &Path) -> bool {
    mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .any(|path| Path::new(&path.replace("\\040", " ")).starts_with(folder))
}

/// Fills the chroot, and returns the version that its Wine prints.
fn create(context: &mut Context<'_>, root: &Path) -> Result<String> {
    let archive = debian::archive(context)?;
    let base = Step::new("setpriv")
        .words(UNSHARE)
        // Without a keyring debootstrap skips the check of signatures with a warning:
        // <https://manpages.debian.org/bookworm/debootstrap/debootstrap.8.en.html>.
        .words("debootstrap --variant=minbase --force-check-gpg --keyring")
        .argument(debian::KEYS)
        .words("sid")
        .argument(root)
        .argument(archive)
        .limit(900);
    let base = with_proxies(context, base);
    context.run(base)?;
    let install = Step::new("setpriv")
        .words(UNSHARE)
        .words("sh -c")
        .argument(ENTER)
        .argument("sh")
        .argument(root)
        .argument(INSTALL)
        .limit(1200);
    let install = with_proxies(context, install);
    let output = context.run(install)?;
    let version = output.lines().rev().find(|line| line.starts_with("wine-"));
    Ok(version
        .context("Wine does not print its version")?
        .to_owned())
}

/// Adds the proxies of this machine's apt, which debootstrap and the chroot's apt do not read. A
/// variable of the environment takes precedence.
fn with_proxies(context: &mut Context<'_>, mut step: Step) -> Step {
    for (name, setting) in [
        ("http_proxy", "Acquire::http::Proxy"),
        ("https_proxy", "Acquire::https::Proxy"),
    ] {
        if env::var_os(name).is_some() {
            continue;
        }
        let dump = Step::new("apt-config")
            .words("dump --format %v%n")
            .argument(setting);
        let known = context.run(dump).unwrap_or_default();
        if let Some(proxy) = proxy(&known) {
            step = step.set(name, proxy);
        }
    }
    step
}

/// The proxy in the output of apt-config(8). The settings of single hosts follow on other lines.
fn proxy(dump: &str) -> Option<&str> {
    let proxy = dump.lines().next()?.trim();
    (!proxy.is_empty() && proxy != "DIRECT").then_some(proxy)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::{ENTER, is_current, is_mounted_below, proxy};

    #[test]
    fn first_line_has_apts_proxy() {
        assert_eq!(
            proxy("http://proxy:3142\nDIRECT\n"),
            Some("http://proxy:3142")
        );
        for none in ["", "\n", "DIRECT\n", "\nhttp://for-one-host\n"] {
            assert_eq!(proxy(none), None, "{none:?}");
        }
    }

    /// Other programs replace mount(8) and chroot(8), which need root.
    #[test]
    fn only_proxies_of_the_environment_enter_the_chroot() {
        let enter = ENTER
            .replace("mount -", ": -")
            .replace("chroot \"$root\"", "env");
        let output = Command::new("sh")
            .args([
                "-c",
                &enter,
                "sh",
                "/nowhere",
                "env; echo \"args=$*\"",
                "a",
                "b c",
            ])
            .envs([
                ("https_proxy", "http://a b/$x"),
                ("NO_PROXY", "c"),
                ("SECRET", "d"),
            ])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        for line in [
            "https_proxy=http://a b/$x",
            "NO_PROXY=c",
            "HOME=/root",
            "args=a b c",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}: {text}");
        }
        assert!(!text.contains("SECRET"), "{text}");
    }

    #[test]
    fn only_complete_chroot_of_this_version_is_used() {
        assert!(is_current("1 wine-10.0 (Debian 10.0~repack-12)\n"));
        assert!(is_current("1 wine-11.2\n"));
        for other in ["", "0 wine-10.0\n", "1 wine-8.0\n", "1 wine-\n", "1\n"] {
            assert!(!is_current(other), "{other:?}");
        }
    }

    #[test]
    fn mounts_inside_the_chroot_are_found() {
        let mounts = "proc /proc proc rw 0 0\nudev /c/my\\040cache/wine10/dev tmpfs rw 0 0\n";
        assert!(is_mounted_below(mounts, Path::new("/c/my cache/wine10")));
        assert!(!is_mounted_below(mounts, Path::new("/c/my cache/wine")));
        assert!(!is_mounted_below("", Path::new("/c")));
    }
}
