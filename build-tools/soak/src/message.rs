//! Messages: a header of 8 bytes, and a payload that depends on the sequence number, so that each
//! byte of a reply is checked.

/// The length of a header.
pub(crate) const HEADER: usize = 8;
/// The longest payload. It exceeds a pipe's buffer, and two messages exceed a socket's.
pub(crate) const LONGEST: usize = 160 * 1024;

const MARK: u8 = 0xa5;

/// What the server does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Echo,
    /// Closes the connection after the reply.
    Close,
    /// Closes the connection without a reply.
    Drop,
    /// Resets the connection without a reply.
    Reset,
}

impl Command {
    fn read(byte: u8) -> Option<Command> {
        let all = [Command::Echo, Command::Close, Command::Drop, Command::Reset];
        all.into_iter().find(|command| *command as u8 == byte)
    }
}

/// A message on its way: what was sent of it, and what came back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    header: [u8; HEADER],
    sequence: u16,
    payload: usize,
    pub(crate) sent: usize,
    pub(crate) received: usize,
    pub(crate) command: Command,
}

/// The bytes of all payloads: byte `n` of message `s` is `s + n`.
pub(crate) struct Pattern(Vec<u8>);

impl Pattern {
    pub(crate) fn new() -> Pattern {
        Pattern((0..LONGEST + 256).map(|byte| byte as u8).collect())
    }
}

impl Message {
    pub(crate) fn new(sequence: u16, payload: usize, command: Command) -> Message {
        let [low, high] = sequence.to_le_bytes();
        let [a, b, c, d] = (payload as u32).to_le_bytes();
        Message {
            header: [MARK, command as u8, low, high, a, b, c, d],
            sequence,
            payload,
            sent: 0,
            received: 0,
            command,
        }
    }

    pub(crate) fn len(&self) -> usize {
        HEADER + self.payload
    }

    pub(crate) fn is_sent(&self) -> bool {
        self.sent == self.len()
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.received == self.len()
    }

    /// The bytes that are left to send: of the header, and of the payload.
    pub(crate) fn rest<'a>(&'a self, pattern: &'a Pattern) -> [&'a [u8]; 2] {
        let header = self.header.get(self.sent..).unwrap_or_default();
        let payload = self.payload(self.sent.saturating_sub(HEADER), pattern);
        [header, payload]
    }

    fn payload<'a>(&self, from: usize, pattern: &'a Pattern) -> &'a [u8] {
        let start = usize::from(self.sequence as u8);
        &pattern.0[start + from..start + self.payload]
    }

    /// Takes bytes of the reply. An error if they are not those that were sent.
    pub(crate) fn receive(&mut self, mut data: &[u8], pattern: &Pattern) -> Result<(), String> {
        if self.received < HEADER {
            let count = data.len().min(HEADER - self.received);
            let expected = &self.header[self.received..self.received + count];
            if &data[..count] != expected {
                return Err(format!(
                    "header {:?} in place of {expected:?}",
                    &data[..count]
                ));
            }
            self.received += count;
            data = &data[count..];
        }
        if data.is_empty() {
            return Ok(());
        }
        let rest = self.payload(self.received - HEADER, pattern);
        match rest.get(..data.len()) {
            Some(expected) if expected == data => {
                self.received += data.len();
                Ok(())
            }
            Some(_) => Err(format!("wrong bytes after byte {}", self.received)),
            None => Err(format!(
                "{} bytes more than were sent",
                data.len() - rest.len()
            )),
        }
    }
}

/// Finds the messages in a stream of bytes.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    header: [u8; HEADER],
    count: usize,
    payload: usize,
}

impl Parser {
    /// Takes bytes up to the end of a message at most. Returns the number, and the command: of
    /// messages without a reply after their header, of others after their last byte.
    pub(crate) fn read(&mut self, data: &[u8]) -> Result<(usize, Option<Command>), String> {
        let mut used = 0;
        if self.count < HEADER {
            used = data.len().min(HEADER - self.count);
            self.header[self.count..self.count + used].copy_from_slice(&data[..used]);
            self.count += used;
            if self.count < HEADER {
                return Ok((used, None));
            }
            let [mark, _, _, _, a, b, c, d] = self.header;
            self.payload = u32::from_le_bytes([a, b, c, d]) as usize;
            if mark != MARK || self.payload > LONGEST {
                return Err(format!("no header: {:?}", self.header));
            }
        }
        let command = Command::read(self.header[1]);
        let command = command.ok_or_else(|| format!("no command: {:?}", self.header))?;
        if matches!(command, Command::Drop | Command::Reset) {
            return Ok((used, Some(command)));
        }
        let count = self.payload.min(data.len() - used);
        self.payload -= count;
        used += count;
        if self.payload > 0 {
            return Ok((used, None));
        }
        self.count = 0;
        Ok((used, Some(command)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, HEADER, Message, Parser, Pattern};

    fn bytes(message: &Message, pattern: &Pattern) -> Vec<u8> {
        let mut message = *message;
        let mut all = Vec::new();
        while !message.is_sent() {
            let rest = message.rest(pattern).concat();
            let count = rest.len().min(3);
            all.extend_from_slice(&rest[..count]);
            message.sent += count;
        }
        all
    }

    #[test]
    fn stream_is_split_into_messages() {
        let pattern = Pattern::new();
        let messages = [
            Message::new(700, 10, Command::Echo),
            Message::new(1, 0, Command::Close),
            Message::new(2, 5, Command::Reset),
        ];
        let stream: Vec<u8> = messages
            .iter()
            .flat_map(|one| bytes(one, &pattern))
            .collect();
        for size in 1..stream.len() {
            let mut parser = Parser::default();
            let mut found = Vec::new();
            for mut part in stream.chunks(size) {
                while !part.is_empty() && found.len() < 3 {
                    let (used, command) = parser.read(part).unwrap();
                    found.extend(command);
                    part = &part[used..];
                }
            }
            assert_eq!(found, [Command::Echo, Command::Close, Command::Reset]);
        }
        assert!(Parser::default().read(&[0; HEADER]).is_err());
    }

    #[test]
    fn wrong_reply_is_an_error() {
        let pattern = Pattern::new();
        let message = Message::new(300, 100, Command::Echo);
        let mut reply = bytes(&message, &pattern);
        for size in 1..reply.len() {
            let mut message = message;
            for part in reply.chunks(size) {
                message.receive(part, &pattern).unwrap();
            }
            assert!(message.is_complete());
            assert!(message.receive(&[0], &pattern).is_err());
        }
        for wrong in [3, HEADER, HEADER + 50, HEADER + 99] {
            reply[wrong] ^= 1;
            let mut message = message;
            assert!(message.receive(&reply, &pattern).is_err());
            reply[wrong] ^= 1;
        }
    }
}
