//! The version of Wine, if the tests run under Wine.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_void};

#[link(name = "kernel32")]
unsafe extern "system" {
    fn GetModuleHandleA(name: *const c_char) -> *mut c_void;
    fn GetProcAddress(module: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// Wine's major version; `None` on Windows.
///
/// Wine's ntdll exports `wine_get_version`, which returns a string such as `10.0`:
/// <https://gitlab.winehq.org/wine/wine/-/wikis/Developer-FAQ>.
pub(crate) fn version() -> Option<u32> {
    // SAFETY: the name is a string that ends in a NUL.
    let ntdll = unsafe { GetModuleHandleA(c"ntdll.dll".as_ptr()) };
    // SAFETY: ntdll.dll is loaded in every process and never unloaded, and the name ends in a NUL.
    let function = unsafe { GetProcAddress(ntdll, c"wine_get_version".as_ptr()) };
    if function.is_null() {
        return None;
    }
    // SAFETY: Wine declares it as `const char *CDECL wine_get_version(void)`, and a pointer to a
    // function has the size of one to data on Windows.
    let function =
        unsafe { std::mem::transmute::<*mut c_void, extern "C" fn() -> *const c_char>(function) };
    // SAFETY: the string is a constant of ntdll.dll.
    let version = unsafe { CStr::from_ptr(function()) };
    let version = version.to_str().unwrap();
    Some(version.split('.').next().unwrap().parse().unwrap())
}
