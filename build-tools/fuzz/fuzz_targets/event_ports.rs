//! See `targets::event_ports`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mio_fuzz::targets::event_ports::run(data));
