//! The tests on other Linux kernels: Debian's kernels for virtual machines, booted in QEMU.
//!
//! QEMU interprets the instructions (`-accel tcg`), so a machine without KVM runs them, too. The
//! test programs are those of the stage `tests-epoll-eventfd-debug`. They are in the initial RAM
//! disk, with the shared libraries that they load and a BusyBox; `build-tools/kernels/init` runs
//! them. Linux 5.10 has no `epoll_pwait2`, which came with
//! [5.11](https://man7.org/linux/man-pages/man2/epoll_wait.2.html#VERSIONS).

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::project::PLAIN;
use crate::report::NotRun;
use crate::step::{Context, Step, succeeds};
use crate::{cross, debian, fetch, wine};

/// A kernel, and the release of Debian that it is the kernel of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernel {
    pub(crate) name: &'static str,
    /// How `uname -r` begins; empty for the newest kernel, whichever that is.
    version: &'static str,
    suite: &'static str,
}

/// The kernel of `cargo xtask test`.
pub(crate) const WITHOUT_EPOLL_PWAIT2: Kernel = Kernel {
    name: "5.10",
    version: "5.10.",
    suite: "bullseye",
};

/// The kernels of `cargo xtask nightly`.
pub(crate) const NEWER: [Kernel; 3] = [
    Kernel {
        name: "6.1",
        version: "6.1.",
        suite: "bookworm",
    },
    Kernel {
        name: "6.12",
        version: "6.12.",
        suite: "trixie",
    },
    Kernel {
        name: "newest",
        version: "",
        suite: "sid",
    },
];

/// Debian's packages of what is installed for this.
pub(crate) const PACKAGES: &str = "qemu-system-x86 cpio binutils";

/// The programs of these packages that are used.
const PROGRAMS: [&str; 3] = ["qemu-system-x86_64", "cpio", "strip"];

const QEMU: &str = "-accel tcg,thread=multi -m 2048 -smp 2 -nographic -no-reboot -net none";

/// A busy host delays the emulated timer, and the kernel panics when its check of the timer's
/// interrupts counts too few: `timer_irq_works` in
/// <https://github.com/torvalds/linux/blob/v5.10/arch/x86/kernel/apic/io_apic.c>, which
/// `no_timer_check` turns off.
const KERNEL_PARAMETERS: &str = "console=ttyS0 quiet panic=-1 no_timer_check";

/// The stage of a kernel.
pub(crate) fn suite(context: &mut Context<'_>, kernel: Kernel) -> Result<()> {
    if cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) {
        bail!(NotRun("the kernels are those of x86-64".to_owned()));
    }
    install(context)?;
    let image = image(context, kernel)?;
    let initrd = initrd(context)?;
    let boot = Step::new("qemu-system-x86_64")
        .words(QEMU)
        .words("-kernel")
        .argument(&image)
        .words("-initrd")
        .argument(&initrd)
        .words("-append")
        .argument(KERNEL_PARAMETERS)
        .limit(15 * 60);
    let output = context.run(boot)?;
    // The firmware's escape sequences are on the line before the first text.
    let value = |key: &str| {
        let (_, rest) = output
            .split_once(key)
            .with_context(|| format!("the virtual machine did not print `{key}`"))?;
        Ok::<_, anyhow::Error>(rest.lines().next().unwrap_or_default().trim())
    };
    let release = value("kernel: ")?;
    if !release.starts_with(kernel.version) {
        bail!("the kernel is {release}, not {}*", kernel.version);
    }
    match value("programs that failed: ")? {
        "0" => Ok(()),
        failed => bail!("Linux {release}: {failed} test programs failed"),
    }
}

/// Whether QEMU and two tools are installed.
pub(crate) fn is_installed() -> bool {
    let is_there = |program: &&str| succeeds(&[*program, "--version"]);
    PROGRAMS.iter().all(is_there)
}

/// Installs them where that is possible.
fn install(context: &mut Context<'_>) -> Result<()> {
    if is_installed() {
        return Ok(());
    }
    if !debian::can_install() {
        let line = format!("sudo apt-get install {PACKAGES}");
        bail!(NotRun(format!("there is no QEMU, cpio or strip: {line}")));
    }
    debian::install(context, PACKAGES)
        .map_err(|error| NotRun(format!("cannot install {PACKAGES} ({error:#})")).into())
}

