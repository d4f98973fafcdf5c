//! Where a login leads: whatever a link to the login page said, a browser arrives at this service or at an origin that
//! is allowed, and so it does if somebody on the way decodes the address; and an address that nobody can misread is not
//! lost.

use axum::{
    body::Body,
    http::{HeaderName, Request, StatusCode, Uri, request::Builder},
};
use url::{Url, form_urlencoded};

use super::app::{Answer, App, ELSEWHERE, ORIGIN, PASSWORD};

/// How many logins one database takes.
const LOGINS: u32 = 20_000;

/// Where a login leads that was to lead nowhere else.
const HOME: &str = "/account";

/// The longest address that a login leads to.
const NEXT_MAX: usize = 2048;

/// Judges one link after the other.
pub struct Judge {
    app: App,
    logins: u32,
    /// The cookie of someone who is logged in.
    cookie: String,
    /// The login page behind a link that says nothing.
    plain: String,
}

impl Judge {
    pub fn new() -> Self {
        let app = App::new();
        app.add_user("ada");
        app.add_user("bob");
        let cookie = session_cookie(&log_in(&app, "/login", "bob"));
        let plain = get(&app, "/login", []).unwrap().text;
        Self { app, logins: 0, cookie, plain }
    }

    /// Judges a link, and tells whether a login led where it said. The first byte says what the others are: the address
    /// to go to at last (`n`), the whole query of the login page (`q`), a page that somebody opens who is not logged in
    /// (`p`), or a page that is asked for under another name of the host (`h`).
    ///
    /// # Panics
    ///
    /// If a login leads where it must not, or not where it was to lead.
    pub fn judge(&mut self, bytes: &[u8]) -> bool {
        let Some((form, rest)) = bytes.split_first() else { return false };
        if self.logins == LOGINS {
            *self = Self::new();
        }
        match form {
            b'n' => {
                let next: String = form_urlencoded::byte_serialize(rest).collect();
                self.follow(&format!("next={next}"))
            }
            b'q' => str::from_utf8(rest).is_ok_and(|query| self.follow(query)),
            b'p' => str::from_utf8(rest).is_ok_and(|page| self.open(page)),
            b'h' => str::from_utf8(rest).is_ok_and(|page| self.rename(page)),
            _ => false,
        }
    }

    /// Logs in behind a link: of someone who is logged in already, and of someone who sends the form of the page.
    fn follow(&mut self, query: &str) -> bool {
        let address = format!("/login?{query}");
        let Some(said) = address.parse().ok().map(|uri| said(&uri)) else { return false };
        let at_once =
            get(&self.app, &address, [("cookie", &self.cookie)]).and_then(|answer| location(&answer)).unwrap();
        judge_way(&at_once, said.as_deref());

        let page = get(&self.app, &address, []).unwrap().text;
        let (_, action) = page.split_once("action=\"").unwrap();
        let (action, _) = action.split_once('"').unwrap();
        let kept = action.strip_prefix("/login").unwrap();
        assert_eq!(page.replace(kept, ""), self.plain, "{address} writes something into the page");
        if kept.is_empty() {
            assert_eq!(at_once, HOME, "{address}, which the form does not say");
            return false;
        }
        self.logins += 1;
        assert_eq!(location(&log_in(&self.app, action, "ada")).as_ref(), Some(&at_once), "{address}, by the form");
        at_once != HOME
    }

    /// Opens a page without being logged in, and logs in to come back to it.
    fn open(&mut self, page: &str) -> bool {
        let opened = get(&self.app, page, [("sec-fetch-mode", "navigate")]);
        let Some(way) = opened.and_then(|answer| location(&answer)).and_then(|way| resolved(&way)) else {
            return false;
        };
        assert_eq!(way.origin().ascii_serialization(), ORIGIN, "{page} leads to {way}");
        if way.path() != "/login" {
            return false;
        }
        let uri: Uri = page.parse().unwrap();
        let query = way.query().unwrap();
        let back = said(&format!("/login?{query}").parse().unwrap());
        let page = uri.path_and_query().map_or("/", |page| page.as_str());
        assert_eq!(back.as_deref(), Some(page), "not back to where they were");
        self.follow(query)
    }

