//! See `targets::schedules`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mio_fuzz::targets::schedules::named_pipe(data));
