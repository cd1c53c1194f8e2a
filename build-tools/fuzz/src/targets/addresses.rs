//! Addresses from the kernel and for it.

use std::ffi::OsStr;
use std::mem::offset_of;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net;

use arbitrary::Unstructured;

use super::{below, number};
use crate::sys::unix::socket::{Internet, domain, from_internet, to_internet};
use crate::sys::unix::syscalls::socket::{Storage, zeroed};
use crate::sys::unix::uds::{from_unix, to_unix};

/// How many bytes of a Unix address are its name, at most.
const NAME: usize = size_of::<libc::sockaddr_un>() - offset_of!(libc::sockaddr_un, sun_path);

/// Checked: an address that std has survives both conversions; any bytes of the kernel give an
/// address with these bytes, or none.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    match below(&mut input, 4) {
        0 => internet(&mut input),
        1 => internet_from_kernel(&mut input),
        2 => unix(&mut input),
        _ => unix_from_kernel(&mut input),
    }
}

fn internet(input: &mut Unstructured<'_>) {
    let address: SocketAddr = if number(input) {
        SocketAddrV4::new(Ipv4Addr::from(number::<[u8; 4]>(input)), number(input)).into()
    } else {
        let ip = Ipv6Addr::from(number::<[u8; 16]>(input));
        SocketAddrV6::new(ip, number(input), number(input), number(input)).into()
    };
    let storage = storage_of(&to_internet(address));
    assert_eq!(
        libc::c_int::from(storage.address().ss_family),
        domain(address)
    );
    assert_eq!(from_internet(&storage).unwrap(), address);
}

/// The address as accept(2) would store it.
fn storage_of(address: &Internet) -> Storage<libc::sockaddr_storage> {
    let bytes = match address {
        Internet::V4(raw) => bytes_of(raw),
        Internet::V6(raw) => bytes_of(raw),
    };
    kernel_storage(&bytes)
}

#[allow(unsafe_code)]
fn bytes_of<T: Copy>(raw: &T) -> Vec<u8> {
    let first = (&raw const *raw).cast::<u8>();
    // SAFETY: the structures of `storage_of` are initialized, and they have no padding on Linux.
    unsafe { std::slice::from_raw_parts(first, size_of::<T>()) }.to_vec()
}

/// A structure whose first bytes the kernel wrote.
#[allow(unsafe_code)]
fn from_bytes<T: Copy>(zero: T, bytes: &[u8]) -> T {
    let mut raw = zero;
    let count = bytes.len().min(size_of::<T>());
    let first = (&raw mut raw).cast::<u8>();
    // SAFETY: `raw` has `count` bytes, and is a structure of integers: any bytes are a value of it.
    unsafe { first.copy_from_nonoverlapping(bytes.as_ptr(), count) };
    raw
}

fn kernel_storage(bytes: &[u8]) -> Storage<libc::sockaddr_storage> {
    let raw = from_bytes(zeroed::<libc::sockaddr_storage>(), bytes);
    let mut storage = Storage::new();
    storage.set(raw, bytes.len() as libc::socklen_t);
    storage
}

fn internet_from_kernel(input: &mut Unstructured<'_>) {
    let mut bytes = number::<[u8; 32]>(input);
    // Often a family that exists.
    match below(input, 4) {
        0 => bytes[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes()),
        1 => bytes[..2].copy_from_slice(&(libc::AF_INET6 as u16).to_ne_bytes()),
        _ => {}
    }
    let length = below(input, 33);
    let storage = kernel_storage(&bytes[..length]);
    let family = libc::c_int::from(storage.address().ss_family);
    match from_internet(&storage) {
        Ok(address) => {
            assert_eq!(domain(address), family);
            assert_eq!(
                from_internet(&storage_of(&to_internet(address))).unwrap(),
                address
            );
        }
        Err(error) => {
            assert!(family != libc::AF_INET && family != libc::AF_INET6);
            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        }
    }
}

/// The conversion of an address for the kernel, and back as the kernel would return it.
fn round_trip(address: &net::SocketAddr) -> Option<net::SocketAddr> {
    let converted = to_unix(address).unwrap();
    let bytes = bytes_of(&converted.raw);
    let bytes = &bytes[..converted.length];
    let raw = from_bytes(zeroed::<libc::sockaddr_un>(), bytes);
    let mut storage = Storage::new();
    storage.set(raw, bytes.len() as libc::socklen_t);
    from_unix(&storage)
}

fn same(one: &net::SocketAddr, other: &net::SocketAddr) -> bool {
    one.as_pathname() == other.as_pathname()
        && one.as_abstract_name() == other.as_abstract_name()
        && one.is_unnamed() == other.is_unnamed()
}

fn unix(input: &mut Unstructured<'_>) {
    let is_path = number::<bool>(input);
    let name = input.bytes(input.len()).unwrap_or_default();
    let address = if is_path {
        net::SocketAddr::from_pathname(OsStr::from_bytes(name))
    } else {
        net::SocketAddr::from_abstract_name(name)
    };
    // std refuses what does not fit.
    let Ok(address) = address else { return };
    let back = round_trip(&address).expect("an address of std is one afterwards");
    assert!(same(&address, &back), "{address:?} became {back:?}");
}

fn unix_from_kernel(input: &mut Unstructured<'_>) {
    let length = match number::<u8>(input) {
        // The kernel may return more than there was room for.
        255 => number::<u32>(input),
        length => length.into(),
    };
    let name = input.bytes(input.len()).unwrap_or_default();
    let mut bytes = (libc::AF_UNIX as u16).to_ne_bytes().to_vec();
    bytes.extend(name.iter().take(NAME));
    let mut storage = Storage::new();
    storage.set(from_bytes(zeroed::<libc::sockaddr_un>(), &bytes), length);
    let Some(address) = from_unix(&storage) else {
        return;
    };
    if let Some(path) = address.as_pathname() {
        let path = path.as_os_str().as_bytes();
        assert!(!path.contains(&0) && name.starts_with(path) && path.len() + 2 <= length as usize);
    } else if let Some(abstract_name) = address.as_abstract_name() {
        let counted = (length as usize).saturating_sub(2).min(NAME);
        assert_eq!(abstract_name.len() + 1, counted);
        assert_eq!(bytes.get(2).copied().unwrap_or(0), 0);
    } else {
        assert!(length as usize <= 2);
    }
    let back = round_trip(&address).expect("an address of std is one afterwards");
    assert!(same(&address, &back), "{address:?} became {back:?}");
}
