//! Server-sent events (the HTML standard, section 9.2), out of the pieces in which they come.

use std::mem;

use memchr::memchr2;

use super::error::FeedError;

/// The most that an event may have, in bytes. One of ours has a quarter of that at most.
const LARGEST: usize = 256 * 1024;

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) data: String,
    /// Where to go on after this event, if it says so.
    pub(super) id: Option<String>,
}

/// Reads events.
#[derive(Default)]
pub(super) struct Events {
    /// The beginning of a line whose end has not come yet.
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed after it belongs to it.
    after_return: bool,
    event: Event,
    has_data: bool,
}

impl Events {
    /// The events that end within this piece.
    pub(super) fn read(&mut self, mut piece: &[u8]) -> Result<Vec<Event>, FeedError> {
        let mut events = Vec::new();
        while !piece.is_empty() {
            if mem::take(&mut self.after_return)
                && let Some(rest) = piece.strip_prefix(b"\n")
            {
                piece = rest;
                continue;
            }
            let Some((line, [end, rest @ ..])) =
                memchr2(b'\n', b'\r', piece).and_then(|end| piece.split_at_checked(end))
            else {
                self.extend(piece)?;
                break;
            };
            self.after_return = *end == b'\r';
            self.extend(line)?;
            events.extend(self.end_line()?);
            piece = rest;
        }
        Ok(events)
    }

    fn extend(&mut self, piece: &[u8]) -> Result<(), FeedError> {
        if self.line.len() + self.event.data.len() + piece.len() > LARGEST {
            return Err(FeedError::EventTooLarge);
        }
        self.line.extend_from_slice(piece);
        Ok(())
    }

    /// The event that this line ends, as an empty one does.
    fn end_line(&mut self) -> Result<Option<Event>, FeedError> {
        let line = mem::take(&mut self.line);
        let line = str::from_utf8(&line).map_err(|_| FeedError::BadEvent)?;
        if line.is_empty() {
            let event = mem::take(&mut self.event);
            return Ok(mem::take(&mut self.has_data).then_some(event));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "id" => self.event.id = Some(value.to_owned()),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            // A comment, advice on when to come back, or what is not known yet.
            _ => (),
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str, id: Option<&str>) -> Event {
        Event { name: name.into(), data: data.into(), id: id.map(str::to_owned) }
    }

    #[test]
    fn events_are_the_same_however_they_are_cut_and_however_lines_end() {
        let told = "event: told\nid: a-1\ndata: {\"one\":\ndata:2}\n\n";
        let text = format!(": hello\nretry: 5\n\n{told}data\nother\n\nid: lost\n\nevent: x\n");
        let expected = [event("told", "{\"one\":\n2}", Some("a-1")), event("", "", None)];
        for line_end in ["\n", "\r", "\r\n"] {
            let text = text.replace('\n', line_end);
            for size in 1..text.len() {
                let mut events = Events::default();
                let read: Vec<_> = text.as_bytes().chunks(size).flat_map(|piece| events.read(piece).unwrap()).collect();
                assert_eq!(read, expected, "{size} {line_end:?}");
            }
        }
    }

    #[test]
    fn what_is_too_large_or_not_text_is_an_error() {
        for endless in ["data: x\n", "x"] {
            let piece = endless.repeat(10_000);
            let mut events = Events::default();
            let failed = (0..40).find_map(|_| events.read(piece.as_bytes()).err());
            assert!(matches!(failed, Some(FeedError::EventTooLarge)), "{endless:?}");
        }
        assert!(matches!(Events::default().read(b"data: \xff\n"), Err(FeedError::BadEvent)));
    }
}
