//! The files of `src/sys/windows`.

#[path = "../../../src/sys/windows/afd/mod.rs"]
pub(crate) mod afd;
#[path = "../../../src/sys/windows/event.rs"]
pub(crate) mod event;
#[path = "../../../src/sys/windows/ntstatus.rs"]
pub(crate) mod ntstatus;
#[path = "../../../src/sys/windows/winsock.rs"]
mod winsock;

use crate::testing::windows as platform;
