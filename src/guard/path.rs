//! The judge of paths: whether a path is spelled in the one way that everybody reads alike.
//!
//! A guard sees a path before the router behind it does, and often before a proxy, a file server or another
//! program reads it once more. Each of them may decode escapes, collapse slashes or walk up dots, each in its own way.
//! So a path that could be read in two ways must not gain anything by it. Two things follow.
//!
//! **A path that is not in normal form is never public and never optional**, whatever rule it meets. In normal form a
//! path starts with `/`, holds visible ASCII only, no `\`, no empty segment but the last, no segment `.` or `..` (with
//! or without `;parameters`, as it is written or decoded), and every escape in it decodes, to UTF-8, and not to `/`, `\`,
//! `.`, `%` or a control character. This is what makes an exclusion fail closed: no spelling of a protected path is ever
//! excluded. The `*` of `OPTIONS *` and the empty path of `CONNECT` are not in normal form either.
//!
//! **No spelling weakens a rule.** If `/admin` asks for a scope, then `//admin`, `/%61dmin` and `/x/../admin` must not
//! get by with less because no rule matches them as they are written. So a path that has an escape or a `;`, or is not in
//! normal form, is looked up in every way it could be read, and the request has to meet all the rules found. Whoever reads
//! it may decode it, drop `;parameters`, take `\` for `/`, and drop empty segments or all that lead nowhere. A harmless
//! escape, as in `/users/J%C3%BCrgen`, finds the same rule both ways and so changes nothing.
//!
//! Three kinds of path could lead anywhere, and have to meet every rule there is. One climbs, by a segment `..` however it
//! is written: how far depends on what counts as a segment (of `/b//../admin` some make `/admin` and some `/b/admin`).
//! One has escapes again once it is decoded, and where the segments are depends on how often it will be. One has
//! parameters and an escaped slash, and where a parameter ends depends on what is done first (of `/;a%2Fb/admin` some
//! make `/admin` and some `/b/admin`). Clients climb before they send a path, escape it once, and do not mix these. A
//! path that is not in normal form and longer than [`LONGEST_ODD`] is not worth that many readings, and is treated
//! likewise.
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
    leads_anywhere: bool,
    others: Vec<String>,
}

impl<'a> Spelling<'a> {
    /// Judges a path as it came in the request line. Takes time proportional to its length.
    pub(crate) fn of(raw: &'a str) -> Self {
        let as_written = Self { raw, normal: true, leads_anywhere: false, others: Vec::new() };
        if is_plain(raw) {
            return as_written;
        }
        let tidy = is_tidy(raw);
        if tidy && !raw.contains(['%', ';']) {
            return as_written;
        }
        let (decoded, harmless) = decode(raw);
        // An escaped semicolon makes dots of a segment, or nothing, only once it is decoded.
        if tidy && harmless && is_straight(&decoded) {
            return Self { others: other_readings(raw, decoded, plain_readings), ..as_written };
        }
        let climbs = decoded.split(['/', '\\']).any(|segment| Step::of(segment) == Step::Up);
        let hides_slash = raw.contains(';') && slashes(&decoded) > slashes(raw);
        if climbs || has_escape(&decoded) || hides_slash || raw.len() > LONGEST_ODD {
            return Self { normal: false, leads_anywhere: true, ..as_written };
        }
        Self { normal: false, others: other_readings(raw, decoded, odd_readings), ..as_written }
    }

    /// Whether everybody reads this path alike.
    pub(crate) fn is_normal(&self) -> bool {
        self.normal
    }

    /// Whether the ways to read it are beyond counting, so that no rule is known not to hold.
    pub(crate) fn leads_anywhere(&self) -> bool {
        self.leads_anywhere
    }

    /// The first way to read it.
    pub(crate) fn as_written(&self) -> &str {
        self.raw
    }

    /// Every other way to read it, unless it leads anywhere.
    pub(crate) fn other_readings(&self) -> impl Iterator<Item = &str> {
        self.others.iter().map(String::as_str)
    }
}

/// Every way to read a path but as it is written, given the ways to read what is decoded already or never will be.
fn other_readings(raw: &str, decoded: String, read: fn(String) -> Vec<String>) -> Vec<String> {
    let mut others: Vec<String> = Vec::new();
    for reading in [raw.to_owned(), decoded].into_iter().flat_map(read) {
        if reading != raw && !others.contains(&reading) {
            others.push(reading);
        }
    }
    others
}

/// With its `;parameters` and without.
fn plain_readings(path: String) -> Vec<String> {
    let bare = without_parameters(&path);
    std::iter::once(path).chain(bare).collect()
}

