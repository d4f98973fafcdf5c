//! What opens nothing, tried after every step.

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    app::Answer,
    forms::Browser,
    person::Person,
    step::{Shown, Typed},
    world::World,
};

/// How many of each kind are tried, the latest.
const TRIED: usize = 3;

/// An answer that was right, once.
pub struct Replay {
    pub path: &'static str,
    pub body: Value,
}

impl Replay {
    pub fn of(path: &'static str, flow: &str, response: &Value) -> Self {
        Self { path, body: json!({ "flow": flow, "webauthn_response": response }) }
    }
}

impl World {
    /// Whoever did something last is tried, and what was done by anyone.
    pub async fn try_all(&mut self, who: usize, so_far: &str) {
        self.try_replays(so_far).await;
        self.try_removed_keys(who, so_far).await;
        self.try_refresh_tokens(who, so_far).await;
        self.try_one_factor(who, so_far).await;
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.app.request(Method::POST, path).json(body).send().await
    }

    /// No challenge takes a second answer.
    async fn try_replays(&self, so_far: &str) {
        for replay in self.replays.iter().rev().take(TRIED) {
            let answer = self.post(replay.path, &replay.body).await;
            assert_eq!(answer.status, 401, "{so_far}: an answer counts twice at {}: {}", replay.path, answer.body);
        }
    }

    /// A key that was removed logs nobody in.
    async fn try_removed_keys(&mut self, who: usize, so_far: &str) {
        let Self { app, people, .. } = self;
        for key in people[who].passkeys.iter_mut().rev().filter(|key| key.is_removed).take(TRIED) {
            let begun = app.post("/auth/login/passkey/start").json(&json!({})).send().await.body;
            let response = key.answer(&begun["options"], true).await;
            let body = json!({ "flow": begun["flow"], "webauthn_response": response });
            let answer = app.post("/auth/login/passkey/finish").json(&body).send().await;
            assert_eq!(answer.status, 401, "{so_far}: a key that is gone logs in: {}", answer.body);
        }
    }

    /// A session that has ended does not go on.
    async fn try_refresh_tokens(&self, who: usize, so_far: &str) {
        let (person, now) = (&self.people[who], self.app.now());
        let is_over = |session: usize| person.is_gone || !person.sessions[session].is_alive(now);
        for refresh in person.refresh.iter().rev().filter(|refresh| is_over(refresh.session)).take(TRIED) {
            let answer = self.post("/auth/refresh", &json!({ "refresh_token": refresh.token })).await;
            assert_eq!(answer.status, 401, "{so_far}: an ended session goes on: {}", answer.body);
        }
    }

    /// The password of an account with a second factor opens nothing by itself, and with one that was removed neither.
    async fn try_one_factor(&mut self, who: usize, so_far: &str) {
        let person = &self.people[who];
        if person.is_gone || person.is_disabled || !person.has_password || !person.has_second_factor() {
            return;
        }
        let password = person.typed(Typed::Right).to_owned();
        let body = json!({ "name": person.name, "password": password });
        let answer = self.post("/auth/login", &body).await;
        let told = (answer.status.as_u16(), answer.code(), answer.body["access_token"].is_null());
        assert_eq!(told, (403, "second_factor_required", true), "{so_far}: the password of {}", person.name);
        let fields = [("name", person.name.as_str()), ("password", &password)];
        let by_page = Browser::with(&self.app, None, None).log_in("/login", &fields).await;
        let told = (by_page.status.as_u16(), by_page.body["cookie"].is_null());
        assert_eq!(told, (403, true), "{so_far}: the password of {}, by page", person.name);
        let flow = &answer.body["flow"];
        let (field, code, proof) = person.shown(&self.app, Shown::FormerTotp);
        if proof.is_none() {
            self.refuses(&json!({ "flow": flow, (field): code }), so_far).await;
        }
        self.try_removed_second_key(who, flow, so_far).await;
    }

    async fn try_removed_second_key(&mut self, who: usize, flow: &Value, so_far: &str) {
        let person: &Person = &self.people[who];
        let Some(key) = person.passkeys.iter().rposition(|key| key.is_removed) else { return };
        // What is asked of keys is told to whoever gives a wrong code.
        let body = json!({ "flow": flow, "recovery_code": "AAAA-AAAA-AAAA-AAAA" });
        let options = self.refuses(&body, so_far).await.body["webauthn_options"].clone();
        if options.is_object() {
            let response = self.people[who].passkeys[key].answer(&options, true).await;
            self.refuses(&json!({ "flow": flow, "webauthn_response": response }), so_far).await;
        }
    }

    async fn refuses(&self, body: &Value, so_far: &str) -> Answer {
        let answer = self.post("/auth/login/second-factor", body).await;
        assert_eq!(answer.status, 401, "{so_far}: a second factor that is none: {}", answer.body);
        answer
    }
}
