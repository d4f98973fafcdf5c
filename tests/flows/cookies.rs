//! Cookies of sessions that were opened on pages.

use axum::http::Method;
use portcullis::clock::Timestamp;
use serde_json::json;

use crate::{
    app::{Call, TestApp},
    forms::{Browser, COOKIE},
    person::{AUTHORS, Person},
    world::World,
};

pub struct Cookie {
    pub secret: String,
    pub session: usize,
}

impl Person {
    /// Whether this cookie opens anything, on pages or elsewhere.
    pub fn lets_in_cookie(&self, cookie: &Cookie, now: Timestamp) -> bool {
        !self.is_gone && !self.is_disabled && self.sessions[cookie.session].is_alive(now)
    }

    /// Their browser, which has the cookie of the last session that it was in, whatever became of that.
    pub fn browser<'a>(&self, app: &'a TestApp, flow: Option<&str>) -> Browser<'a> {
        Browser::with(app, self.cookies.last().map(|cookie| cookie.secret.as_str()), flow)
    }

    /// Someone logged in in a browser that had this cookie until then.
    pub fn leave_cookie(&mut self, secret: &str, now: Timestamp) {
        let cookie = self.cookies.iter().position(|cookie| cookie.secret == secret);
        if let Some(cookie) = cookie.filter(|cookie| self.lets_in_cookie(&self.cookies[*cookie], now)) {
            self.sessions[self.cookies[cookie].session].has_ended = true;
        }
    }
}

impl World {
    /// The cookie of an ended session is refused at once, on pages and everywhere else; every other one is let in as whom
    /// it was made for.
    pub async fn check_cookies(&mut self, so_far: &str) {
        let (app, service, now) = (&self.app, &self.service, self.app.now());
        for person in &mut self.people {
            for number in 0..person.cookies.len() {
                let Cookie { secret, session } = &person.cookies[number];
                let lets_in = person.lets_in_cookie(&person.cookies[number], now);
                let is_shown = Browser::with(app, Some(secret), None).is_let_in().await;
                assert_eq!(is_shown, lets_in, "{so_far}: a page of {}", person.name);
                let call = Call::new(service, Method::GET, "/who-am-i");
                let answer = call.header("cookie", &format!("{COOKIE}={secret}")).send().await;
                if !lets_in {
                    assert_eq!(answer.status, 401, "{so_far}: a cookie of {} is let in", person.name);
                    continue;
                }
                let session = &mut person.sessions[*session];
                let expected = json!({
                    "id": person.id.to_string(),
                    "session": session.id,
                    "scopes": if person.is_author { &AUTHORS[..] } else { &[] },
                    "acr": if session.second_factor { "aal2" } else { "aal1" },
                });
                assert_eq!((answer.status.as_u16(), &answer.body), (200, &expected), "{so_far}: {}", person.name);
                session.saw(now);
            }
        }
    }
}
