//! Bodies: whatever is sent to whichever route by whomever, it is answered, never with a failure of the server's own; what
//! is refused is refused with a problem document that gives nothing away; and nobody becomes who they are not.

use std::sync::LazyLock;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use serde_json::Value;

use super::app::{App, PASSWORD, ROOT_PASSWORD};

/// How many bodies one database takes.
const BODIES: u32 = 50_000;

/// What a stranger may send a body to.
const PUBLIC: [&str; 13] = [
    "/auth/register",
    "/auth/login",
    "/auth/refresh",
    "/auth/verify-email",
    "/auth/forgot-password",
    "/auth/reset-password",
    "/auth/confirm-email",
    "/auth/undo-email",
    "/auth/totp/setup",
    "/auth/totp/confirm",
    "/verify-email",
    "/reset-password",
    "/",
];

/// Every route that takes a body, by the document that describes them.
static ROUTES: LazyLock<Vec<(Method, String)>> = LazyLock::new(|| {
    let document = serde_json::to_value(portcullis::http::openapi()).unwrap();
    let of = |(path, item): (&String, &Value)| {
        let methods = ["post", "put", "patch", "delete"].into_iter().filter(|method| item.get(method).is_some());
        methods.map(|method| (method.to_uppercase().parse().unwrap(), path.clone())).collect::<Vec<_>>()
    };
    document["paths"].as_object().unwrap().iter().flat_map(of).collect()
});

/// Judges one body after the other.
pub struct Judge {
    app: App,
    bodies: u32,
    /// The name of someone without any role, their id and their token.
    user: (String, String, String),
    root: String,
}

impl Judge {
    pub fn new() -> Self {
        let app = App::new();
        let user = newcomer(&app, 0);
        let root = app.token("root1", ROOT_PASSWORD).unwrap();
        Self { app, bodies: 0, user, root }
    }

    /// Someone else takes the place of a user who has logged out, left, or is not who they were.
    fn restore(&mut self) {
        let is_let_in = |app: &App, token: &str| {
            let request = Request::get("/auth/me").header("authorization", format!("Bearer {token}"));
            app.ask(request.body(Body::empty()).unwrap()).status == StatusCode::OK
        };
        if !is_let_in(&self.app, &self.user.2) {
            self.user = newcomer(&self.app, self.bodies);
        }
        if !is_let_in(&self.app, &self.root) {
            match self.app.token("root1", ROOT_PASSWORD) {
                Some(token) => self.root = token,
                None => *self = Self::new(),
            }
        }
    }

    /// Judges a body, and tells whether it did something. The first line names the route, as `POST /auth/login`; if there is
    /// no such route, it stands for some other. The byte behind it says who sends the rest, and as what.
    ///
    /// # Panics
    ///
    /// If the server fails, gives something away, or takes somebody for somebody else.
    pub fn judge(&mut self, bytes: &[u8]) -> bool {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return false };
        let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
        let Some((who, body)) = rest.split_first() else { return false };
        let named = ROUTES.iter().position(|(method, path)| format!("{method} {path}").as_bytes() == line);
        let some_other = line.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
        let (method, path) = &ROUTES[named.unwrap_or(some_other % ROUTES.len())];
        self.bodies += 1;
        let did = send(self, method, path, *who, body);
        if did {
            self.restore();
        }
        if self.bodies == BODIES {
            *self = Self::new();
        }
        did
    }
}

fn newcomer(app: &App, number: u32) -> (String, String, String) {
    let name = format!("user-{number}");
    let id = app.add_user(&name);
    let token = app.token(&name, PASSWORD).unwrap();
    (name, id, token)
}

fn send(judge: &Judge, method: &Method, path: &str, who: u8, body: &[u8]) -> bool {
    let filled = path.replace("{id}", &judge.user.1).replace("{user_id}", &judge.user.1);
    let filled = filled.replace(['{', '}'], "");
    let mut request = Request::builder().method(method).uri(filled);
    let token = match who % 4 {
        0 => None,
        1 => Some(&judge.root),
        _ => Some(&judge.user.2),
    };
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request = match who / 4 % 16 {
        0 => request.header("content-type", "application/x-www-form-urlencoded"),
        1 => request,
        _ => request.header("content-type", "application/json"),
    };
    let answer = judge.app.ask(request.body(body.to_vec().into()).unwrap());
    let told = format!("{method} {path} {who} {}: {} {}", String::from_utf8_lossy(body), answer.status, answer.text);
    assert!(!answer.status.is_server_error(), "{told}");

    let is_public = PUBLIC.contains(&path)
        || path.starts_with("/auth/login/")
        || path.starts_with("/auth/verify-email/")
        || path.starts_with("/auth/register/");
    if token.is_none() && !is_public {
        assert!(answer.status.is_client_error(), "{told}");
    }
    if answer.status.is_client_error() && path.starts_with("/auth/") {
        let kind = answer.headers.get("content-type").map(|kind| kind.to_str().unwrap());
        assert_eq!(kind, Some("application/problem+json"), "{told}");
        assert!(answer.body["code"].is_string() && answer.body["status"] == answer.status.as_u16(), "{told}");
        assert!(answer.body.get("access_token").is_none(), "{told}");
        let secrets = [PASSWORD, ROOT_PASSWORD, &judge.root, &judge.user.2];
        assert!(!secrets.into_iter().any(|secret| answer.text.contains(secret)), "{told}");
    }
    let knows_root = who % 4 == 1 || String::from_utf8_lossy(body).contains("root's");
    if !knows_root {
        let roles = &answer.body["user"]["roles"];
        assert!(roles.as_array().is_none_or(Vec::is_empty), "{told}");
    }
    answer.status.is_success()
}
