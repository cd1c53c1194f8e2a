//! Handles of AFD, by which polls are started.
//!
//! What is in flight on one handle is a list in the kernel, through which cancelling goes. So a handle serves a limited number
//! of sources.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::sync::{Arc, Weak};

use super::syscall;
use crate::sys::iocp::{Attached, Attachment, Port, Round};

/// How many sources one handle serves.
const FULL: usize = 32;

/// One handle, associated with the port.
#[derive(Debug)]
pub(super) struct Device {
    handle: OwnedHandle,
    attachment: Attachment,
}

impl Device {
    fn open(port: &Arc<Port>) -> io::Result<Arc<Device>> {
        let handle = syscall::open().map_err(no_device)?;
        port.associate(handle.as_handle())?;
        syscall::signal_no_handle(handle.as_handle());
        Ok(Arc::new_cyclic(|device: &Weak<Device>| Device {
            handle,
            attachment: port.attach(device.clone()),
        }))
    }

    /// By which `Devices` knows it.
    pub(super) fn number(&self) -> usize {
        self.attachment.number()
    }
}

impl AsHandle for Device {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

impl Attached for Device {
    fn noticed(&self, _: &mut Round<'_>) {}

    fn abandon(&self) {
        syscall::cancel_all(self.as_handle());
    }
}

/// All handles of one selector. What is in flight keeps its handle besides.
#[derive(Debug, Default)]
pub(super) struct Devices {
    all: HashMap<usize, Users>,
    /// Those that can serve more.
    with_room: Vec<usize>,
}

#[derive(Debug)]
struct Users {
    device: Arc<Device>,
    count: usize,
}

impl Devices {
    /// A handle for one more source.
    pub(super) fn take(&mut self, port: &Arc<Port>) -> io::Result<Arc<Device>> {
        if let Some(number) = self.with_room.last() {
            if let Some(users) = self.all.get_mut(number) {
                users.count += 1;
                if users.count >= FULL {
                    self.with_room.pop();
                }
                return Ok(Arc::clone(&users.device));
            }
        }
        let device = Device::open(port)?;
        let number = device.number();
        let users = Users {
            device: Arc::clone(&device),
            count: 1,
        };
        self.all.insert(number, users);
        self.with_room.push(number);
        Ok(device)
    }

    /// A source needs its handle no more. One handle with room is kept when nobody needs it.
    pub(super) fn give_back(&mut self, number: usize) {
        let Some(users) = self.all.get_mut(&number) else {
            return;
        };
        if users.count >= FULL {
            self.with_room.push(number);
        }
        users.count = users.count.saturating_sub(1);
        if users.count == 0 && self.with_room.len() > 1 {
            self.with_room.retain(|other| *other != number);
            self.all.remove(&number);
        }
    }
}

#[cfg(test)]
impl Devices {
    /// How many handles are open.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

/// AFD could not be opened: the system's message would not say what it is about.
#[derive(Debug)]
struct NoDevice(io::Error);

impl fmt::Display for NoDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot open \\Device\\Afd: {}", self.0)
    }
}

impl Error for NoDevice {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn no_device(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), NoDevice(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// old versions of Wine said only that a file was not found.
    #[test]
    fn an_error_says_that_it_is_about_afd() {
        // ERROR_FILE_NOT_FOUND.
        let error = no_device(io::Error::from_raw_os_error(2));
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("Afd"), "{error}");
        let inner = error.get_ref().and_then(|error| error.source());
        let inner = inner.and_then(|error| error.downcast_ref::<io::Error>());
        assert_eq!(inner.and_then(io::Error::raw_os_error), Some(2));
    }
}
