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
//! get by with less because no rule matches them as they are written. So a path that has an escape or a `;`, or is not in
//! normal form, is looked up in every way it could be read, and the request has to meet all the rules found. Whoever reads
//! it may decode it, once, twice or until nothing is left to decode; drop `;parameters`; take `\` for `/`; drop empty
//! segments; walk up dots. A harmless escape, as in `/users/J%C3%BCrgen`, finds the same rule both ways and so changes
//! nothing. A path that is not in normal form and longer than [`LONGEST_ODD`] is not worth that many readings: it has to
//! meet every rule there is.
//!
//! Letters are compared by case, as routers do it. A service behind the guard that does not (a file system, say) needs
//! rules for every case.

/// The longest path, in bytes, that is read in every way although it is not in normal form.
const LONGEST_ODD: usize = 1024;

/// A path and what it might mean.
#[derive(Debug)]
pub(crate) struct Spelling<'a> {
    raw: &'a str,
    normal: bool,
    /// How else it could be read; nothing if that is anybody's guess.
    others: Option<Vec<String>>,
}

impl<'a> Spelling<'a> {
    /// Judges a path as it came in the request line. Takes time proportional to its length.
    pub(crate) fn of(raw: &'a str) -> Self {
        let tidy = is_tidy(raw);
        let is_plain = ![b'%', b';'].iter().any(|byte| raw.as_bytes().contains(byte));
        if tidy && is_plain {
            return Self { raw, normal: true, others: Some(Vec::new()) };
        }
        let (decoded, harmless) = decode(raw);
        let normal = tidy && harmless;
        let others = (normal || raw.len() <= LONGEST_ODD).then(|| readings(raw, decoded, normal));
        Self { raw, normal, others }
    }

    /// Whether everybody reads this path alike.
    pub(crate) fn is_normal(&self) -> bool {
        self.normal
    }

    /// Every way to read it, as it is written first; nothing if that is anybody's guess.
    pub(crate) fn readings(&self) -> Option<impl Iterator<Item = &str>> {
        let others = self.others.as_ref()?;
        Some(std::iter::once(self.raw).chain(others.iter().map(String::as_str)))
    }
}

/// Every way to read a path, but for the path as it is written.
fn readings(raw: &str, decoded: String, normal: bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |reading: String| {
        if reading != raw && !found.contains(&reading) {
            found.push(reading);
        }
    };
    let levels = if normal { vec![raw.to_owned(), decoded] } else { vec![raw.to_owned(), decode_once(raw), decoded] };
    for level in levels {
        for bare in [without_parameters(&level), Some(level)].into_iter().flatten() {
            if !normal {
                for slashed in bare.contains('\\').then(|| bare.replace('\\', "/")).iter().chain([&bare]) {
                    add(walk(slashed, |segment| if segment.is_empty() { Step::Stay } else { Step::Down }));
                    add(walk(slashed, Step::of));
                    add(slashed.clone());
                }
            }
            add(bare);
        }
    }
    found
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
    let Some(rest) = path.strip_prefix('/') else { return false };
    let visible = rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let (directories, last) = rest.rsplit_once('/').map_or((None, rest), |(front, last)| (Some(front), last));
    visible && (last.is_empty() || is_name(last)) && directories.is_none_or(|front| front.split('/').all(is_name))
}

/// Whether a segment leads further down for everybody, whether they mind its `;parameters` or not.
fn is_name(segment: &str) -> bool {
    !matches!(segment.as_bytes(), [] | [b';', ..] | [b'.'] | [b'.', b';', ..] | [b'.', b'.'] | [b'.', b'.', b';', ..])
}

