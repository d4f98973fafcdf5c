//! Cutting a file into its records, whatever its size: lines, or the elements of one array.

use std::io::{self, BufRead};

/// The longest record that is read, in bytes. A user takes a few hundred.
pub(super) const RECORD_MAX: usize = 64 * 1024;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A part of the file that should be one JSON value.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The line that it begins in, from 1.
    pub(super) line: u64,
    /// Which one of the file it is, from 1.
    pub(super) number: u64,
    /// What it is, as far as it is not too long.
    pub(super) text: Vec<u8>,
    /// It is longer than [`RECORD_MAX`].
    pub(super) is_too_long: bool,
}

/// The records of a file, one after the other. Never more than one is held.
#[derive(Debug)]
pub(super) struct Records<R> {
    source: R,
    form: Form,
    /// The byte read last, and the line it stands in.
    last: u8,
    line: u64,
    /// How many records have been read.
    count: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Nothing but blanks has been read.
    Unknown,
    Lines,
    Array,
    /// The array has ended, and with it what is looked at.
    Ended,
}

/// Where in a JSON value a byte stands.
#[derive(Debug, Default)]
struct Place {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
}

impl Place {
    fn is_outermost(&self) -> bool {
        self.depth == 0 && !self.in_string
    }

    fn pass(&mut self, byte: u8) {
        if self.in_string {
            self.in_string = self.is_escaped || byte != b'"';
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => (),
        }
    }
}

impl<R: BufRead> Records<R> {
    pub(super) fn of(source: R) -> Self {
        Self { source, form: Form::Unknown, last: 0, line: 1, count: 0 }
    }

    /// The next record that is not blank; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        let mut record = Record::default();
        let mut place = Place::default();
        while self.form != Form::Ended
            && let Some(byte) = self.byte()?
        {
            if self.form == Form::Unknown {
                match byte {
                    _ if byte.is_ascii_whitespace() || BYTE_ORDER_MARK.contains(&byte) => continue,
                    b'[' => {
                        self.form = Form::Array;
                        continue;
                    }
                    _ => self.form = Form::Lines,
                }
            }
            if self.is_end(byte, &place) {
                if byte == b']' {
                    self.form = Form::Ended;
                }
                if !record.text.is_empty() {
                    return Ok(Some(self.counted(record)));
                }
            } else if !record.text.is_empty() || !byte.is_ascii_whitespace() {
                place.pass(byte);
                record.push(byte, self.line);
            }
        }
        Ok((!record.text.is_empty()).then(|| self.counted(record)))
    }

    fn counted(&mut self, record: Record) -> Record {
        self.count += 1;
        Record { number: self.count, ..record }
    }

    /// Whether a record ends before this byte.
    fn is_end(&self, byte: u8, place: &Place) -> bool {
        match self.form {
            Form::Array => place.is_outermost() && matches!(byte, b',' | b']'),
            _ => byte == b'\n',
        }
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        let Some(byte) = self.source.fill_buf()?.first().copied() else { return Ok(None) };
        self.source.consume(1);
        self.line += u64::from(self.last == b'\n');
        self.last = byte;
        Ok(Some(byte))
    }
}

impl Record {
    fn push(&mut self, byte: u8, line: u64) {
        if self.text.is_empty() {
            self.line = line;
        }
        self.is_too_long |= self.text.len() == RECORD_MAX;
        if !self.is_too_long {
            self.text.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(file: &[u8]) -> Vec<(u64, String)> {
        let mut records = Records::of(file);
        let mut all = Vec::new();
        while let Some(record) = records.next().unwrap() {
            assert!(!record.is_too_long);
            all.push((record.line, String::from_utf8(record.text).unwrap().trim_end().to_owned()));
        }
        all
    }

    fn of(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
        expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect()
    }

    #[test]
    fn a_file_is_cut_at_its_lines() {
        assert_eq!(
            records(b"{\"a\":1}\n\n  {}\r\nnonsense [,]"),
            of(&[(1, "{\"a\":1}"), (3, "{}"), (4, "nonsense [,]")])
        );
        assert_eq!(records("\u{feff}\n{}\n".as_bytes()), of(&[(2, "{}")]));
        for nothing in ["", "\n", " \n\t\n", "[]", "[\n]", "[,]"] {
            assert_eq!(records(nothing.as_bytes()), [], "{nothing:?}");
        }
    }

    #[test]
    fn or_at_the_elements_of_its_array() {
        let file = br#"
            [{"a": "],[{\"\\"}, {"b": [1, {"c": "]"}]}, 7,
            "x,]",
            {}] {"behind": "the end"}"#;
        let expected =
            [(2, r#"{"a": "],[{\"\\"}"#), (2, r#"{"b": [1, {"c": "]"}]}"#), (2, "7"), (3, r#""x,]""#), (4, "{}")];
        assert_eq!(records(file), of(&expected));
        assert_eq!(records(b"[{\"cut\": \"of"), of(&[(1, "{\"cut\": \"of")]));
    }

    #[test]
    fn what_is_too_long_is_passed_over_and_never_held() {
        for (begin, between, end) in [("", "\n", ""), ("[", ",", "]")] {
            let file = format!("{begin}\"{}\"{between}{{}}{end}", "x".repeat(10 * RECORD_MAX));
            let mut records = Records::of(file.as_bytes());
            let long = records.next().unwrap().unwrap();
            assert!(long.is_too_long && long.text.len() == RECORD_MAX);
            assert_eq!(records.next().unwrap().unwrap().text, b"{}");
            assert!(records.next().unwrap().is_none());
        }
    }
}
