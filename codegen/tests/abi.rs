//! The ABI snapshots in `codegen/snapshots/`, compared with what clang reads for every target, and
//! with what rustc and the `libc` crate have on this machine.

mod support;

use std::fs;
use std::path::PathBuf;

use support::{Repository, Result};

/// The folder of the tables.
fn snapshots() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots"))
}

/// The tables in a folder: the name without `.snap`, and the text below the front matter.
fn tables(folder: PathBuf) -> Result<Vec<(String, String)>> {
    let mut tables = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if let Some(name) = name.strip_suffix(".snap") {
            let text = fs::read_to_string(&path)?;
            let (_, table) = text.split_once("\n---\n").ok_or("no front matter")?;
            tables.push((name.to_owned(), table.to_owned()));
        }
    }
    tables.sort();
    Ok(tables)
}

/// clang reads every target again.
#[test]
fn clang_reads_the_abi_of_the_tables() -> Result {
    let repository = Repository::new()?;
    repository.succeed(&[])?;
    let found = tables(repository.path("codegen/snapshots"))?;
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (name, table) in &found {
        settings.bind(|| insta::assert_snapshot!(name.as_str(), table));
    }
    let names = |tables: &[(String, String)]| {
        tables
            .iter()
            .map(|(name, _)| name.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&found),
        names(&tables(snapshots())?),
        "the table of a group that does not exist"
    );
    Ok(())
}

/// Only macOS on Intel has suffixes of symbols. The pack's sys/cdefs.h is the one of macOS; that of
/// simulators has none:
/// <https://github.com/apple-oss-distributions/xnu/blob/e3723e1f17661b24996789d8afc084c0c3303b26/bsd/sys/cdefs.h#L665-L670>
#[test]
fn symbols_of_simulators_have_no_suffix() -> Result {
    let mut suffixed = Vec::new();
    for (name, table) in tables(snapshots())? {
        if name.starts_with("apple-") && table.contains("$UNIX2003]") {
            suffixed.push((name, table.contains("-apple-ios\n")));
        }
    }
    assert_eq!(suffixed, [("apple-x86_macos".to_owned(), false)]);
    Ok(())
}

/// The bindings, as the library compiles them.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[rustfmt::skip]
#[path = "../../generated/mod.rs"]
#[allow(
    dead_code,
    missing_debug_implementations,
    non_camel_case_types,
    non_upper_case_globals,
    unreachable_pub,
    unsafe_code,
    unused_imports
)]
mod generated;

