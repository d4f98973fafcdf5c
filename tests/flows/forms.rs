//! A browser that shows the pages. What they say is told as the account routes tell it, so that one model judges both.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    app::{Answer, TestApp},
    visitor::{Visitor, between},
};

pub const COOKIE: &str = "__Host-portcullis";

/// What a browser keeps while a login is not finished.
const PRE: &str = "__Host-portcullis-pre";

/// A browser, and the session that it had when it was opened.
pub struct Browser<'a> {
    app: &'a TestApp,
    visitor: Visitor<'a>,
    had: Option<String>,
}

impl<'a> Browser<'a> {
    /// One with the cookie of this session, and in the middle of this login.
    pub fn with(app: &'a TestApp, session: Option<&str>, flow: Option<&str>) -> Self {
        let visitor = Visitor::new(app);
        if let Some(session) = session {
            visitor.set_cookie(COOKIE, session);
        }
        if let Some(flow) = flow {
            visitor.set_cookie(PRE, &format!("{flow}~~"));
        }
        Self { app, visitor, had: session.map(str::to_owned) }
    }

    /// Takes a step of a login.
    pub async fn log_in(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.visitor.post(path, fields).await;
        match (answer.status, answer.header("location")) {
            (StatusCode::SEE_OTHER, "/account") => self.entered(answer).await,
            (StatusCode::SEE_OTHER, "/login/second-factor") => {
                let page = self.visitor.get("/login/second-factor").await.expect(StatusCode::OK);
                self.asked_by(page, 403)
            }
            (StatusCode::SEE_OTHER, "/login/new-password") => {
                self.visitor.get("/login/new-password").await.expect(StatusCode::OK);
                told(answer, 403, json!({ "flow": self.flow() }))
            }
            // Too late.
            (StatusCode::SEE_OTHER, "/login") => told(answer, 401, Value::Null),
            // The page says of a passkey what is wrong with it, as of a field.
            (StatusCode::UNPROCESSABLE_ENTITY, _) if path == "/login/passkey" => told(answer, 401, Value::Null),
            (StatusCode::UNAUTHORIZED, _) if path == "/login/second-factor" => self.asked_by(answer, 401),
            _ => answer,
        }
    }

    /// Sends a form of someone who is logged in. Where all goes well, the account routes would answer `done`.
    pub async fn act(&self, path: &str, fields: &[(&str, &str)], done: u16) -> Answer {
        let answer = self.visitor.post(path, fields).await;
        match (answer.status, answer.header("location").split('?').next()) {
            (StatusCode::SEE_OTHER, Some("/login" | "/reauthenticate")) => told(answer, 401, Value::Null),
            (StatusCode::SEE_OTHER, _) if path == "/reauthenticate" => self.entered(answer).await,
            (StatusCode::SEE_OTHER, _) => told(answer, done, Value::Null),
            (StatusCode::OK, _) => {
                let page = text_of(&answer);
                let codes: Vec<_> = between(&page, "id=\"codes\">", "</pre>").lines().collect();
                told(answer, done, json!({ "recovery_codes": codes }))
            }
            _ => answer,
        }
    }

    /// Sends the form of the page that the link of a mail leads to.
    pub async fn follow(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.visitor.post(path, fields).await;
        match answer.status {
            StatusCode::SEE_OTHER => {
                answer.leads_to("/login");
                told(answer, if path == "/reset-password" { 204 } else { 200 }, Value::Null)
            }
            _ => answer,
        }
    }

    /// Opens the page on which an authenticator is set up, which begins it.
    pub async fn set_up(&self) -> Answer {
        let answer = self.visitor.get("/account/authenticator/set-up").await;
        match answer.status {
            StatusCode::SEE_OTHER => told(answer, 401, Value::Null),
            StatusCode::OK => {
                let secret = json!({ "secret": between(&text_of(&answer), "name=\"secret\" value=\"", "\"") });
                told(answer, 201, secret)
            }
            _ => answer,
        }
    }

    /// Whether a page is shown that asks for someone who is logged in.
    pub async fn is_let_in(&self) -> bool {
        let answer = self.visitor.get("/account/password").await;
        if answer.status != StatusCode::OK {
            answer.leads_to("/login?next=%2Faccount%2Fpassword");
            return false;
        }
        true
    }

    /// The session that the browser has from now on: its secret and its id, and the one that it had before.
    async fn entered(&self, answer: Answer) -> Answer {
        let secret = self.visitor.cookie(COOKIE).unwrap();
        let sessions = self.visitor.send(self.app.get("/auth/sessions")).await.expect(StatusCode::OK).body;
        let current = sessions["items"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
        let body = json!({ "cookie": secret, "session": current["id"], "instead_of": self.had });
        told(answer, 200, body)
    }

    /// What the page of the second factor asks for.
    fn asked_by(&self, page: Answer, status: u16) -> Answer {
        let mut body = json!({ "flow": self.flow() });
        let text = text_of(&page);
        if text.contains("data-options=\"") {
            let options = unescaped(between(&text, "data-options=\"", "\""));
            body["webauthn_options"] = serde_json::from_str(&options).unwrap();
        }
        told(page, status, body)
    }

    fn flow(&self) -> String {
        self.visitor.cookie(PRE).unwrap().split('~').next().unwrap().to_owned()
    }
}

fn told(answer: Answer, status: u16, body: Value) -> Answer {
    Answer { status: StatusCode::from_u16(status).unwrap(), body, ..answer }
}

fn text_of(answer: &Answer) -> String {
    String::from_utf8(answer.bytes.clone()).unwrap()
}

fn unescaped(html: &str) -> String {
    let marks = [("&quot;", "\""), ("&#x2f;", "/"), ("&#x27;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    marks.into_iter().fold(html.to_owned(), |text, (mark, character)| text.replace(mark, character))
}
