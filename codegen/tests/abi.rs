//! The ABI tables in `tests/snapshots/` and their three witnesses: what clang says about every target, what rustc lays out on
//! this machine, and what the `libc` crate says about this machine.

mod support;

use std::fs;
use std::path::PathBuf;

use support::{Repository, Result};

/// The folder of the tables.
fn snapshots() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/snapshots"))
}

/// The tables in a folder: the part of the name between `abi@` and `.snap`, and the text below the front matter.
fn tables(folder: PathBuf) -> Result<Vec<(String, String)>> {
    let mut tables = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if let Some(name) = name
            .strip_prefix("abi@")
            .and_then(|name| name.strip_suffix(".snap"))
        {
            let text = fs::read_to_string(&path)?;
            let (_, table) = text.split_once("\n---\n").ok_or("no front matter")?;
            tables.push((name.to_owned(), table.to_owned()));
        }
    }
    tables.sort();
    Ok(tables)
}

/// First witness: clang, asked anew, for every target.
#[test]
fn clang_says_what_the_tables_say() -> Result {
    let repository = Repository::new()?;
    repository.succeed(&[])?;
    let found = tables(repository.path("tests/snapshots"))?;
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../tests/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (name, table) in &found {
        settings.set_snapshot_suffix(name);
        settings.bind(|| insta::assert_snapshot!("abi", table));
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
        "a table without a group"
    );
    Ok(())
}

/// Only macOS on Intel has suffixes of symbols. The pack's sys/cdefs.h is the one of macOS; that of simulators has none:
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
#[allow(dead_code, missing_debug_implementations, non_camel_case_types, non_upper_case_globals, unreachable_pub, unsafe_code, unused_imports)]
mod generated;

