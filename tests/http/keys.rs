//! What tests of keys share.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    key::Key,
};

impl TestApp {
    /// Begins to add a key and answers what was asked.
    pub async fn begin_key(&self, token: &str, kind: &str) -> Value {
        let call = self.post("/auth/webauthn/register/start").bearer(token).json(&json!({"kind": kind}));
        call.send().await.expect(StatusCode::OK).body
    }

    /// Sends what a key answered to that.
    pub async fn finish_key(&self, token: &str, begun: &Value, response: &Value, name: &str) -> Answer {
        let body = json!({"flow": begun["flow"], "webauthn_response": response, "name": name});
        self.post("/auth/webauthn/register/finish").bearer(token).json(&body).send().await
    }

    /// Adds a key, and answers what that was answered.
    pub async fn add_key(&self, token: &str, kind: &str, key: &mut Key) -> Value {
        let begun = self.begin_key(token, kind).await;
        let response = key.register(&begun["options"]);
        self.finish_key(token, &begun, &response, "Key").await.expect(StatusCode::CREATED).body
    }

    /// A user who has added this passkey; answers the token of the session in which they did.
    pub async fn user_with_passkey(&self, username: &str, key: &mut Key) -> String {
        let token = self.user(username).await;
        self.add_key(&token, "passkey", key).await;
        token
    }

    /// Begins a login with a passkey and answers what was asked.
    pub async fn begin_passkey_login(&self) -> Value {
        self.post("/auth/login/passkey/start").json(&json!({})).send().await.expect(StatusCode::OK).body
    }

    /// Sends what a passkey answered to that.
    pub async fn finish_passkey_login(&self, begun: &Value, response: &Value) -> Answer {
        let body = json!({"flow": begun["flow"], "webauthn_response": response});
        self.post("/auth/login/passkey/finish").json(&body).send().await
    }

    /// Logs in with a passkey.
    pub async fn passkey_login(&self, key: &mut Key) -> Answer {
        let begun = self.begin_passkey_login().await;
        self.finish_passkey_login(&begun, &key.answer(&begun["options"])).await
    }

    /// Gives the right password of a user who has a key, and answers what was asked.
    pub async fn begin_second_factor(&self, username: &str) -> Value {
        self.login(username, PASSWORD).await.expect_problem(403, "second_factor_required").body
    }

    /// Sends what a key answered to that.
    pub async fn finish_second_factor(&self, asked: &Value, response: &Value) -> Answer {
        let body = json!({"flow": asked["flow"], "webauthn_response": response});
        self.post("/auth/login/second-factor").json(&body).send().await
    }

    /// Logs in with the password and this key.
    pub async fn login_with_key(&self, username: &str, key: &mut Key) -> Answer {
        let asked = self.begin_second_factor(username).await;
        self.finish_second_factor(&asked, &key.answer(&asked["webauthn_options"])).await
    }

    /// Begins to show with a key again who one is.
    pub async fn begin_reauthentication(&self, token: &str) -> Value {
        self.post("/auth/reauthenticate/start").bearer(token).json(&json!({})).send().await.expect(StatusCode::OK).body
    }

    /// The keys that the list holds.
    pub async fn keys(&self, token: &str) -> Vec<Value> {
        let answer = self.get("/auth/webauthn/credentials").bearer(token).send().await.expect(StatusCode::OK);
        answer.body["items"].as_array().unwrap().clone()
    }
}

/// How the token of this answer says that its user authenticated: `amr`, sorted, and `acr`.
pub fn authenticated_by(answer: &Answer) -> (Vec<String>, String) {
    let token = answer.body["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.body));
    let claims = crate::key::decoded(&json!(token.split('.').nth(1).unwrap()));
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    let mut amr = crate::authenticator::texts(&claims["amr"]);
    amr.sort();
    (amr, claims["acr"].as_str().unwrap().to_owned())
}

/// The access token of an answer.
pub fn token_of(answer: &Answer) -> String {
    answer.body["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
}
