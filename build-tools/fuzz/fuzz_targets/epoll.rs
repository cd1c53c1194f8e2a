//! See `targets::epoll`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mio_fuzz::targets::epoll::run(data));
