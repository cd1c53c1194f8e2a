//! What each operation does to the pipe, its client and the driver.

use super::*;

impl World {
    /// Does one operation, and checks what it returns.
    pub(super) fn step(&mut self, op: &Op) -> Result<(), String> {
        match *op {
            Register(bits) => {
                let bits = if bits & 3 == 0 { 1 } else { bits & 3 };
                self.last_token += 1;
                let token = Token(self.last_token);
                let is_connected = matches!(self.driver.phase, Phase::Connected | Phase::Closing);
                self.state
                    .register(&mut self.driver, token, interest_of(bits), is_connected);
                // A connect in flight decides.
                self.is_known |= is_connected && self.connecting.is_none();
                self.registered = Some((token, bits));
                self.directions = [Direction {
                    waits: true,
                    has_changed: true,
                    is_due: false,
                }; 2];
            }
            Deregister => {
                if self.state.deregister() != self.registered.take().is_some() {
                    return Err("`deregister` returned the contrary".into());
                }
                for direction in &mut self.directions {
                    direction.is_due = false;
                }
            }
            Connect => {
                let is_first = self.connecting.is_none();
                match self.state.connect(&mut self.driver) {
                    Ok(()) => {
                        self.is_known = true;
                        self.owes_read_error = false;
                        self.directions[1].waits = true;
                        // The caller knows of the client.
                        for direction in &mut self.directions {
                            direction.is_due = false;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        if is_first {
                            self.connecting = Some(self.driver.last_serial);
                            self.is_known = false;
                            self.owes_read_error = false;
                        }
                    }
                    Err(_) => {}
                }
                self.changed();
            }
            Disconnect => {
                if self.driver.phase == Phase::Disconnected {
                    return Ok(());
                }
                self.driver.phase = Phase::Disconnected;
                self.driver.inbound.clear();
                self.driver.outbound.clear();
                self.driver.end(None, OpErrorKind::Other);
                self.state.disconnected(&mut self.driver, 233);
                self.connecting = None;
                self.owes_read_error |= self.has_input;
                self.reset();
                // An event wakes every waiter.
                for direction in &mut self.directions {
                    (direction.waits, direction.is_due) = (false, false);
                }
                if let Some((_, interest)) = self.registered {
                    if !self.state.has_ready() {
                        return Err(format!("`disconnect` made no event for {interest}"));
                    }
                }
            }
            Read(size, until_blocked) => self.read(size.clamp(1, 100), until_blocked)?,
            Write(len) => self.write(len.clamp(1, 3 * QUOTA))?,
            ClientOpens => {
                if self.driver.phase == Phase::Listening {
                    self.driver.phase = Phase::Connected;
                    self.driver.advance();
                }
            }
            ClientWrites(len) => {
                if self.driver.phase == Phase::Connected && self.driver.inbound.len() < QUOTA {
                    for _ in 0..len.clamp(1, QUOTA) {
                        let byte = self.byte(self.sent);
                        self.driver.inbound.push_back(byte);
                        self.sent += 1;
                    }
                    self.driver.advance();
                }
            }
            ClientReads(len) => {
                let len = len.min(self.driver.outbound.len());
                for _ in 0..len {
                    let byte = self.driver.outbound.pop_front();
                    if !self.is_broken && byte != Some(self.byte(self.received)) {
                        return Err(format!("the client reads a wrong byte {byte:?}"));
                    }
                    self.received += 1;
                }
                self.driver.advance();
            }
            ClientCloses => {
                if self.driver.phase == Phase::Connected {
                    self.driver.phase = Phase::Closing;
                    self.driver.outbound.clear();
                    self.driver.advance();
                }
            }
            Deliver(index) => {
                let count = self.driver.packets.len();
                if count != 0 {
                    self.deliver(index % count);
                }
            }
            DeliverLast => {
                let count = self.driver.packets.len();
                self.deliver(count.saturating_sub(1));
            }
            Abort(is_write) => self.end_pending(is_write, OpErrorKind::Aborted),
            Fail(is_write) => self.end_pending(is_write, OpErrorKind::Other),
            Op::Poll => self.poll()?,
        }
        Ok(())
    }
}