/// Decodes each escape once.
fn decode_once(raw: &str) -> String {
    let mut bytes = Vec::with_capacity(raw.len());
    // How many bytes at the end of the output are as they were in the input.
    let mut untouched = 0;
    for byte in raw.bytes() {
        bytes.push(byte);
        untouched += 1;
        if untouched >= 3
            && let Some((rest, decoded)) = last_escape(&bytes)
        {
            bytes.truncate(rest);
            bytes.push(decoded);
            untouched = 0;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Decodes escapes until none is left, and tells whether all of them were harmless.
///
/// A decoded byte can complete another escape, so the end of the output is looked at after every byte. Every decoding
/// makes the text shorter, so this ends, and in linear time.
fn decode(raw: &str) -> (String, bool) {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut harmless = true;
    for byte in raw.bytes() {
        bytes.push(byte);
        while let Some((rest, decoded)) = last_escape(&bytes) {
            harmless &= !matches!(decoded, b'/' | b'\\' | b'.' | b'%');
            bytes.truncate(rest);
            bytes.push(decoded);
        }
    }
    harmless &= !bytes.contains(&b'%');
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

/// The path with no `;parameters` on its segments, if it has some.
fn without_parameters(path: &str) -> Option<String> {
    let bare = |segment: &str| segment.split(';').next().unwrap_or_default().to_owned();
    path.contains(';').then(|| path.split('/').map(bare).collect::<Vec<_>>().join("/"))
}

/// Where the path leads to if each segment makes this step.
fn walk(path: &str, step: fn(&str) -> Step) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match step(segment) {
            Step::Down => segments.push(segment),
            Step::Up => _ = segments.pop(),
            Step::Stay => {}
        }
    }
    let end = if path.ends_with('/') || segments.is_empty() { "/" } else { "" };
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
        match segment {
            "" | "." => Self::Stay,
            ".." => Self::Up,
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
        for path in ["/", "/a", "/a/", "/a/b.c", "/.well-known/x", "/...", "/a..b", "/a~!$&'()*+,=:@"] {
            let spelling = Spelling::of(path);
            assert!(spelling.is_normal(), "{path}");
            assert_eq!(spelling.readings().unwrap().collect::<Vec<_>>(), [path]);
        }
    }

    #[test]
    fn a_harmless_escape_is_normal_and_has_two_readings() {
        let spelling = Spelling::of("/users/J%C3%BCrgen%20x");
        assert!(spelling.is_normal());
        assert_eq!(spelling.readings().unwrap().collect::<Vec<_>>(), ["/users/J%C3%BCrgen%20x", "/users/Jürgen x"]);
    }

    #[test]
    fn parameters_are_normal_and_read_away() {
        let spelling = Spelling::of("/a;v=1/b;/c");
        assert!(spelling.is_normal());
        assert_eq!(spelling.readings().unwrap().collect::<Vec<_>>(), ["/a;v=1/b;/c", "/a/b/c"]);
        assert!(Spelling::of("/a%3Bv/b").readings().unwrap().any(|path| path == "/a/b"));
        assert!(Spelling::of("/x/..;y/a;z").readings().unwrap().any(|path| path == "/a"));
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
        ];
        for path in odd {
            assert!(!is_normal(path), "{path}");
        }
    }

    #[test]
    fn an_odd_path_is_read_in_every_way() {
        let read = |path: &str, reading: &str| {
            let spelling = Spelling::of(path);
            assert!(spelling.readings().unwrap().any(|found| found == reading), "{path} as {reading}: {spelling:?}");
        };
        read("//a", "/a");
        read("/x/../%61", "/%61");
        read("/x/../%61", "/x/../a");
        read("/x/../%61", "/a");
        read("/x/%252e%252E/a/", "/a/");
        read("/x/%252e%252E/a/", "/x/%2e%2E/a/");
        read("/%%32%65%2e/", "/");
        read("//wr%69te/%252e%252e", "/write/%2e%2e");
        read("//write/..", "/write/..");
        read("/x\\..\\..\\a", "/a");
        read("//write/..\\", "/write/..\\");
        read("/x/..;y/a;z", "/a");
        read("//write/..;y", "/write/..;y");
    }

    #[test]
    fn a_long_path_out_of_normal_form_is_anybodys_guess() {
        let long = "/a".repeat(LONGEST_ODD / 2);
        assert!(Spelling::of(&format!("{long}//")).readings().is_none());
        assert!(Spelling::of(&format!("{long}/%20;x")).readings().is_some());
        assert!(Spelling::of("//").readings().is_some());
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
