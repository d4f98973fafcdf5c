//! LO-1 for every test: what is logged, written to the trail or shown by `Debug` while an app lives is searched for every
//! secret that went into the app or came out of it, when it is dropped.
//!
//! What is logged is collected from every crate at every level, on every thread. Lines that say the same are kept once.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::{
    collections::{BTreeSet, HashSet, hash_map::DefaultHasher},
    fmt::{self, Write},
    hash::{Hash, Hasher},
    sync::{Arc, LazyLock, Mutex, MutexGuard, Once, PoisonError},
    thread,
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::{self, Next},
    response::Response,
};
use http_body_util::BodyExt;
use portcullis::{
    Portcullis,
    audit::{Event, Observe},
    testing::Mailbox,
};
use serde_json::Value;
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use uuid::Uuid;

/// The members of bodies, fields of forms and parameters of queries that hold secrets.
const NAMES: [&str; 15] = [
    "access_token",
    "challenge",
    "code",
    "flow",
    "key",
    "new_password",
    "old_password",
    "otpauth_uri",
    "password",
    "recovery_code",
    "recovery_codes",
    "refresh_token",
    "secret",
    "token",
    "two_fa_code",
];

/// What is shorter is no secret that this program made, but something that a test made up.
const SHORTEST: usize = 16;

static LOG: LazyLock<Mutex<Log>> = LazyLock::new(Mutex::default);

/// What was logged in this process.
#[derive(Default)]
struct Log {
    text: String,
    seen: HashSet<u64>,
}

fn log() -> MutexGuard<'static, Log> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Everything that was logged in this process, each line once.
pub fn everything() -> String {
    log().text.clone()
}

/// The secrets of one app, and where in the log its time begins.
pub struct Secrets {
    known: Mutex<BTreeSet<String>>,
    begin: Mutex<usize>,
}

/// Checks the log when it is dropped, that is with the app.
pub struct Checked {
    pub secrets: Arc<Secrets>,
    portcullis: Portcullis,
    mailbox: Mailbox,
}

impl Secrets {
    /// Begins to collect.
    pub fn collected() -> Arc<Self> {
        static BEGUN: Once = Once::new();
        BEGUN.call_once(|| tracing::subscriber::set_global_default(Collector).unwrap());
        Arc::new(Self { known: Mutex::default(), begin: Mutex::new(log().text.len()) })
    }

    /// These routes, with everything noted that goes in and out.
    pub fn of(self: &Arc<Self>, routes: Router) -> Router {
        routes.layer(middleware::from_fn_with_state(Arc::clone(self), note))
    }

    /// What was logged in the time of this app, also by others.
    pub fn log(&self) -> String {
        let begin = *self.begin.lock().unwrap();
        log().text[begin..].to_owned()
    }

    /// The lines that hold one of the secrets.
    pub fn leaks(&self) -> Vec<String> {
        let (log, known) = (self.log(), self.known.lock().unwrap());
        let found = known.iter().filter_map(|secret| Some((secret, position_of(secret, &log)?)));
        let line_at = |at: usize| {
            let from = log[..at].rfind('\n').map_or(0, |end| end + 1);
            log[from..].lines().next().unwrap_or_default()
        };
        found.map(|(secret, at)| format!("{secret} in: {}", line_at(at))).collect()
    }

    /// Forgets what was logged so far.
    pub fn forget_log(&self) {
        *self.begin.lock().unwrap() = log().text.len();
    }

    fn add(&self, name: &str, value: &str) {
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        let is_secret = match name {
            // Problem documents have codes too, and those are words.
            "code" | "two_fa_code" => (6..=8).contains(&value.len()) && is_number,
            // A single word may well be one of the program's own, or the name of the site.
            name if name.ends_with("password") => {
                value.len() >= 8 && !value.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'.')
            }
            _ => value.len() >= SHORTEST,
        };
        // Tests send ids where secrets belong.
        if is_secret && Uuid::try_parse(value).is_err() {
            self.known.lock().unwrap().insert(value.to_owned());
        }
    }

    fn add_json(&self, name: &str, value: &Value) {
        match value {
            Value::String(text) if NAMES.contains(&name) => self.add(name, text),
            Value::Array(items) => items.iter().for_each(|item| self.add_json(name, item)),
            Value::Object(members) => members.iter().for_each(|(name, value)| self.add_json(name, value)),
            _ => (),
        }
    }

    fn add_pairs(&self, pairs: &[u8]) {
        for (name, value) in form_urlencoded::parse(pairs).filter(|(name, _)| NAMES.contains(&name.as_ref())) {
            self.add(&name, &value);
        }
    }

    fn add_headers(&self, headers: &HeaderMap) {
        let of = |name| headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        for credential in of(header::AUTHORIZATION).chain(of(header::HeaderName::from_static("x-api-key"))) {
            self.add("token", credential.rsplit(' ').next().unwrap_or_default());
        }
        for cookies in of(header::COOKIE).chain(of(header::SET_COOKIE)) {
            for (_, value) in cookies.split("; ").filter_map(|cookie| cookie.split_once('=')) {
                self.add("token", value);
            }
        }
        of(header::LOCATION)
            .filter_map(|to| to.split_once('?'))
            .for_each(|(_, query)| self.add_pairs(query.as_bytes()));
    }

    fn add_body(&self, headers: &HeaderMap, body: &[u8]) {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.contains("json") {
            self.add_json("", &serde_json::from_slice(body).unwrap_or_default());
        } else if kind.contains("form-urlencoded") {
            self.add_pairs(body);
        } else if kind.contains("html") {
            self.add_page(&String::from_utf8_lossy(body));
        }
    }

    /// Hidden fields, and what is shown to be written down.
    fn add_page(&self, page: &str) {
        let between = |text: &str, from: &str, to: &str| {
            text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map(|(value, _)| value.to_owned())
        };
        for input in page.split("<input").skip(1).filter_map(|rest| rest.split('>').next()) {
            let (name, value) = (between(input, "name=\"", "\""), between(input, "value=\"", "\""));
            name.zip(value)
                .filter(|(name, _)| NAMES.contains(&name.as_str()))
                .inspect(|(name, value)| self.add(name, value));
        }
        let codes = between(page, "<pre class=\"codes\" id=\"codes\">", "<").unwrap_or_default();
        codes.split_whitespace().for_each(|code| self.add("recovery_code", code));
    }
}

