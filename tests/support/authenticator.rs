//! An authenticator app, as a user has it on their phone.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::time::Duration;

use axum::http::StatusCode;
use portcullis::clock::{Clock, Timestamp};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::app::{Answer, TestApp};

/// An app that knows one secret.
pub struct Authenticator(totp_rs::Totp);

impl Authenticator {
    /// The app into which this secret was typed, in base32.
    pub fn of(secret: &str) -> Self {
        let secret = Secret::try_from_base32(secret).unwrap();
        Self(Builder::new().with_secret(secret).build_noncompliant())
    }

    /// The code that it shows at this moment.
    pub fn code_at(&self, at: Timestamp) -> String {
        self.0.generate(at.as_secs().try_into().unwrap()).to_string()
    }

    /// The code that it shows now.
    pub fn code(&self, app: &TestApp) -> String {
        self.code_at(app.clock.now())
    }

    /// The next code that it shows, once it does.
    pub fn next_code(&self, app: &TestApp) -> String {
        app.advance(Duration::from_secs(30));
        self.code(app)
    }

    /// A code that it does not show around now.
    pub fn wrong_code(&self, app: &TestApp) -> String {
        let now = app.clock.now();
        let shown = [-30, 0, 30].map(|off: i64| self.code_at(Timestamp::from_secs(now.as_secs() + off)));
        (0..4).map(|digit| digit.to_string().repeat(6)).find(|code| !shown.contains(code)).unwrap()
    }
}

/// What a user has who set an authenticator up.
pub struct Enrolled {
    pub authenticator: Authenticator,
    pub recovery_codes: Vec<String>,
}

impl TestApp {
    /// Begins to set an authenticator up.
    pub async fn set_up(&self, token: &str) -> Authenticator {
        let setup = self.post("/auth/totp/setup").bearer(token).send().await.expect(StatusCode::CREATED);
        Authenticator::of(setup.body["secret"].as_str().unwrap())
    }

    /// Sets one up and confirms it.
    pub async fn enrol(&self, token: &str) -> Enrolled {
        let authenticator = self.set_up(token).await;
        let body = json!({"code": authenticator.code(self)});
        let confirmed = self.post("/auth/totp/confirm").bearer(token).json(&body).send().await.expect(StatusCode::OK);
        Enrolled { authenticator, recovery_codes: texts(&confirmed.body["recovery_codes"]) }
    }

    /// Gives the right password of a user who is then asked for more, and answers the flow.
    pub async fn flow_of(&self, username: &str) -> String {
        let answer = self.login(username, crate::app::PASSWORD).await.expect_problem(403, "second_factor_required");
        answer.body["flow"].as_str().unwrap().to_owned()
    }

    /// Finishes a login with what `field` says: `two_fa_code` or `recovery_code`.
    pub async fn finish(&self, flow: &str, field: &str, code: &str) -> Answer {
        self.post("/auth/login/second-factor").json(&json!({"flow": flow, field: code})).send().await
    }

    /// Logs in with everything at once.
    pub async fn login_in_one_call(&self, username: &str, code: &str) -> Answer {
        let body = json!({"name": username, "password": crate::app::PASSWORD, "two_fa_code": code});
        self.post("/auth/login").json(&body).send().await
    }
}

/// A list of texts.
pub fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}
