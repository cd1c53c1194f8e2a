//! See `targets::afd`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mio_fuzz::targets::afd::run(data));
