//! Someone with a browser: it keeps cookies, says where forms come from, and follows no redirects by itself.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::http::{HeaderMap, Method, StatusCode};

use crate::app::{Answer, Call, PASSWORD, TestApp};

pub struct Visitor<'a> {
    /// Who is asked, in turn.
    apps: Vec<&'a TestApp>,
    turn: AtomicUsize,
    cookies: Mutex<BTreeMap<String, String>>,
}

impl<'a> Visitor<'a> {
    pub fn new(app: &'a TestApp) -> Self {
        Self::among([app])
    }

    /// One whose requests a balancer sends to another of these each time.
    pub fn among(apps: impl IntoIterator<Item = &'a TestApp>) -> Self {
        Self { apps: apps.into_iter().collect(), turn: AtomicUsize::default(), cookies: Mutex::default() }
    }

    /// The browser of someone new, who is logged in.
    pub async fn of(app: &'a TestApp, username: &str) -> Self {
        app.register(username, &format!("{username}@example.com")).await.expect(StatusCode::CREATED);
        let visitor = Self::new(app);
        visitor.log_in(username, PASSWORD).await.leads_to("/account");
        visitor
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.app().request(Method::GET, path)).await
    }

    /// Fills a form of this service in and sends it.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.form(path, fields).header("sec-fetch-site", "same-origin")).await
    }

    /// A form, not said to come from anywhere.
    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Call<'a> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let call = self.app().request(Method::POST, path);
        call.header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    /// Sends a request with the cookies of this browser, and keeps those of the answer.
    pub async fn send(&self, call: Call<'a>) -> Answer {
        let cookies = self.cookies.lock().unwrap().clone();
        let cookies: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let call = if cookies.is_empty() { call } else { call.header("cookie", &cookies.join("; ")) };
        let answer = call.send().await;
        self.keep(&answer.headers);
        answer
    }

    /// The one whose turn it is.
    pub fn app(&self) -> &'a TestApp {
        self.apps[self.turn.fetch_add(1, Ordering::Relaxed) % self.apps.len()]
    }

    /// The value of a cookie that this browser has.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// Puts a cookie into this browser, as a stranger might.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    fn keep(&self, headers: &HeaderMap) {
        let mut cookies = self.cookies.lock().unwrap();
        for cookie in headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (pair, attributes) = cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Logs in, without anything more being asked for.
    pub async fn log_in(&self, name: &str, password: &str) -> Answer {
        self.post("/login", &[("name", name), ("password", password)]).await
    }
}

impl Answer {
    /// The page, which is one in HTML.
    #[track_caller]
    pub fn page(self) -> String {
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8");
        String::from_utf8(self.bytes).unwrap()
    }

    /// Where it leads.
    #[track_caller]
    pub fn leads_to(&self, location: &str) {
        assert_eq!((self.status, self.header("location")), (StatusCode::SEE_OTHER, location), "{:?}", self.headers);
    }
}

/// What stands on a page between these two.
#[track_caller]
pub fn between<'a>(page: &'a str, start: &str, end: &str) -> &'a str {
    let rest = &page[page.find(start).unwrap_or_else(|| panic!("{start} in {page}")) + start.len()..];
    &rest[..rest.find(end).unwrap()]
}
