//! AFD's selector on systems that have no AFD: all of it but the system calls, on a fake kernel.

#[path = "answer.rs"]
mod answer;
#[path = "base.rs"]
mod base;
#[path = "device.rs"]
mod device;
#[path = "fake_kernel_tests.rs"]
mod fake_kernel_tests;
#[path = "machine.rs"]
mod machine;
#[path = "masks.rs"]
mod masks;
#[path = "fake_platform_tests.rs"]
mod platform;
#[path = "poller.rs"]
mod poller;
#[path = "selector.rs"]
mod selector;
#[path = "shared.rs"]
mod shared;
#[path = "source.rs"]
mod source;
#[path = "waker.rs"]
mod waker;

use platform::syscall;

#[path = "fake_refusal_tests.rs"]
mod fake_refusal_tests;
#[path = "fake_tests.rs"]
mod fake_tests;
#[path = "random_tests.rs"]
mod random_tests;
