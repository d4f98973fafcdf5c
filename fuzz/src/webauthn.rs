//! Answers of keys: whatever one signs, only what says the very thing that was asked for logs in or is registered, and
//! what nobody has signed never logs in.

use std::time::Duration;

use axum::http::Request;
use serde_json::{Value, json};

use super::{
    app::{App, ORIGIN, PASSWORD},
    key::{AT, BE, ED, Key, UP, UV},
    registration,
};

/// How many answers one database takes.
const ANSWERS: u32 = 50_000;

/// Judges one answer after the other.
pub struct Judge {
    app: App,
    answers: u32,
    /// What someone logs in with.
    passkey: Key,
    /// The key of someone who registers others, and their token.
    other: (Key, String),
}

impl Judge {
    /// Two people have a passkey each, which makes sure of its holder and does not count.
    pub fn new() -> Self {
        let app = App::new();
        let [passkey, mut other] = ["ada", "bob"].map(|name| {
            app.add_user(name);
            let token = app.token(name, PASSWORD).unwrap();
            let begun = app.post("/auth/webauthn/register/start", Some(&token), &json!({ "kind": "passkey" }));
            let mut key = Key::passkey();
            let made = key.register(&begun["options"]);
            let body = json!({ "flow": begun["flow"], "webauthn_response": made, "name": "k" });
            let added = app.post("/auth/webauthn/register/finish", Some(&token), &body);
            assert!(added["id"].is_string(), "{added}");
            key
        });
        let token = app.passkey_login(&mut other).unwrap();
        Self { app, answers: 0, passkey, other: (other, token) }
    }

    /// Judges an answer, and tells whether it logs in or is registered. The first byte says what the others are: the
    /// client's data (`c`) or the flags, the count and the tail of the authenticator's data (`a`), signed as they are;
    /// the whole answer as JSON (`r`); or a member of the answer, by a number, and its new value as JSON (`m`). A
    /// capital letter is a form of [`registration::judge`].
    ///
    /// # Panics
    ///
    /// If what is taken is not what was asked for, or what was asked for is not taken.
    pub fn judge(&mut self, bytes: &[u8]) -> bool {
        let Some((form, rest)) = bytes.split_first() else { return false };
        if self.answers == ANSWERS {
            *self = Self::new();
        }
        self.answers += 1;
        // Of the challenges that nobody answers the oldest make room, which has to be told from the newest.
        self.app.clock.advance(Duration::from_millis(1));
        if form.is_ascii_uppercase() {
            let (other, token) = &mut self.other;
            return registration::judge(&self.app, token, [&self.passkey, other], *form, rest);
        }
        let begun = self.app.post("/auth/login/passkey/start", None, &json!({}));
        let Some((answer, is_right)) = answer(&mut self.passkey, &begun["options"], *form, rest) else { return false };
        let body = json!({ "flow": begun["flow"], "webauthn_response": answer });
        let told = self.app.post("/auth/login/passkey/finish", None, &body);
        let logged_in = told["access_token"].is_string();
        if let Some(is_right) = is_right {
            assert_eq!(logged_in, is_right, "{answer} {told}");
        }
        assert!(told["status"].as_u64().is_none_or(|status| status < 500), "{answer} {told}");
        // From a count above zero on the key has to count, and this one does not.
        if logged_in && *form == b'a' && rest[1..5] != [0; 4] {
            *self = Self::new();
        }
        logged_in
    }
}

/// The answer, and whether it has to log in; `None` where that may be either way.
fn answer(passkey: &mut Key, options: &Value, form: u8, rest: &[u8]) -> Option<(Value, Option<bool>)> {
    let challenge = options["challenge"].as_str()?;
    Some(match form {
        b'c' => {
            let text = str::from_utf8(rest).ok()?.replace("{challenge}", challenge);
            let is_right = says_what_was_asked(&text, "webauthn.get", challenge);
            (passkey.answer_as(options, |draft| draft.client_data_json = Some(text)), is_right)
        }
        b'a' => {
            let (fixed, tail) = rest.split_first_chunk::<5>()?;
            let flags = fixed[0];
            // Backed up or not may change, whether it can be may not; what follows is announced by a flag.
            let is_right = flags & (UP | UV | BE | AT) == UP | UV | BE && tail.is_empty() && flags & ED == 0;
            let is_right = (flags & ED == 0).then_some(is_right);
            let answer = passkey.answer_as(options, |draft| {
                draft.flags = flags;
                draft.count = u32::from_be_bytes([fixed[1], fixed[2], fixed[3], fixed[4]]);
                draft.tail = tail.to_vec();
            });
            // A count that was above zero once has to rise from then on.
            let counts = fixed[1..] != [0; 4];
            (answer, is_right.filter(|is_right| !(counts && *is_right)))
        }
        b'r' => (serde_json::from_slice(rest).ok()?, Some(false)),
        b'm' => {
            let (number, value) = rest.split_first()?;
            let value: Value = serde_json::from_slice(value).ok()?;
            let mut answer = passkey.answer(options);
            let places = [
                "/id",
                "/rawId",
                "/type",
                "/response/clientDataJSON",
                "/response/authenticatorData",
                "/response/signature",
                "/response/userHandle",
                "/clientExtensionResults",
                "/authenticatorAttachment",
            ];
            let place = places[usize::from(*number) % places.len()];
            let member = answer.pointer_mut(place).unwrap();
            let is_same = *member == value;
            *member = value;
            let matters = !matches!(place, "/clientExtensionResults" | "/authenticatorAttachment");
            (answer, (matters && !is_same).then_some(false))
        }
        _ => return None,
    })
}

/// Whether a client's data say what they have to; `None` where a reader of JSON may see it either way.
pub(super) fn says_what_was_asked(text: &str, ceremony: &str, challenge: &str) -> Option<bool> {
    let Ok(Value::Object(data)) = serde_json::from_str(text) else { return Some(false) };
    let says = data.get("type") == Some(&json!(ceremony))
        && data.get("challenge") == Some(&json!(challenge))
        && data.get("origin") == Some(&json!(ORIGIN))
        && data.get("topOrigin").is_none()
        && data.get("crossOrigin").is_none_or(|crosses| *crosses == false);
    // A member that stands twice is read by some as the first and by others as the last.
    if says { None } else { Some(false) }
}

impl App {
    /// Logs in with a passkey, to an access token or to what was said instead.
    pub(super) fn passkey_login(&self, key: &mut Key) -> Result<String, Value> {
        let begun = self.post("/auth/login/passkey/start", None, &json!({}));
        let body = json!({ "flow": begun["flow"], "webauthn_response": key.answer(&begun["options"]) });
        let told = self.post("/auth/login/passkey/finish", None, &body);
        told["access_token"].as_str().map(str::to_owned).ok_or(told.clone())
    }

    pub(super) fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Value {
        self.call("POST", path, token, body)
    }

    pub(super) fn call(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Value {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.ask(request.body(body.to_string().into()).unwrap()).body
    }
}