/// The kernel's image in the cache.
fn image(context: &mut Context<'_>, kernel: Kernel) -> Result<PathBuf> {
    let suite = kernel.suite;
    let fill = |context: &mut Context<'_>, parts: &Path| {
        let packages = debian::Suite::update(context, parts, suite)?;
        let package = packages.newest_kernel(context)?;
        packages.download(context, &package)?;
        debian::unpack(context, parts)
    };
    let root = fetch::once(context, &format!("kernel-{suite}"), fill)
        .map_err(|error| NotRun(format!("cannot download the kernel of {suite} ({error:#})")))?;
    // Debian's kernels of sid have it in a folder of their own, not in /boot.
    let folders = ["boot", "usr/lib/linux", "usr/lib/modules"].map(|folder| root.join(folder));
    let mut images = Vec::new();
    for folder in folders.iter().filter(|folder| folder.exists()) {
        find_images(folder, &mut images)?;
    }
    images.sort();
    images
        .pop()
        .with_context(|| format!("no vmlinuz in {}", root.display()))
}

fn find_images(folder: &Path, images: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find_images(&entry.path(), images)?;
        } else if entry.file_name().to_string_lossy().starts_with("vmlinuz") {
            images.push(entry.path());
        }
    }
    Ok(())
}

/// Makes the initial RAM disk.
fn initrd(context: &mut Context<'_>) -> Result<PathBuf> {
    let folder = context.project.target("kernels");
    let root = folder.join("root");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    for name in ["bin", "dev", "proc", "programs", "sys", "tmp"] {
        fs::create_dir_all(root.join(name))?;
    }
    let busybox = fetch::once(context, "busybox-static", |context, parts| {
        debian::download(context, parts, ["busybox-static".to_owned()])
    })
    .map_err(|error| NotRun(format!("cannot download busybox-static ({error:#})")))?;
    fs::copy(busybox.join("bin/busybox"), root.join("bin/busybox"))?;
    let init = root.join("init");
    fs::copy(context.project.path("build-tools/kernels/init"), &init)?;
    fs::set_permissions(&init, fs::Permissions::from_mode(0o755))?;

    let programs = cross::programs(context)?;
    let build = Step::cargo(
        context.project,
        PLAIN,
        "test --no-run --all-features --no-fail-fast --lib",
    );
    let output = context.run(build.words(&programs))?;
    let mut libraries = BTreeSet::new();
    for (name, program) in wine::programs(&output) {
        // Cargo prints paths below the checkout as relative paths.
        let program = context.project.root.join(program);
        let ldd = context.run(Step::new("ldd").argument(&program))?;
        libraries.extend(shared_libraries(&ldd));
        let strip = Step::new("strip").argument(program).words("-o");
        context.run(strip.argument(root.join("programs").join(name)))?;
    }
    for library in libraries {
        copy(&library, &root)?;
    }

    // Some tests read files of the checkout, whose path is part of the programs.
    let checkout = &context.project.root;
    fs::write(
        root.join("checkout"),
        checkout.as_os_str().as_encoded_bytes(),
    )?;
    let inside = root.join(checkout.strip_prefix("/").unwrap_or(checkout));
    fs::create_dir_all(&inside)?;
    let files = ["Cargo.toml", "README.md", "src", "tests"].map(|name| checkout.join(name));
    let copy = Step::new("cp").words("--recursive");
    context.run(files.iter().fold(copy, Step::argument).argument(inside))?;

    let pack = Step::new("sh")
        .words("-c")
        .argument("find . | cpio --quiet --create --format=newc --owner=0:0 > ../initrd");
    context.run(pack.folder(&root))?;
    Ok(folder.join("initrd"))
}

/// The paths in the output of ldd(1): `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`.
fn shared_libraries(ldd: &str) -> impl Iterator<Item = PathBuf> {
    let words = ldd.split_whitespace();
    words
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
}

/// Copies a file to the same path below another root.
fn copy(file: &Path, root: &Path) -> Result<()> {
    let copy = root.join(file.strip_prefix("/").unwrap_or(file));
    let folder = copy.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder)?;
    fs::copy(file, &copy).with_context(|| file.display().to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::shared_libraries;

    #[test]
    fn paths_of_shared_libraries_are_read() {
        let ldd = "\tlinux-vdso.so.1 (0x00007f)\n\
            \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\
            \t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let paths: Vec<PathBuf> = shared_libraries(ldd).collect();
        let expected = [
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/lib64/ld-linux-x86-64.so.2",
        ];
        assert_eq!(paths, expected.map(PathBuf::from));
        assert_eq!(shared_libraries("\tstatically linked\n").count(), 0);
    }
}