/// With its `;parameters` and without, with `\` for `/` before or after, and with the segments that lead nowhere or not.
fn odd_readings(path: String) -> Vec<String> {
    let slashed = with_slashes(&path);
    let bare = std::iter::once(path).chain(slashed).flat_map(plain_readings);
    let slashed = bare.flat_map(|path| [with_slashes(&path), Some(path)]).flatten();
    slashed
        .flat_map(|path| [without(&path, str::is_empty), without(&path, |part| Step::of(part) == Step::Stay), path])
        .collect()
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

/// Whether this is an ordinary path: one in normal form that can be read in one way only, and without a segment that
/// begins with a dot. Nearly all are, so it is told by a fold without an early exit, which is done for many bytes at once.
fn is_plain(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let is_odd = |before: u8, byte: u8| {
        let is_stray = !byte.is_ascii_graphic() || matches!(byte, b'%' | b';' | b'\\');
        is_stray || before == b'/' && matches!(byte, b'/' | b'.')
    };
    !path.bytes().zip(rest.bytes()).fold(false, |odd, (before, byte)| odd | is_odd(before, byte))
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

/// Decodes every escape once, and tells whether all of them were harmless.
fn decode(raw: &str) -> (String, bool) {
    let mut pieces = raw.split('%');
    let mut bytes = Vec::with_capacity(raw.len());
    bytes.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    let mut harmless = true;
    for piece in pieces {
        if let Some((byte, rest)) = escape(piece) {
            harmless &= !matches!(byte, b'/' | b'\\' | b'.' | b'%');
            bytes.push(byte);
            bytes.extend_from_slice(rest.as_bytes());
        } else {
            harmless = false;
            bytes.push(b'%');
            bytes.extend_from_slice(piece.as_bytes());
        }
    }
    let text = String::from_utf8(bytes).unwrap_or_else(|error| {
        harmless = false;
        String::from_utf8_lossy(error.as_bytes()).into_owned()
    });
    harmless &= !text.contains(char::is_control);
    (text, harmless)
}

fn has_escape(text: &str) -> bool {
    text.split('%').skip(1).any(|piece| escape(piece).is_some())
}

fn slashes(text: &str) -> usize {
    text.matches(['/', '\\']).count()
}

/// What stands after a percent sign: the byte that it escapes, and the rest.
fn escape(piece: &str) -> Option<(u8, &str)> {
    let (digits, rest) = piece.split_at_checked(2)?;
    // The parser of numbers would take a sign for a digit.
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten().map(|byte| (byte, rest))
}

/// The path with no `;parameters` on its segments, if it has some.
fn without_parameters(path: &str) -> Option<String> {
    let bare = |segment: &str| segment.split(';').next().unwrap_or_default().to_owned();
    path.contains(';').then(|| path.split('/').map(bare).collect::<Vec<_>>().join("/"))
}

/// The path with `/` for `\`, if it has some.
fn with_slashes(path: &str) -> Option<String> {
    path.contains('\\').then(|| path.replace('\\', "/"))
}

/// The path without these segments.
fn without(path: &str, is_dropped: fn(&str) -> bool) -> String {
    let steps = path.split('/').filter(|segment| !is_dropped(segment));
    let straight = steps.fold(String::with_capacity(path.len() + 1), |text, segment| text + "/" + segment);
    if path.ends_with('/') || straight.is_empty() { straight + "/" } else { straight }
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

    fn readings(path: &str) -> Vec<String> {
        let spelling = Spelling::of(path);
        std::iter::once(spelling.as_written()).chain(spelling.other_readings()).map(str::to_owned).collect()
    }

    #[test]
    fn a_plain_path_is_normal_and_has_one_reading() {
        for path in ["/", "/a", "/a/", "/a/b.c", "/.well-known/x", "/...", "/a..b", "/a~!$&'()*+,=:@"] {
            assert!(is_normal(path), "{path}");
            assert_eq!(readings(path), [path]);
        }
    }

    #[test]
    fn a_harmless_escape_is_normal_and_has_two_readings() {
        assert!(is_normal("/users/J%C3%BCrgen%20x"));
        assert_eq!(readings("/users/J%C3%BCrgen%20x"), ["/users/J%C3%BCrgen%20x", "/users/Jürgen x"]);
    }

    #[test]
    fn parameters_are_normal_and_read_away() {
        assert!(is_normal("/a;v=1/b;/c"));
        assert_eq!(readings("/a;v=1/b;/c"), ["/a;v=1/b;/c", "/a/b/c"]);
        assert!(is_normal("/a%3Bv/b"));
        assert!(readings("/a%3Bv/b").contains(&"/a/b".to_owned()));
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
        assert_eq!(readings("//a"), ["//a", "/a"]);
        let read = |path: &'static str, reading: &str| {
            assert!(readings(path).contains(&reading.to_owned()), "{path} as {reading}: {:?}", readings(path));
        };
        read("/;x/%61//", "/a/");
        read("/%2f%2e/a", "/a");
        read("/b\\.\\a", "/b/a");
        read("/;b\\c/a", "/a");
        read("/./%61", "/%61");
        read("/./%61", "/./a");
        read("//./a", "/./a");
        read("//a;y/b;z", "/a/b");
        read("//a;y\\b/c\\d", "/a/c/d");
        read("//a;y\\b/c\\d", "/a/b/c/d");
    }

    #[test]
    fn a_long_path_out_of_normal_form_leads_anywhere() {
        let long = "/a".repeat(LONGEST_ODD / 2);
        assert!(Spelling::of(&format!("{long}//")).leads_anywhere());
        assert!(!Spelling::of(&format!("{long}/%20;x")).leads_anywhere());
        assert!(!Spelling::of("//").leads_anywhere());
    }

    #[test]
    fn what_climbs_is_escaped_twice_or_hides_a_slash_leads_anywhere() {
        let anywhere = [
            "/..",
            "/a/../b",
            "/a//../b",
            "/..;x/a",
            "/a/%2e%2E/b",
            "/a%2f..",
            "/a\\..\\b",
            "/..%3Bx",
            "/%252e./a",
            "/a%2561",
            "/%%32%65",
            "/a%2%61",
            "/a%%32a",
            "/a%25%32f",
            "/;a%2Fb/admin",
            "/a;b%5cc",
            "/a%2F;b",
        ];
        for path in anywhere {
            assert!(Spelling::of(path).leads_anywhere(), "{path}");
        }
        for path in ["/", "/a..b", "/...", "/..a/%2fb", "//a", "/a%2Fb", "/a;../b", "/100%25", "/a%zz", "/%ff"] {
            assert!(!Spelling::of(path).leads_anywhere(), "{path}");
        }
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
