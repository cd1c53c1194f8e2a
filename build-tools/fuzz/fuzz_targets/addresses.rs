//! See `targets::addresses`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mio_fuzz::targets::addresses::run(data));