/// The generated bindings of this machine as rustc lays them out, compared with the snapshot and
/// with `libc`.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod this_machine {
    use std::any::type_name;
    use std::collections::BTreeMap;
    use std::mem::{align_of, offset_of, size_of};

    use std::fs;

    use mio_abi::GroupAbi;

    use super::{Result, snapshots};

    use crate::generated::linux as ours;

    /// Facts by their name: `size of pollfd` is `8`.
    type Measured = BTreeMap<String, String>;

    /// A type's name without the path to it.
    fn short<T>() -> String {
        let name = type_name::<T>();
        let (pointer, path) = match name.rsplit_once(' ') {
            Some((pointer, path)) => (format!("{pointer} "), path),
            None => (String::new(), name),
        };
        pointer + path.rsplit("::").next().unwrap_or(path)
    }

    /// A type of the snapshots as rustc spells it here.
    fn resolve(ty: &str) -> String {
        use std::ffi::{c_int, c_long, c_longlong, c_short, c_uint, c_ulong};
        if let Some((pointer, pointee)) = ty.split_once(' ') {
            return format!("{pointer} {}", resolve(pointee));
        }
        match ty {
            "c_int" => short::<c_int>(),
            "c_long" => short::<c_long>(),
            "c_longlong" => short::<c_longlong>(),
            "c_short" => short::<c_short>(),
            "c_uint" => short::<c_uint>(),
            "c_ulong" => short::<c_ulong>(),
            other => other.to_owned(),
        }
    }

    /// Adds a record and its fields.
    fn record<T>(measured: &mut Measured, name: &str, fields: &[(&str, usize, usize, String)]) {
        measured.insert(format!("size of {name}"), size_of::<T>().to_string());
        measured.insert(format!("align of {name}"), align_of::<T>().to_string());
        for (field, offset, size, ty) in fields {
            measured.insert(format!("offset of {name}.{field}"), offset.to_string());
            measured.insert(format!("size of {name}.{field}"), size.to_string());
            measured.insert(format!("type of {name}.{field}"), ty.clone());
        }
    }

    /// Size and type of the field a function reads.
    fn read<T, F>(_: fn(T) -> F) -> (usize, String) {
        (size_of::<F>(), short::<F>())
    }

    /// Size and type of the union's field a function writes.
    fn write<T, F>(_: fn(F) -> T) -> (usize, String) {
        (size_of::<F>(), short::<F>())
    }

    /// Type and value of a constant.
    fn constant<T: Into<i128>>(value: T) -> String {
        format!("{} {}", short::<T>(), value.into())
    }

    /// `structs!(measured, path::Name as "name": field as "field", …;)`, measured by rustc.
    macro_rules! structs {
        ($measured:expr, $($ty:path as $name:literal: $($field:ident as $known:literal),+;)+) => {$(
            record::<$ty>($measured, $name, &[$({
                let (size, ty) = read(|record: $ty| record.$field);
                ($known, offset_of!($ty, $field), size, ty)
            }),+]);
        )+};
    }

    /// `constants!(measured, path: NAME as "NAME", …)`, as rustc evaluates them.
    macro_rules! constants {
        ($measured:expr, $path:ident: $($name:ident)+) => {$(
            let name = concat!("const ", stringify!($name)).to_owned();
            $measured.insert(name, constant($path::$name));
        )+};
    }

    /// The names that both the bindings and `libc` have.
    macro_rules! shared_constants {
        ($measured:expr, $path:ident) => {
            constants!($measured, $path:
                EBADF EFD_CLOEXEC EFD_NONBLOCK EPOLLERR EPOLLET EPOLLHUP EPOLLIN
                EPOLLONESHOT EPOLLOUT EPOLLPRI EPOLLRDHUP EPOLL_CLOEXEC EPOLL_CTL_ADD
                EPOLL_CTL_DEL EPOLL_CTL_MOD FD_CLOEXEC F_GETFL F_SETFD F_SETFL O_CLOEXEC
                O_NONBLOCK POLLERR POLLHUP POLLIN POLLNVAL POLLOUT POLLPRI POLLRDHUP
            )
        };
    }

    /// The names both have, with the linker's address of each.
    macro_rules! functions {
        ($measured:expr, $path:ident) => {
            functions!($measured, $path:
                epoll_create1 epoll_ctl epoll_wait eventfd fcntl pipe2 poll read syscall write
            )
        };
        ($measured:expr, $path:ident: $($name:ident)+) => {$(
            let name = concat!("fn ", stringify!($name)).to_owned();
            $measured.insert(name, format!("{:?}", $path::$name as *const ()));
        )+};
    }

    /// The generated bindings as rustc lays them out.
    fn of_bindings() -> Measured {
        let mut measured = Measured::new();
        structs!(&mut measured,
            ours::__kernel_timespec as "__kernel_timespec":
                tv_sec as "tv_sec", tv_nsec as "tv_nsec";
            ours::epoll_event as "epoll_event": events as "events", data as "data";
            ours::pollfd as "pollfd": fd as "fd", events as "events", revents as "revents";
        );
        let data = [
            (
                "ptr",
                offset_of!(ours::epoll_data, ptr),
                write(|ptr| ours::epoll_data { ptr }),
            ),
            (
                "fd",
                offset_of!(ours::epoll_data, fd),
                write(|fd| ours::epoll_data { fd }),
            ),
            (
                "u32_",
                offset_of!(ours::epoll_data, u32_),
                write(|u32_| ours::epoll_data { u32_ }),
            ),
            (
                "u64_",
                offset_of!(ours::epoll_data, u64_),
                write(|u64_| ours::epoll_data { u64_ }),
            ),
        ];
        record::<ours::epoll_data>(
            &mut measured,
            "epoll_data",
            &data.map(|(name, offset, (size, ty))| (name, offset, size, ty)),
        );
        shared_constants!(measured, ours);
        constants!(measured, ours: NR_ppoll_64 __NR_epoll_pwait2);
        measured
    }

    /// The snapshot in the same words. Functions are left to the linker.
    fn of_snapshot(group: &GroupAbi) -> Measured {
        let mut measured = Measured::new();
        for record in &group.abi.records {
            let name = &record.name;
            measured.insert(format!("size of {name}"), record.size.to_string());
            measured.insert(format!("align of {name}"), record.align.to_string());
            for field in &record.fields {
                let name = format!("{name}.{}", field.name);
                measured.insert(format!("offset of {name}"), field.offset.to_string());
                measured.insert(format!("size of {name}"), field.size.to_string());
                measured.insert(format!("type of {name}"), resolve(&field.ty));
            }
        }
        for constant in &group.abi.constants {
            let value = format!("{} {}", resolve(&constant.ty), constant.value);
            measured.insert(format!("const {}", constant.name), value);
        }
        measured
    }

    /// The snapshot of the group that this machine is in: the module has the group's name.
    fn snapshot_of_this_machine() -> Result<GroupAbi> {
        let group = type_name::<ours::pollfd>()
            .rsplit("::")
            .nth(1)
            .unwrap_or_default();
        let path = snapshots().join(format!("linux-{group}.json"));
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(GroupAbi::from_json(&text)?)
    }

    /// A fact of the snapshot that is not measured above fails too.
    #[test]
    fn rustc_lays_out_the_bindings_as_in_the_snapshot() -> Result {
        let snapshot = of_snapshot(&snapshot_of_this_machine()?);
        assert!(snapshot.len() > 60, "few facts: {snapshot:?}");
        assert_eq!(of_bindings(), snapshot);
        Ok(())
    }

    /// The tables of names hold every flag once, under its name.
    #[test]
    fn name_tables_are_complete() -> Result {
        let snapshot = of_snapshot(&snapshot_of_this_machine()?);
        let of = |prefix: &str| {
            snapshot
                .keys()
                .filter(|key| key.starts_with(prefix) && !key.contains("EPOLL_C"))
                .count()
        };
        assert_eq!(ours::EPOLL_NAMES.len(), of("const EPOLL"));
        assert_eq!(ours::POLL_NAMES.len(), of("const POLL"));
        for (name, value) in ours::EPOLL_NAMES {
            assert_eq!(snapshot[&format!("const {name}")], format!("u32 {value}"));
        }
        for (name, value) in ours::POLL_NAMES {
            assert_eq!(snapshot[&format!("const {name}")], format!("i16 {value}"));
        }
        Ok(())
    }

    /// Only 64-bit: on 32-bit systems `libc` has the older records of each C library, not the
    /// kernel's.
    #[cfg(target_pointer_width = "64")]
    mod libc_crate {
        use super::*;

        /// TargetAbi in which `libc` differs, and the reason. Each must be in use.
        const KNOWN_DIFFERENCES: &[(&str, &str)] = &[
            ("align of epoll_data", "libc has no such union"),
            ("const EPOLLERR", EPOLL),
            (
                "const EPOLLET",
                "libc declares it as a c_int, in which this bit is the sign",
            ),
            ("const EPOLLHUP", EPOLL),
            ("const EPOLLIN", EPOLL),
            ("const EPOLLONESHOT", EPOLL),
            ("const EPOLLOUT", EPOLL),
            ("const EPOLLPRI", EPOLL),
            ("const EPOLLRDHUP", EPOLL),
            ("offset of epoll_data.fd", "libc has no such union"),
            ("offset of epoll_data.ptr", "libc has no such union"),
            ("offset of epoll_data.u32_", "libc has no such union"),
            ("offset of epoll_data.u64_", "libc has no such union"),
            ("size of epoll_data", "libc has no such union"),
            ("size of epoll_data.fd", "libc has no such union"),
            ("size of epoll_data.ptr", "libc has no such union"),
            ("size of epoll_data.u32_", "libc has no such union"),
            ("size of epoll_data.u64_", "libc has no such union"),
            ("type of epoll_data.fd", "libc has no such union"),
            ("type of epoll_data.ptr", "libc has no such union"),
            ("type of epoll_data.u32_", "libc has no such union"),
            ("type of epoll_data.u64_", "libc has no such union"),
            (
                "type of epoll_event.data",
                "libc has the union's largest member only",
            ),
        ];

        /// The reason most flags share.
        const EPOLL: &str = "libc declares the flags as c_int, the kernel's field is a __u32";

        /// The same names in `libc`.
        fn of_libc() -> Measured {
            let mut measured = Measured::new();
            structs!(&mut measured,
                libc::timespec as "__kernel_timespec": tv_sec as "tv_sec", tv_nsec as "tv_nsec";
                libc::epoll_event as "epoll_event": events as "events", u64 as "data";
                libc::pollfd as "pollfd": fd as "fd", events as "events", revents as "revents";
            );
            shared_constants!(measured, libc);
            measured.insert("const NR_ppoll_64".to_owned(), constant(libc::SYS_ppoll));
            measured.insert(
                "const __NR_epoll_pwait2".to_owned(),
                constant(libc::SYS_epoll_pwait2),
            );
            functions!(measured, libc);
            measured
        }

        #[test]
        fn libc_is_equal_or_the_difference_is_known() {
            let mut mine = of_bindings();
            functions!(mine, ours);
            let theirs = of_libc();
            let mut unused: BTreeMap<&str, &str> = KNOWN_DIFFERENCES.iter().copied().collect();
            let mut unknown = Vec::new();
            for (fact, value) in &mine {
                let other = theirs.get(fact).map_or("nothing", String::as_str);
                if other == value {
                    continue;
                }
                match unused.remove(fact.as_str()) {
                    Some(reason) => println!("{fact}: {value}, libc: {other} ({reason})"),
                    None => unknown.push(format!("{fact}: {value}, libc: {other}")),
                }
            }
            println!(
                "{} facts, {} of them known differences",
                mine.len(),
                KNOWN_DIFFERENCES.len() - unused.len()
            );
            assert!(unknown.is_empty(), "libc differs: {unknown:#?}");
            assert!(
                unused.is_empty(),
                "no longer differences, remove them: {unused:#?}"
            );
        }
    }
}
