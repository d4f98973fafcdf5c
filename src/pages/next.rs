//! Where to go after a login: only where somebody can mean to.

use crate::config::PublicUrl;

/// The longest address that is taken, in bytes.
const NEXT_MAX: usize = 2048;

/// An address that a login may lead to: a path of this service, or one at an allowed origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next(String);

impl Next {
    /// Reads what a link said. A path of this service comes out as a path, wherever it came from.
    pub(crate) fn parse(text: &str, own: &PublicUrl, allowed: &[PublicUrl]) -> Option<Self> {
        if text.len() > NEXT_MAX {
            return None;
        }
        let local = after_origin(text, own).unwrap_or(text);
        if is_path(local) {
            return Some(Self(local.to_owned()));
        }
        let elsewhere = allowed.iter().find_map(|origin| Some((origin, after_origin(text, origin)?)));
        elsewhere.filter(|(_, path)| is_path(path)).map(|(origin, path)| Self(format!("{origin}{path}")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What stands behind this very origin: a path, or nothing, which is the root.
fn after_origin<'a>(text: &'a str, origin: &PublicUrl) -> Option<&'a str> {
    match text.strip_prefix(&origin.to_string())? {
        "" => Some("/"),
        path => path.starts_with('/').then_some(path),
    }
}

/// Whether this is a path and perhaps a query, in the one form that no browser and no proxy reads in another way.
fn is_path(text: &str) -> bool {
    let is_url = |byte: u8| byte.is_ascii_graphic() && !br#""<>\^`{|}#"#.contains(&byte);
    let (path, _) = text.split_once('?').unwrap_or((text, ""));
    let Some(inner) = path.strip_prefix('/') else { return false };
    let mut segments = inner.split('/');
    let last = segments.next_back().unwrap_or_default();
    text.bytes().all(is_url) && segments.all(|segment| !segment.is_empty() && is_segment(segment)) && is_segment(last)
}

/// Whether a segment stands for itself: no dots that lead elsewhere, and no escape of what would.
fn is_segment(segment: &str) -> bool {
    let harmless = |escape: &str| {
        let byte = escape.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        byte.is_some_and(|byte| !byte.is_ascii_control() && !b"/\\.%".contains(&byte)) && !escape.starts_with('+')
    };
    !matches!(segment, "." | "..") && segment.split('%').skip(1).all(harmless)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(text: &str) -> Option<String> {
        let allowed = ["https://app.example".parse().unwrap(), "http://localhost:3000".parse().unwrap()];
        Next::parse(text, &"https://id.example".parse().unwrap(), &allowed).map(|next| next.0)
    }

    #[test]
    fn rd_1_a_login_leads_to_a_path_of_this_service_or_an_allowed_origin() {
        for (text, to) in [
            ("/", "/"),
            ("/account", "/account"),
            ("/notes/", "/notes/"),
            ("/a/b?c=/../d&e=%2f//x", "/a/b?c=/../d&e=%2f//x"),
            ("/caf%C3%A9/a%20b", "/caf%C3%A9/a%20b"),
            ("https://id.example", "/"),
            ("https://id.example/notes", "/notes"),
            ("https://app.example", "https://app.example/"),
            ("https://app.example/a?b", "https://app.example/a?b"),
            ("http://localhost:3000/x", "http://localhost:3000/x"),
        ] {
            assert_eq!(next(text).as_deref(), Some(to), "{text}");
        }
    }

    #[test]
    fn rd_1_everything_else_leads_nowhere() {
        for text in [
            "",
            "notes",
            "//e.x",
            "///e.x",
            "////e.x",
            r"/\e.x",
            r"\/e.x",
            r"\\e.x",
            "/%5Ce.x",
            "/%5ce.x",
            "%2F%5Ce.x",
            "/%2Fe.x",
            "/%09/e.x",
            "/%0d%0aLocation:x",
            "/.//e.x",
            "/./e.x",
            "/%2e/e.x",
            "/a/..//e.x",
            "/a/../e.x",
            "/a//e.x",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%+1",
            "/a%252e",
            "https:e.x",
            "https:/e.x",
            "https://e.x",
            "https://e.x/https://app.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/\t/e.x",
            "/a b",
            "/a\r\nSet-Cookie: x",
            "/a\0",
            "/é",
            "@e.x",
            "/a#@e.x",
            "https://app.example@e.x/",
            "https://app.example.e.x/",
            "https://app.example:8443/",
            "http://app.example/",
            "https://app.example//e.x",
            r"https://app.example\@e.x/",
            "https://app.example?x",
            "HTTPS://app.example/",
            "https://id.example.e.x/",
            "https://id.example@e.x/",
            "https://id.example//e.x",
            " /account",
            &format!("/{}", "a".repeat(NEXT_MAX)),
        ] {
            assert_eq!(next(text), None, "{text:?}");
        }
    }
}
