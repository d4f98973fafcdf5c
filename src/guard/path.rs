//! The judge of paths: whether a path is spelled in the one way that everybody reads alike.
//!
//! A guard sees a path before the router behind it does, and often before a proxy, a file server or another
//! program reads it once more. Each of them may decode escapes, collapse slashes or walk up dots, each in its own way.
//! So a path that could be read in two ways must not gain anything by it. Two things follow.
//!
//! **A path that is not in normal form is never public and never optional**, whatever rule it meets. In normal form a
//! path starts with `/`, holds visible ASCII only, no `\`, no empty segment but the last, no segment `.` or `..` (with
//! or without `;parameters`), and every escape in it decodes, to UTF-8, and not to `/`, `\`, `.`, `%` or a control
//! character. This is what makes an exclusion fail closed: no spelling of a protected path is ever excluded. The `*`
//! of `OPTIONS *` and the empty path of `CONNECT` are not in normal form either.
//!
//! **No spelling weakens a rule.** If `/admin` asks for a scope, then `//admin`, `/%61dmin` and `/x/../admin` must not
//! get by with less because no rule matches them as they are written. So a path that has an escape, or is not in normal
//! form, is looked up in every way it could be read, as it is, decoded, walked up, and both, and the request has to
//! meet all the rules found. Escapes are decoded until none is left, since whoever reads the path may decode it again.
//! A harmless escape, as in `/users/J%C3%BCrgen`, finds the same rule both ways and so changes nothing.

/// A path and what it might mean.
#[derive(Debug)]
pub(crate) struct Spelling<'a> {
    raw: &'a str,
    normal: bool,
    others: Vec<String>,
}

impl<'a> Spelling<'a> {
    /// Judges a path as it came in the request line. Takes time proportional to its length.
    pub(crate) fn of(raw: &'a str) -> Self {
        let tidy = is_tidy(raw);
        if tidy && !raw.contains('%') {
            return Self { raw, normal: true, others: Vec::new() };
        }
        let (decoded, harmless) = decode(raw);
        // An escaped semicolon makes dots of a segment, or nothing, only once it is decoded.
        if tidy && harmless && is_straight(&decoded) {
            return Self { raw, normal: true, others: vec![decoded] };
        }
        let others = vec![walk(raw), walk(&decoded), decoded];
        Self { raw, normal: false, others }
    }

    /// Whether everybody reads this path alike.
    pub(crate) fn is_normal(&self) -> bool {
        self.normal
    }

    /// Every way to read it, as it is written first.
    pub(crate) fn readings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.raw).chain(self.others.iter().map(String::as_str))
    }
}

/// The ways in which a request in normal form can spell the fixed parts of this pattern, or `None` if it cannot.
///
/// An escape in a pattern has to be one that a client must write so: of a space or of a byte outside ASCII. Any other
/// character has a second spelling, which the pattern would have to cover too.
pub(crate) fn pattern_spellings(pattern: &str) -> Option<Vec<String>> {
    let (decoded, harmless) = decode(pattern);
    let plain = |text: &str| text.bytes().filter(u8::is_ascii_graphic).count();
    let escapes = pattern.matches('%').count();
    let only_needed = plain(pattern) == plain(&decoded) + 3 * escapes;
    if !is_tidy(pattern) || !harmless || !only_needed {
        return None;
    }
    if escapes == 0 { Some(vec![decoded]) } else { Some(vec![pattern.to_owned(), decoded]) }
}

/// Whether the path is in normal form but for its escapes.
fn is_tidy(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') && is_straight(path)
}

/// Whether every segment leads one step down, but for the last, which may be empty.
fn is_straight(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let (directories, last) = rest.rsplit_once('/').map_or((None, rest), |(front, last)| (Some(front), last));
    (last.is_empty() || Step::of(last) == Step::Down)
        && directories.is_none_or(|front| front.split('/').all(|segment| Step::of(segment) == Step::Down))
}

/// Decodes escapes until none is left, and tells whether all of them were harmless.
///
/// A decoded byte can complete another escape, so the end of the output is looked at after every byte. Every decoding
/// makes the text shorter, so this ends, and in linear time.
fn decode(raw: &str) -> (String, bool) {
    let mut bytes = Vec::with_capacity(raw.len());
    let is_escape =
        |at| raw.as_bytes().get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    let mut harmless = raw.match_indices('%').all(|(at, _)| is_escape(at));
    for byte in raw.bytes() {
        bytes.push(byte);
        while let Some((rest, decoded)) = last_escape(&bytes) {
            harmless &= !matches!(decoded, b'/' | b'\\' | b'.' | b'%');
            bytes.truncate(rest);
            bytes.push(decoded);
        }
    }
    let text = String::from_utf8(bytes).unwrap_or_else(|error| {
        harmless = false;
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    });
    harmless &= !text.contains(char::is_control);
    (text, harmless)
}

