//! The Windows suites once more, under the Wine of Debian's sid: 10.0 or newer, where stable has 8.0.
//!
//! That Wine lives in a chroot in the cache, which debootstrap makes once, in about two minutes and
//! 3 GB. Programs built for Wine 8 run there unchanged. The repository is mounted read-only at its
//! own path, so that tests which read the source tree run, too.
//!
//! Every mount is made in a mount namespace of its own. The first process of its PID namespace gets
//! SIGKILL when unshare(1) ends (`--kill-child`), and unshare gets it when this program ends
//! (`setpriv --pdeathsig KILL`), be that by a failure, by Ctrl-C or by SIGKILL. The kernel then
//! ends all processes of the namespace and unmounts everything.
//! See <https://man7.org/linux/man-pages/man1/unshare.1.html> and
//! <https://man7.org/linux/man-pages/man1/setpriv.1.html>.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::cross::{self, Compiler};
use crate::fetch;
use crate::report::NotRun;
use crate::setup;
use crate::step::{Context, Step};
use crate::wine::{self, TARGET};

/// The chroot's folder in the cache.
const NAME: &str = "wine10";

/// What this file puts into the chroot; another number makes it anew.
const CONTENTS: &str = "1";

/// The file in the chroot that says that it is whole: the contents, and which Wine it is.
const MARKER: &str = "mio-build";

/// The first version that is new enough.
const OLDEST: u32 = 10;

/// Runs the rest with mounts of its own, which it may change, and until this program ends.
const UNSHARE: &str = "--pdeathsig KILL \
    unshare --mount --pid --fork --kill-child --propagation private";

/// Makes `$1` a system on its own, and runs the rest in it: `$2` in its shell. Of the environment
/// the settings of proxies stay.
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

/// Shows `$2`, the repository, and `$3`, the programs, in `$1`, and goes on with [`ENTER`] as `$0`.
const SHOW: &str = r#"
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

/// Wine, and a prefix for it.
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

/// Runs the programs in the folder `$1`, each once, with one server for all.
const RUN: &str = r#"
cd "$1"
shift
# Why: `launcher` in wine.rs.
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

