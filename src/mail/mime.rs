//! Text in the forms that mail has for it. What comes out is ASCII, whatever goes in, and never breaks a line that the
//! caller did not break.

use base64::{Engine, engine::general_purpose::STANDARD};

/// The longest line of a body, without its end (RFC 5322 section 2.1.1).
const LONGEST_LINE: usize = 998;

/// The longest line of a quoted-printable body (RFC 2045 section 6.7).
const LONGEST_QUOTED_LINE: usize = 76;

/// What of an encoded word is left for text: 75 characters without `=?utf-8?B?` and `?=`, as bytes before base64.
const ENCODED_WORD_BYTES: usize = 45;

/// A mailbox in a header: `"Notes" <a@b.example>`.
pub(super) fn mailbox(name: Option<&str>, address: &str) -> String {
    match name {
        None => format!("<{address}>"),
        Some(name) if is_printable(name) => {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            format!("\"{quoted}\" <{address}>")
        }
        Some(name) => format!("{} <{address}>", encoded_words(name)),
    }
}

/// Text in a header such as `Subject`.
pub(super) fn unstructured(text: &str) -> String {
    // What looks like an encoded word would be read as one.
    if is_printable(text) && !text.contains("=?") { text.to_owned() } else { encoded_words(text) }
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|c| matches!(c, b' '..=b'~'))
}

/// RFC 2047, in as many words as it takes, each on a line of its own.
fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if word.len() + c.len_utf8() > ENCODED_WORD_BYTES {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let encoded = words.iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
    encoded.collect::<Vec<_>>().join("\r\n ")
}

/// A body with its transfer encoding: as it is where that can be, else quoted-printable. Its lines end with CRLF.
pub(super) fn body(text: &str) -> (&'static str, String) {
    let plain = |line: &str| line.len() <= LONGEST_LINE && line.bytes().all(|c| matches!(c, b'\t' | b' '..=b'~'));
    let is_plain = text.lines().all(plain);
    let encode = |line: &str| if is_plain { line.to_owned() } else { quoted(line) };
    let body: String = text.lines().map(|line| encode(line) + "\r\n").collect();
    (if is_plain { "7bit" } else { "quoted-printable" }, body)
}

/// A line in quoted-printable.
fn quoted(line: &str) -> String {
    let mut quoted = String::new();
    let mut width = 0;
    for (index, byte) in line.bytes().enumerate() {
        let ends_line = index + 1 == line.len();
        let is_plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || (matches!(byte, b'\t' | b' ') && !ends_line);
        let piece = if is_plain { char::from(byte).to_string() } else { format!("={byte:02X}") };
        // One place is kept for the mark that the line goes on.
        if width + piece.len() > LONGEST_QUOTED_LINE - 1 {
            quoted.push_str("=\r\n");
            width = 0;
        }
        width += piece.len();
        quoted.push_str(&piece);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_or_encoded() {
        assert_eq!(mailbox(None, "a@b.c"), "<a@b.c>");
        assert_eq!(mailbox(Some("Notes, \"Inc\""), "a@b.c"), "\"Notes, \\\"Inc\\\"\" <a@b.c>");
        assert_eq!(mailbox(Some("Büro"), "a@b.c"), "=?utf-8?B?QsO8cm8=?= <a@b.c>");
    }

    #[test]
    fn no_header_holds_a_line_break_that_goes_on_unindented() {
        for text in ["a\r\nBcc: x@y.z", "a\nb", "ü\r\nBcc: x", &"ü".repeat(200), "=?utf-8?Q?x?="] {
            let header = unstructured(text);
            assert!(header.split("\r\n ").all(|line| is_printable(line) && line.len() <= 75), "{header}");
            assert!(header.starts_with("=?utf-8?B?"));
        }
        assert_eq!(unstructured("Confirm your address"), "Confirm your address");
    }

    #[test]
    fn a_body_stays_readable_where_it_can() {
        let (encoding, plain) = body("one\ntwo = 2\n\n-- \n");
        assert_eq!((encoding, plain.as_str()), ("7bit", "one\r\ntwo = 2\r\n\r\n-- \r\n"));
        let (encoding, quoted) = body("Žofie = 1 \n");
        assert_eq!((encoding, quoted.as_str()), ("quoted-printable", "=C5=BDofie =3D 1=20\r\n"));
        let (encoding, long) = body(&"x".repeat(999));
        assert_eq!(encoding, "quoted-printable");
        assert!(long.split("\r\n").all(|line| line.len() <= LONGEST_QUOTED_LINE));
        assert_eq!(long.replace("=\r\n", "").trim_end(), "x".repeat(999));
    }
}