    /// Asks for a page under another name of the host, and is told the right one.
    fn rename(&self, page: &str) -> bool {
        let Some(answer) = get(&self.app, page, [("host", "other.example")]) else { return false };
        if answer.status != StatusCode::TEMPORARY_REDIRECT {
            return false;
        }
        let way = Url::parse(&location(&answer).unwrap()).unwrap();
        assert_eq!(way.origin().ascii_serialization(), ORIGIN, "{page} is told to be at {way}");
        true
    }
}

/// What a link to the login page said, if it said one thing.
fn said(link: &Uri) -> Option<String> {
    let mut values = form_urlencoded::parse(link.query()?.as_bytes()).filter(|(name, _)| name == "next");
    let (_, value) = values.next()?;
    values.next().is_none().then(|| value.into_owned())
}

fn judge_way(to: &str, said: Option<&str>) {
    assert!(to.bytes().all(|byte| byte.is_ascii_graphic()), "{said:?} leads to {to:?}");
    let (path, query) = to.split_once('?').unwrap_or((to, ""));
    let mut reading = path.to_owned();
    for _ in 0..3 {
        let read = resolved(&format!("{reading}?{query}"));
        assert!(read.is_some_and(|url| is_allowed(&url)), "{said:?} leads to {to:?}, which reads {reading:?}");
        reading = decoded(&reading);
    }
    let arrives = said.and_then(resolved) == resolved(to);
    assert!(arrives || to == HOME, "{said:?} leads to {to:?}");
    assert!(arrives || !said.is_some_and(is_plain), "{said:?} is lost");
}

/// The address at which a browser arrives that is on the login page.
fn resolved(location: &str) -> Option<Url> {
    Url::parse(ORIGIN).unwrap().join("/login").unwrap().join(location).ok()
}

fn is_allowed(url: &Url) -> bool {
    let origin = url.origin().ascii_serialization();
    (origin == ORIGIN || ELSEWHERE.contains(&origin.as_str())) && url.username().is_empty() && url.password().is_none()
}

/// What stands there once every escape is taken for what it means.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => bytes.extend([&[byte], &part.as_bytes()[2..]].concat()),
            None => bytes.extend([b"%", part.as_bytes()].concat()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether an address can be read in one way only: letters, digits and what stands for itself, in a path without dots
/// that lead elsewhere, here or at an origin that is allowed.
fn is_plain(address: &str) -> bool {
    let origins = [ORIGIN, ELSEWHERE[0], ELSEWHERE[1]];
    let local = origins.into_iter().find_map(|origin| address.strip_prefix(origin)).unwrap_or(address);
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    let among =
        |text: &str, marks: &[u8]| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte));
    address.len() <= NEXT_MAX
        && path.starts_with('/')
        && !path.contains("//")
        && !path.split('/').any(|segment| matches!(segment, "." | ".."))
        && among(path, b"/-._~")
        && among(query, b"/-._~?=&;:@,+%")
}

/// Opens a page; `None` if no request can be made of that.
fn get<const N: usize>(app: &App, address: &str, headers: [(&str, &str); N]) -> Option<Answer> {
    let add = |request: Builder, (name, value): (&str, &str)| request.header(name, value);
    let request = headers.into_iter().fold(Request::get(address), add);
    Some(app.ask(request.body(Body::empty()).ok()?))
}

/// Sends the form of the login page.
fn log_in(app: &App, action: &str, name: &str) -> Answer {
    let form =
        form_urlencoded::Serializer::new(String::new()).extend_pairs([("name", name), ("password", PASSWORD)]).finish();
    let request = Request::post(action)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin");
    app.ask(request.body(form.into()).unwrap())
}

fn location(answer: &Answer) -> Option<String> {
    let mut all = answer.headers.get_all(HeaderName::from_static("location")).iter();
    let location = all.next()?.as_bytes();
    assert!(all.next().is_none() && !location.iter().any(u8::is_ascii_control), "{location:?}");
    Some(String::from_utf8_lossy(location).into_owned())
}

fn session_cookie(answer: &Answer) -> String {
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}
