//! See `targets::poll_oneoff`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mio_fuzz::targets::poll_oneoff::run(data));
