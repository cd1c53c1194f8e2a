//! zig's `abilists`: the symbols of a C library on many machines, in one file.
//!
//! The file begins with three tables, each with its length in a byte: libraries by name, versions
//! of three bytes, machines such as `x86-freebsd-none`. The functions follow: the number of entries
//! (16 bits, little-endian), then each symbol with its name and its entries. An entry consists of a
//! set of machines (LEB128), a library (its highest bit ends the entries of the symbol) and
//! versions (the highest bit of a byte ends them). The objects at the end are not read.
//!
//! The format is described at
//! <https://github.com/ziglang/libc-abi-tools/blob/16818c2212b1/README.md>.

use std::collections::HashMap;
use std::str;

use anyhow::{Context as _, Result, bail};

/// The bit that ends a sequence.
const LAST: u8 = 0x80;

/// The functions of a list.
pub(super) struct AbiList<'a> {
    machines: Vec<&'a str>,
    /// The machines that have a symbol, as a bit set.
    symbols: HashMap<&'a str, u128>,
}

impl AbiList<'_> {
    /// Whether a symbol exists with every ABI of an architecture, and the list has at least one.
    pub(super) fn has(&self, symbol: &str, arch: &str) -> bool {
        let present = self.symbols.get(symbol).copied().unwrap_or(0);
        let mut abis = (self.machines.iter().enumerate())
            .filter(|(_, machine)| machine.split('-').next() == Some(arch))
            .map(|(index, _)| present >> index & 1 == 1)
            .peekable();
        abis.peek().is_some() && abis.all(|is_there| is_there)
    }

    /// Whether the list has an architecture.
    pub(super) fn knows(&self, arch: &str) -> bool {
        let mut machines = self.machines.iter();
        machines.any(|machine| machine.split('-').next() == Some(arch))
    }
}

/// Reads a list.
pub(super) fn read(bytes: &[u8]) -> Result<AbiList<'_>> {
    let mut rest = Rest(bytes);
    for _ in 0..rest.byte()? {
        rest.name()?;
    }
    for _ in 0..3 * usize::from(rest.byte()?) {
        rest.byte()?;
    }
    let mut machines = Vec::new();
    for _ in 0..rest.byte()? {
        machines.push(rest.name()?);
    }
    if machines.len() > 128 {
        bail!("{} machines, at most 128 are supported", machines.len());
    }
    let mut symbols: HashMap<&str, u128> = HashMap::new();
    let entries = u16::from_le_bytes([rest.byte()?, rest.byte()?]);
    let mut read = 0;
    while read < entries {
        let present = symbols.entry(rest.name()?).or_default();
        loop {
            read += 1;
            *present |= rest.set()?;
            let library = rest.byte()?;
            while rest.byte()? & LAST == 0 {}
            if library & LAST != 0 {
                break;
            }
        }
    }
    if read != entries {
        bail!("{read} entries instead of {entries}");
    }
    Ok(AbiList { machines, symbols })
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Result<u8> {
        let (first, rest) = self.0.split_first().context("the list ends early")?;
        self.0 = rest;
        Ok(*first)
    }

    fn name(&mut self) -> Result<&'a str> {
        let end = self.0.iter().position(|byte| *byte == 0);
        let (name, rest) = self.0.split_at(end.context("a name without an end")?);
        self.0 = &rest[1..];
        Ok(str::from_utf8(name)?)
    }

    fn set(&mut self) -> Result<u128> {
        let mut set = 0;
        for shift in (0..128).step_by(7) {
            let byte = self.byte()?;
            set |= u128::from(byte & 0x7f) << shift;
            if byte & LAST == 0 {
                return Ok(set);
            }
        }
        bail!("a set without an end")
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    /// Two libraries, one version, three machines; `kqueue` on all, `pipe` on the first and, by a
    /// second entry, the third.
    const LIST: &[u8] = b"\x02c\0m\0\x01\x01\x02\x03\x03arm-os-eabi\0arm-os-eabihf\0x86-os-none\0\
        \x03\0kqueue\0\x07\x80\x80pipe\0\x01\x00\x80\x04\x80\x00\x80";

    #[test]
    fn symbol_must_exist_with_all_abis_of_an_architecture() {
        let list = read(LIST).expect("the list is whole");
        assert!(list.has("kqueue", "arm") && list.has("kqueue", "x86"));
        assert!(list.has("pipe", "x86"));
        assert!(!list.has("pipe", "arm"), "only one of its two ABIs has it");
        assert!(!list.has("kqueue", "mips"), "the list has no such machine");
        assert!(!list.has("kqueue$UNIX2003", "x86"));
        assert!(list.knows("x86") && !list.knows("mips"));
    }

    #[test]
    fn truncated_list_is_an_error() {
        for end in 0..LIST.len() {
            assert!(read(&LIST[..end]).is_err(), "the first {end} bytes");
        }
    }

    #[test]
    fn set_may_have_several_bytes() {
        let mut list = b"\x01c\0\0\x08".to_vec();
        for machine in 0..8 {
            list.extend(format!("m{machine}-os\0").bytes());
        }
        list.extend(b"\x01\0f\0\x80\x01\x80\x80");
        let list = read(&list).expect("the list is whole");
        assert!(list.has("f", "m7") && !list.has("f", "m6"));
    }
}
