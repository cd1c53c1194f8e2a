//! See `targets::named_pipe`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mio_fuzz::targets::named_pipe::run(data));
