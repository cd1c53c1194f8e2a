//! See `targets::kqueue`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mio_fuzz::targets::kqueue::run(data));