/// The stage.
pub(crate) fn suite(context: &mut Context<'_>) -> Result<()> {
    possible(context)?;
    let compiler = Compiler::fetched(context)?;
    wine::install(context)?;
    let programs = cross::programs(context)?;
    let build = "test --no-run --all-features --lib";
    let output = context.run(wine::cargo(context, &compiler, build).words(&programs))?;
    let folder = context.project.target("windows").join(TARGET).join("debug");
    let mut programs = Vec::new();
    for (name, program) in wine::programs(&output) {
        // Cargo names what is in the checkout from there.
        let program = context.project.root.join(program);
        let below = program
            .strip_prefix(&folder)
            .with_context(|| format!("{name} is not in {}", folder.display()))?;
        programs.push(below.to_owned());
    }
    if programs.is_empty() {
        bail!("Cargo names no test program");
    }

    // Held as long as programs run in it: the prefix has one server.
    let _lock = wine::locked(context, NAME)?;
    let root = context.project.cache.join(NAME);
    whole(context, &root)?;
    let step = Step::new("setpriv")
        .words(UNSHARE)
        .words("sh -c")
        .argument(SHOW)
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

/// Whether there can be a chroot on this machine.
fn possible(context: &mut Context<'_>) -> Result<()> {
    let not_run = |reason: &str| NotRun(format!("no chroot for a newer Wine: {reason}"));
    if !setup::is_debian_root() {
        return Err(not_run("it takes root on Debian, for debootstrap and mount(2)").into());
    }
    let probe = Step::new("setpriv")
        .words(UNSHARE)
        .words("mount -t tmpfs none /mnt");
    if context.run(probe).is_err() {
        return Err(not_run("this machine does not let a namespace mount").into());
    }
    let known = Step::new("debootstrap").words("--version");
    if context.run(known).is_err() {
        let install = Step::new("apt-get")
            .words("install --yes --no-install-recommends debootstrap")
            .set("DEBIAN_FRONTEND", "noninteractive")
            .limit(600);
        let update = Step::new("apt-get").words("update").limit(600);
        let _apt = fetch::apt();
        context
            .run(update)
            .and_then(|_| context.run(install))
            .map_err(|error| not_run(&format!("debootstrap cannot be installed ({error:#})")))?;
    }
    Ok(())
}

/// Makes the chroot if it is not there as this file wants it. The caller has its lock.
fn whole(context: &mut Context<'_>, root: &Path) -> Result<()> {
    let marker = root.join(MARKER);
    match fs::read_to_string(&marker) {
        Ok(text) if is_wanted(&text) => return context.say(&format!("{NAME}: {}", text.trim())),
        _ => remove(root)?,
    }
    fs::create_dir_all(root).with_context(|| format!("{}", root.display()))?;
    let version = make(context, root).map_err(|error| {
        // Nothing half-made stays. What cannot be removed now is removed by the next run.
        let _ = remove(root);
        NotRun(format!("sid's Wine cannot be had ({error:#})"))
    })?;
    let text = format!("{CONTENTS} {version}\n");
    if !is_wanted(&text) {
        bail!("sid's Wine is `{version}`, not {OLDEST} or newer");
    }
    fs::write(&marker, text).with_context(|| format!("{}", marker.display()))
}

/// `1 wine-10.0 (Debian 10.0~repack-12)`
fn is_wanted(marker: &str) -> bool {
    let version = marker
        .strip_prefix(CONTENTS)
        .and_then(|rest| rest.trim().strip_prefix("wine-"))
        .and_then(|rest| rest.split('.').next());
    version.is_some_and(|version| version.parse().is_ok_and(|major: u32| major >= OLDEST))
}

/// Removes a chroot. None of ours has a mount left, but what is mounted there is not ours to remove.
fn remove(root: &Path) -> Result<()> {
    if !root.exists() {
        return Ok(());
    }
    let mounts = fs::read_to_string("/proc/self/mounts").context("/proc/self/mounts")?;
    if is_mounted_below(&mounts, root) {
        bail!("something is mounted in {}: see `mount`", root.display());
    }
    fs::remove_dir_all(root).with_context(|| format!("{}", root.display()))
}

/// Whether a line of proc_mounts(5) names this folder or one in it.
fn is_mounted_below(mounts: &str, folder: &Path) -> bool {
    mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .any(|place| Path::new(&place.replace("\\040", " ")).starts_with(folder))
}

/// Fills the chroot; returns what its Wine says of itself.
fn make(context: &mut Context<'_>, root: &Path) -> Result<String> {
    let archive = fetch::archive(context)?;
    let base = Step::new("setpriv")
        .words(UNSHARE)
        // Without the keys debootstrap only warns that it checks no signature.
        .words("debootstrap --variant=minbase --force-check-gpg --keyring")
        .argument(fetch::KEYS)
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
    Ok(version.context("Wine does not say its version")?.to_owned())
}

/// Adds the proxies of this machine's apt, which neither debootstrap nor the chroot's apt knows.
/// What the environment says comes first.
fn with_proxies(context: &mut Context<'_>, mut step: Step) -> Step {
    for (name, setting) in [
        ("http_proxy", "Acquire::http::Proxy"),
        ("https_proxy", "Acquire::https::Proxy"),
    ] {
        if env::var_os(name).is_some() {
            continue;
        }
        let ask = Step::new("apt-config")
            .words("dump --format %v%n")
            .argument(setting);
        let known = context.run(ask).unwrap_or_default();
        if let Some(proxy) = proxy(&known) {
            step = step.set(name, proxy);
        }
    }
    step
}

/// The proxy in what apt-config(8) dumps: the setting itself, and then those of single hosts.
fn proxy(dump: &str) -> Option<&str> {
    let proxy = dump.lines().next()?.trim();
    (!proxy.is_empty() && proxy != "DIRECT").then_some(proxy)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::{ENTER, is_mounted_below, is_wanted, proxy};

    #[test]
    fn the_proxy_of_apt_is_its_first_line() {
        assert_eq!(
            proxy("http://proxy:3142\nDIRECT\n"),
            Some("http://proxy:3142")
        );
        for none in ["", "\n", "DIRECT\n", "\nhttp://for-one-host\n"] {
            assert_eq!(proxy(none), None, "{none:?}");
        }
    }

    /// Programs stand in for those that take root.
    #[test]
    fn proxies_and_nothing_else_of_the_environment_enter_the_chroot() {
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
    fn only_a_whole_chroot_of_this_kind_is_used() {
        assert!(is_wanted("1 wine-10.0 (Debian 10.0~repack-12)\n"));
        assert!(is_wanted("1 wine-11.2\n"));
        for other in ["", "0 wine-10.0\n", "1 wine-8.0\n", "1 wine-\n", "1\n"] {
            assert!(!is_wanted(other), "{other:?}");
        }
    }

    #[test]
    fn a_mount_keeps_the_chroot_from_being_removed() {
        let mounts = "proc /proc proc rw 0 0\nudev /c/my\\040cache/wine10/dev tmpfs rw 0 0\n";
        assert!(is_mounted_below(mounts, Path::new("/c/my cache/wine10")));
        assert!(!is_mounted_below(mounts, Path::new("/c/my cache/wine")));
        assert!(!is_mounted_below("", Path::new("/c")));
    }
}