/// What rustc lays out for the generated bindings of this machine, and what rustc and `libc` say about the same names.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod witnesses {
    use std::any::type_name;
    use std::collections::BTreeMap;
    use std::mem::{align_of, offset_of, size_of};

    use super::{Result, snapshots, tables};

    use crate::generated::linux as ours;

    /// What somebody says: `size of pollfd` is `8`.
    type Says = BTreeMap<String, String>;

    /// A type's name without the path to it.
    fn short<T>() -> String {
        let name = type_name::<T>();
        let (pointer, path) = match name.rsplit_once(' ') {
            Some((pointer, path)) => (format!("{pointer} "), path),
            None => (String::new(), name),
        };
        pointer + path.rsplit("::").next().unwrap_or(path)
    }

    /// A spelling of the tables as rustc spells it here.
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

    /// Notes a record and its fields.
    fn record<T>(says: &mut Says, name: &str, fields: &[(&str, usize, usize, String)]) {
        says.insert(format!("size of {name}"), size_of::<T>().to_string());
        says.insert(format!("align of {name}"), align_of::<T>().to_string());
        for (field, offset, size, ty) in fields {
            says.insert(format!("offset of {name}.{field}"), offset.to_string());
            says.insert(format!("size of {name}.{field}"), size.to_string());
            says.insert(format!("type of {name}.{field}"), ty.clone());
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

    /// `structs!(says, path::Name as "name": field as "field", …;)`, measured by rustc.
    macro_rules! structs {
        ($says:expr, $($ty:path as $name:literal: $($field:ident as $known:literal),+;)+) => {$(
            record::<$ty>($says, $name, &[$({
                let (size, ty) = read(|record: $ty| record.$field);
                ($known, offset_of!($ty, $field), size, ty)
            }),+]);
        )+};
    }

    /// `constants!(says, path: NAME as "NAME", …)`, as rustc evaluates them.
    macro_rules! constants {
        ($says:expr, $path:ident: $($name:ident)+) => {$(
            $says.insert(concat!("const ", stringify!($name)).to_owned(), constant($path::$name));
        )+};
    }

    /// The names both we and `libc` have.
    macro_rules! shared_constants {
        ($says:expr, $path:ident) => {
            constants!($says, $path:
                EBADF EFD_CLOEXEC EFD_NONBLOCK EPOLLERR EPOLLET EPOLLHUP EPOLLIN
                EPOLLONESHOT EPOLLOUT EPOLLPRI EPOLLRDHUP EPOLL_CLOEXEC EPOLL_CTL_ADD EPOLL_CTL_DEL EPOLL_CTL_MOD FD_CLOEXEC
                F_GETFL F_SETFD F_SETFL O_CLOEXEC O_NONBLOCK POLLERR POLLHUP POLLIN POLLNVAL POLLOUT
                POLLPRI POLLRDHUP
            )
        };
    }

    /// The names both have, with the linker's address of each.
    macro_rules! functions {
        ($says:expr, $path:ident) => {
            functions!($says, $path: epoll_create1 epoll_ctl epoll_wait eventfd fcntl pipe2 poll read syscall write)
        };
        ($says:expr, $path:ident: $($name:ident)+) => {$(
            $says.insert(concat!("fn ", stringify!($name)).to_owned(), format!("{:?}", $path::$name as *const ()));
        )+};
    }

    /// What rustc says about the generated bindings.
    fn rustc_says() -> Says {
        let mut says = Says::new();
        structs!(&mut says,
            ours::__kernel_timespec as "__kernel_timespec": tv_sec as "tv_sec", tv_nsec as "tv_nsec";
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
            &mut says,
            "epoll_data",
            &data.map(|(name, offset, (size, ty))| (name, offset, size, ty)),
        );
        shared_constants!(says, ours);
        constants!(says, ours: NR_ppoll_64 __NR_epoll_pwait2);
        says
    }

    /// What a table says, in the same words. Functions are left to the linker.
    fn table_says(table: &str) -> Says {
        let mut says = Says::new();
        let mut record = "";
        for line in table.lines() {
            let words: Vec<&str> = line
                .split([' ', ',', ':'])
                .filter(|word| !word.is_empty())
                .collect();
            match words[..] {
                ["struct" | "union", name, "size", size, "align", align, ..] => {
                    record = name;
                    says.insert(format!("size of {name}"), size.to_owned());
                    says.insert(format!("align of {name}"), align.to_owned());
                }
                ["offset", offset, "size", size, field, ..] => {
                    let ty = line.rsplit_once(": ").map_or("", |(_, ty)| ty);
                    says.insert(format!("offset of {record}.{field}"), offset.to_owned());
                    says.insert(format!("size of {record}.{field}"), size.to_owned());
                    says.insert(format!("type of {record}.{field}"), resolve(ty));
                }
                ["const", name, ty, "=", value, _] => {
                    says.insert(format!("const {name}"), format!("{} {value}", resolve(ty)));
                }
                _ => {}
            }
        }
        says
    }

    /// The table of the group this machine belongs to: the module's name is the group's.
    fn table_of_this_machine() -> Result<String> {
        let group = type_name::<ours::pollfd>()
            .rsplit("::")
            .nth(1)
            .unwrap_or_default();
        let (_, table) = tables(snapshots())?
            .into_iter()
            .find(|(name, _)| *name == format!("linux-{group}"))
            .ok_or_else(|| format!("no table for {group}"))?;
        Ok(table)
    }

    /// Second witness. A row of the table that is not measured above fails too.
    #[test]
    fn rustc_lays_out_what_the_table_says() -> Result {
        let table = table_says(&table_of_this_machine()?);
        assert!(table.len() > 60, "the table was not understood: {table:?}");
        assert_eq!(rustc_says(), table);
        Ok(())
    }

    /// The tables of names hold every flag once, under its name.
    #[test]
    fn name_tables_are_complete() -> Result {
        let says = table_says(&table_of_this_machine()?);
        let of = |prefix: &str| {
            says.keys()
                .filter(|key| key.starts_with(prefix) && !key.contains("EPOLL_C"))
                .count()
        };
        assert_eq!(ours::EPOLL_NAMES.len(), of("const EPOLL"));
        assert_eq!(ours::POLL_NAMES.len(), of("const POLL"));
        for (name, value) in ours::EPOLL_NAMES {
            assert_eq!(says[&format!("const {name}")], format!("u32 {value}"));
        }
        for (name, value) in ours::POLL_NAMES {
            assert_eq!(says[&format!("const {name}")], format!("i16 {value}"));
        }
        Ok(())
    }

    /// Third witness. Only 64-bit: on 32-bit systems `libc` describes each C library's older records, not the kernel's.
    #[cfg(target_pointer_width = "64")]
    mod libc_crate {
        use super::*;

        /// Where `libc` says something else: the fact, and the reason. Each must be in use.
        const DISAGREEMENTS: &[(&str, &str)] = &[
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

        /// What `libc` says.
        fn libc_says() -> Says {
            let mut says = Says::new();
            structs!(&mut says,
                libc::timespec as "__kernel_timespec": tv_sec as "tv_sec", tv_nsec as "tv_nsec";
                libc::epoll_event as "epoll_event": events as "events", u64 as "data";
                libc::pollfd as "pollfd": fd as "fd", events as "events", revents as "revents";
            );
            shared_constants!(says, libc);
            says.insert("const NR_ppoll_64".to_owned(), constant(libc::SYS_ppoll));
            says.insert(
                "const __NR_epoll_pwait2".to_owned(),
                constant(libc::SYS_epoll_pwait2),
            );
            functions!(says, libc);
            says
        }

        #[test]
        fn libc_agrees_or_the_reason_is_known() {
            let mut mine = rustc_says();
            functions!(mine, ours);
            let theirs = libc_says();
            let mut unused: BTreeMap<&str, &str> = DISAGREEMENTS.iter().copied().collect();
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
                "{} facts, {} of them known disagreements",
                mine.len(),
                DISAGREEMENTS.len() - unused.len()
            );
            assert!(unknown.is_empty(), "libc disagrees: {unknown:#?}");
            assert!(unused.is_empty(), "libc agrees by now, strike: {unused:#?}");
        }
    }
}
