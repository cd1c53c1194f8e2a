//! See `targets::posix_poll`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mio_fuzz::targets::posix_poll::run(data));
