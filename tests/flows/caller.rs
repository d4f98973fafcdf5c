//! Someone who says who they are.

use axum::http::Method;
use serde_json::Value;

use crate::{
    app::{Answer, TestApp},
    forms::{Browser, COOKIE},
    person::{Person, latest},
    step::Way,
};

/// An access token or a cookie as it is used: its text, and the session that it is one of.
pub struct Caller<'a> {
    pub app: &'a TestApp,
    pub way: Way,
    credential: String,
    pub session: usize,
    pub is_let_in: bool,
}

impl<'a> Caller<'a> {
    /// The one of this number among those that someone may have for this way, the latest first.
    pub fn of(app: &'a TestApp, person: &Person, number: usize, way: Way) -> Self {
        let now = app.now();
        let known = match way {
            Way::Bearer => latest(&person.access, number).map(|number| {
                let access = &person.access[number];
                (&access.token, access.session, person.lets_in(access, now))
            }),
            Way::Cookie | Way::Page => latest(&person.cookies, number).map(|number| {
                let cookie = &person.cookies[number];
                (&cookie.secret, cookie.session, person.lets_in_cookie(cookie, now))
            }),
        };
        let nobodys = "nobodys".to_owned();
        let (credential, session, is_let_in) = known.unwrap_or((&nobodys, 0, false));
        Self { app, way, credential: credential.clone(), session, is_let_in }
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let call = self.app.request(method, path).json(body);
        let call = match self.way {
            Way::Bearer => call.bearer(&self.credential),
            Way::Cookie | Way::Page => {
                call.header("cookie", &format!("{COOKIE}={}", self.credential)).header("sec-fetch-site", "same-origin")
            }
        };
        call.send().await
    }

    /// The browser that has the cookie.
    pub fn browser(&self) -> Browser<'a> {
        Browser::with(self.app, Some(&self.credential), None)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }
}