/// Where this secret stands. A code does where no longer number has it in itself.
fn position_of(secret: &str, log: &str) -> Option<usize> {
    if secret.len() >= SHORTEST || !secret.bytes().all(|byte| byte.is_ascii_digit()) {
        return log.find(secret);
    }
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let stands_alone = |at: &usize| {
        let (before, after) = (log.as_bytes()[..*at].last(), log.as_bytes().get(at + secret.len()));
        !before.is_some_and(is_of_word) && !after.is_some_and(is_of_word)
    };
    log.match_indices(secret).map(|(at, _)| at).find(stands_alone)
}

async fn note(State(secrets): State<Arc<Secrets>>, request: Request, next: Next) -> Response {
    let is_head = request.method() == Method::HEAD;
    let (head, body) = request.into_parts();
    secrets.add_headers(&head.headers);
    secrets.add_pairs(head.uri.query().unwrap_or_default().as_bytes());
    // What comes bit by bit is left to come.
    let body = if body.size_hint().exact().is_some_and(|size| size < 100_000) {
        let bytes = body.collect().await.unwrap().to_bytes();
        secrets.add_body(&head.headers, &bytes);
        Body::from(bytes)
    } else {
        body
    };
    let (head, body) = next.run(Request::from_parts(head, body)).await.into_parts();
    secrets.add_headers(&head.headers);
    if is_head || body.size_hint().exact().is_none() {
        return Response::from_parts(head, body);
    }
    let bytes = body.collect().await.unwrap().to_bytes();
    secrets.add_body(&head.headers, &bytes);
    Response::from_parts(head, Body::from(bytes))
}

/// The rows of the trail are searched like the log.
impl Observe for Secrets {
    fn written(&self, event: &Event) {
        let _ = writeln!(log().text, "trail {event:?}");
    }
}

impl Checked {
    pub fn new(secrets: Arc<Secrets>, portcullis: Portcullis, mailbox: Mailbox) -> Self {
        Self { secrets, portcullis, mailbox }
    }
}

impl Drop for Checked {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        for mail in self.mailbox.all() {
            let token = mail.link().and_then(|link| link.rsplit(['=', '/']).next());
            token.inspect(|token| self.secrets.add("token", token));
            mail.code().inspect(|code| self.secrets.add("code", code));
        }
        let shown = format!("{:?} {:?} {:?}", self.portcullis, self.portcullis.accounts().config(), self.mailbox);
        let _ = writeln!(log().text, "debug {}", shown.replace('\n', " "));
        let leaks = self.secrets.leaks();
        assert!(leaks.is_empty(), "lo_1: {} secrets leaked:\n{}", leaks.len(), leaks.join("\n"));
    }
}

/// Keeps everything that anyone logs.
struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line::of(span.metadata());
        span.record(&mut line);
        line.keep();
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line::default();
        values.record(&mut line);
        line.keep();
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line::of(event.metadata());
        event.record(&mut line);
        line.keep();
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// One line in the making, and the hash of what does not change each time that it is written.
#[derive(Default)]
struct Line {
    text: String,
    hash: DefaultHasher,
}

impl Line {
    fn of(metadata: &tracing::Metadata<'_>) -> Self {
        let mut line = Self { text: format!("{} {}", metadata.target(), metadata.name()), ..Self::default() };
        line.text.hash(&mut line.hash);
        line
    }

    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let from = self.text.len();
        let _ = write!(self.text, " {}={value}", field.name());
        if field.name() != "elapsed" {
            self.text[from..].hash(&mut self.hash);
        }
    }

    fn keep(self) {
        let mut log = log();
        if log.seen.insert(self.hash.finish()) {
            log.text.push_str(&self.text);
            log.text.push('\n');
        }
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, format_args!("{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let _ = write!(self.text, " {}={value}", field.name());
    }
}
