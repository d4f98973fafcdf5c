//! Logging in with a key: alone, or as second factor.

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    app::Answer,
    challenges::Purpose,
    passkeys::Shown,
    person::{Flow, Wanted},
    step::{KeyAnswer, Kind},
    tries::Replay,
    world::World,
};

impl World {
    pub async fn begin_key_login(&mut self) -> (Answer, u16) {
        let answer = self.app.post("/auth/login/passkey/start").json(&json!({})).send().await;
        self.challenges.give(Purpose::Login, &answer.body["flow"], &answer.body["options"], self.app.now());
        (answer, 200)
    }

    /// Whoever's key it is gets in, if it is a passkey and its holder was verified.
    pub async fn log_in_with_key(
        &mut self,
        who: usize,
        answer: KeyAnswer,
        remember: bool,
        by_page: bool,
    ) -> (Answer, u16) {
        let Self { app, people, challenges, replays, .. } = self;
        let shown = Shown::made(people, challenges, who, answer).await;
        let replay = Replay::of("/auth/login/passkey/finish", &shown.flow, &shown.response);
        let answer = if by_page {
            let response = shown.response.to_string();
            let mut fields = vec![("flow", shown.flow.as_str()), ("webauthn_response", &response)];
            fields.extend(remember.then_some(("remember", "on")));
            people[who].browser(app, None).log_in("/login/passkey", &fields).await
        } else {
            let body = json!({ "flow": shown.flow, "webauthn_response": shown.response, "remember": remember });
            app.post(replay.path).json(&body).send().await
        };
        let taken = challenges.take(&shown.flow, Purpose::Login, app.now());
        let is_right = shown.by(taken, challenges, people).is_some_and(|key| key.kind == Kind::Passkey);
        let person = &mut people[shown.owner];
        if !is_right || person.is_disabled {
            return (answer, 401);
        }
        replays.push(replay);
        let flow = Flow { second_factor: true, ..person.begun_login(app.now(), remember) };
        let expected = person.advance(app, &answer, flow);
        (answer, expected)
    }

    pub async fn give_second_key(
        &mut self,
        who: usize,
        flow: usize,
        answer: KeyAnswer,
        by_page: bool,
    ) -> (Answer, u16) {
        let Self { app, people, challenges, replays, .. } = self;
        let shown = Shown::made(people, challenges, who, answer).await;
        let (id, number) = people[who].flow(flow, Wanted::SecondFactor, app);
        let replay = Replay::of("/auth/login/second-factor", &id, &shown.response);
        let answer = if by_page {
            let response = shown.response.to_string();
            let browser = people[who].browser(app, Some(&id));
            browser.log_in("/login/second-factor", &[("webauthn_response", &response)]).await
        } else {
            app.post(replay.path).json(&replay.body).send().await
        };
        let Some(number) = number else { return (answer, 401) };
        let taken = challenges.take(&id, Purpose::SecondFactor { who }, app.now());
        if shown.by(taken, challenges, people).is_none() {
            return (answer, 401);
        }
        replays.push(replay);
        let person = &mut people[who];
        person.flows[number].is_over = true;
        let flow = Flow { second_factor: true, is_over: false, ..person.flows[number].clone() };
        let expected = person.advance(app, &answer, flow);
        (answer, expected)
    }

    /// A login that waits for a second factor asks for any of the keys that there are, in place of what it asked before.
    pub fn note_challenge(&mut self, who: usize, answer: &Answer) {
        let (flow, options) = (&answer.body["flow"], &answer.body["webauthn_options"]);
        let waits = matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if waits && flow.is_string() && options.is_object() {
            let given = self.challenges.give(Purpose::SecondFactor { who }, flow, options, self.app.now());
            given.asks_for = self.people[who].living_passkeys();
        }
    }
}