/// The escape that these bytes end with: how many bytes stand before it, and what it decodes to.
fn last_escape(bytes: &[u8]) -> Option<(usize, u8)> {
    let [rest @ .., b'%', high, low] = bytes else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((rest.len(), digit(*high)? << 4 | digit(*low)?))
}

/// Where the path leads to once empty segments and dots are walked.
fn walk(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split(['/', '\\']) {
        match Step::of(segment) {
            Step::Down => segments.push(segment),
            Step::Up => _ = segments.pop(),
            Step::Stay => {}
        }
    }
    let end = if path.ends_with(['/', '\\']) || segments.is_empty() { "/" } else { "" };
    let length = path.len() + 1;
    segments.iter().fold(String::with_capacity(length), |text, segment| text + "/" + segment) + end
}

/// What a segment does to one who walks a path.
#[derive(PartialEq, Eq)]
enum Step {
    Down,
    Up,
    Stay,
}

impl Step {
    fn of(segment: &str) -> Self {
        match segment.as_bytes() {
            [] | [b';', ..] | [b'.'] | [b'.', b';', ..] => Self::Stay,
            [b'.', b'.'] | [b'.', b'.', b';', ..] => Self::Up,
            _ => Self::Down,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_normal(path: &str) -> bool {
        Spelling::of(path).is_normal()
    }

    #[test]
    fn a_plain_path_is_normal_and_has_one_reading() {
        for path in ["/", "/a", "/a/", "/a/b.c", "/.well-known/x", "/...", "/a..b", "/a;v=1", "/a~!$&'()*+,=:@"] {
            let spelling = Spelling::of(path);
            assert!(spelling.is_normal(), "{path}");
            assert_eq!(spelling.readings().collect::<Vec<_>>(), [path]);
        }
    }

    #[test]
    fn a_harmless_escape_is_normal_and_has_two_readings() {
        let spelling = Spelling::of("/users/J%C3%BCrgen%20x");
        assert!(spelling.is_normal());
        assert_eq!(spelling.readings().collect::<Vec<_>>(), ["/users/J%C3%BCrgen%20x", "/users/Jürgen x"]);
    }

    #[test]
    fn whatever_could_be_read_in_two_ways_is_not_normal() {
        let odd = [
            "",
            "*",
            "a",
            "//",
            "//a",
            "/a//",
            "/a//b",
            "/.",
            "/..",
            "/./a",
            "/a/.",
            "/a/..",
            "/a/../b",
            "/a/./b",
            "/a/..;x/b",
            "/a/.;x/b",
            "/;x/a",
            "/a\\b",
            "/\\a",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/%2e",
            "/%2e%2e/a",
            "/x%2Etxt",
            "/a%25",
            "/%252e",
            "/a%",
            "/a%4",
            "/a%zz",
            "/a%+1",
            "/a%00",
            "/a%0a",
            "/a%7f",
            "/a%C2%85",
            "/a%ff",
            "/a%c0%af",
            "/a\u{fc}",
            "/a\u{7}",
            "/a b",
            "/%%32%65",
            "/a%2%61",
            "/a%%32a",
            "/%3B/a",
            "/a/..%3Bx/b",
            "/a/.%3b",
        ];
        for path in odd {
            assert!(!is_normal(path), "{path}");
        }
    }

    #[test]
    fn an_odd_path_is_read_in_every_way() {
        let read = |path| Spelling::of(path).readings().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(read("//a")[1..], ["/a", "/a", "//a"]);
        assert_eq!(read("/x/../%61")[1..], ["/%61", "/a", "/x/../a"]);
        assert!(read("/x/%252e%252E/a/").contains(&"/a/".to_owned()));
        assert!(read("/x\\..\\..\\a").contains(&"/a".to_owned()));
        assert!(read("/%%32%65%2e/").contains(&"/".to_owned()));
    }

    #[test]
    fn decoding_a_deep_escape_takes_one_pass() {
        let deep = format!("/%{}2e", "25".repeat(30_000));
        assert_eq!(decode(&deep), ("/.".to_owned(), false));
    }

    #[test]
    fn a_pattern_may_only_escape_what_has_no_other_spelling() {
        assert_eq!(pattern_spellings("/a/{id}"), Some(vec!["/a/{id}".to_owned()]));
        assert_eq!(
            pattern_spellings("/caf%C3%A9/%20x"),
            Some(vec!["/caf%C3%A9/%20x".to_owned(), "/café/ x".to_owned()])
        );
        for odd in ["/%61", "/%21", "/%7Bid%7D", "/a//b", "/../a", "/caf\u{e9}", "/a%2F", "/a%", ""] {
            assert_eq!(pattern_spellings(odd), None, "{odd}");
        }
    }
}
