//! Logging in, in one step or in several.

use std::time::Duration;

use portcullis::clock::Timestamp;
use serde_json::json;

use crate::{
    app::{Answer, TestApp},
    person::{Flow, Person, Wanted, latest},
    step::{Shown, Typed},
    tokens::{Opened, Start},
    world::World,
};

const FLOW_LIFETIME: Duration = Duration::from_mins(5);

impl Person {
    /// The flow of this number, the latest first, if a step may be taken in it now; and what to send for it.
    pub fn flow(&self, number: usize, step: Wanted, app: &TestApp) -> (String, Option<usize>) {
        let Some(number) = latest(&self.flows, number) else { return (format!("pcf_{}", "A".repeat(43)), None) };
        let flow = &self.flows[number];
        let is_good = !flow.is_over
            && app.now() < flow.ends_at
            && flow.waits_for == step
            && flow.password_version == self.password_version
            && flow.generation == self.generation
            && !self.is_gone
            && !self.is_disabled
            && match step {
                Wanted::SecondFactor => self.has_second_factor(),
                Wanted::NewPassword => flow.second_factor || !self.has_second_factor(),
            };
        (flow.id.clone(), is_good.then_some(number))
    }

    /// A login goes on in a flow, which this answer has to name.
    fn suspend(&mut self, answer: &Answer, flow: &Flow) {
        let id = answer.body["flow"].as_str().unwrap_or_else(|| panic!("no flow: {}", answer.body)).to_owned();
        self.flows.push(Flow { id, ..flow.clone() });
    }

    /// What was shown goes all the way, or leaves a new password to be chosen.
    pub fn advance(&mut self, app: &TestApp, answer: &Answer, flow: Flow) -> u16 {
        if flow.second_factor || !self.has_second_factor() {
            if !self.must_change_password {
                let start = Start::Login { remember: flow.remember };
                if answer.status == 200 {
                    let opened = Opened { second_factor: flow.second_factor, auth_time: flow.auth_time, start };
                    self.open(app, answer, &opened);
                }
                return 200;
            }
            self.suspend(answer, &Flow { waits_for: Wanted::NewPassword, ends_at: app.now() + FLOW_LIFETIME, ..flow });
        } else {
            self.suspend(answer, &Flow { waits_for: Wanted::SecondFactor, ends_at: app.now() + FLOW_LIFETIME, ..flow });
        }
        403
    }

    /// A login that has just begun, with nothing shown yet.
    pub fn begun_login(&self, now: Timestamp, remember: bool) -> Flow {
        Flow {
            id: String::new(),
            waits_for: Wanted::SecondFactor,
            second_factor: false,
            remember,
            auth_time: now,
            password_version: self.password_version,
            generation: self.generation,
            ends_at: now + FLOW_LIFETIME,
            is_over: false,
        }
    }
}

impl World {
    pub async fn login(
        &mut self,
        who: usize,
        password: Typed,
        code: Option<Shown>,
        remember: bool,
        by_email: bool,
    ) -> (Answer, u16) {
        let (app, person) = (&self.app, &mut self.people[who]);
        let name = if by_email { &person.email } else { &person.name };
        let mut body = json!({ "name": name, "password": person.typed(password), "remember": remember });
        // Only a code of an authenticator can come along.
        let code = code.map(|shown| person.typed_totp(app, shown));
        if let Some((code, _)) = &code {
            body["two_fa_code"] = json!(code);
        }
        let answer = app.post("/auth/login").json(&body).send().await;
        if !person.is_right(password) || person.is_gone || person.is_disabled {
            return (answer, 401);
        }
        let flow = person.begun_login(app.now(), remember);
        let expected = match code {
            Some((_, None)) if person.has_second_factor() => {
                person.suspend(&answer, &flow);
                401
            }
            Some((_, Some(step))) => {
                person.use_totp(step);
                person.advance(app, &answer, Flow { second_factor: true, ..flow })
            }
            _ => person.advance(app, &answer, flow),
        };
        (answer, expected)
    }

    pub async fn log_in_by_page(
        &mut self,
        who: usize,
        password: Typed,
        remember: bool,
        by_email: bool,
    ) -> (Answer, u16) {
        let (app, person) = (&self.app, &mut self.people[who]);
        let name = if by_email { &person.email } else { &person.name };
        let mut fields = vec![("name", name.as_str()), ("password", person.typed(password))];
        fields.extend(remember.then_some(("remember", "on")));
        let answer = person.browser(app, None).log_in("/login", &fields).await;
        if !person.is_right(password) || person.is_gone || person.is_disabled {
            return (answer, 401);
        }
        let expected = person.advance(app, &answer, person.begun_login(app.now(), remember));
        (answer, expected)
    }

    pub async fn give_second_factor(&mut self, who: usize, flow: usize, shown: Shown, by_page: bool) -> (Answer, u16) {
        let (app, person) = (&self.app, &mut self.people[who]);
        let (id, flow) = person.flow(flow, Wanted::SecondFactor, app);
        let (field, code, proof) = person.shown(app, shown);
        let answer = if by_page {
            let field = if field == "two_fa_code" { "code" } else { field };
            person.browser(app, Some(&id)).log_in("/login/second-factor", &[(field, &code)]).await
        } else {
            app.post("/auth/login/second-factor").json(&json!({ "flow": id, (field): code })).send().await
        };
        let (Some(number), Some(proof)) = (flow, proof) else { return (answer, 401) };
        person.spend(proof);
        person.flows[number].is_over = true;
        let flow = Flow { second_factor: true, is_over: false, ..person.flows[number].clone() };
        let expected = person.advance(app, &answer, flow);
        (answer, expected)
    }

    pub async fn give_new_password(&mut self, who: usize, flow: usize, by_page: bool) -> (Answer, u16) {
        let (app, person) = (&self.app, &mut self.people[who]);
        let (id, flow) = person.flow(flow, Wanted::NewPassword, app);
        let new = person.next_password();
        let answer = if by_page {
            let fields = [("new_password", new.as_str()), ("new_password_again", &new)];
            person.browser(app, Some(&id)).log_in("/login/new-password", &fields).await
        } else {
            app.post("/auth/login/new-password").json(&json!({ "flow": id, "new_password": new })).send().await
        };
        let Some(number) = flow else { return (answer, 401) };
        person.set_password();
        person.end_sessions(None);
        person.flows[number].is_over = true;
        let flow = Flow { is_over: false, password_version: person.password_version, ..person.flows[number].clone() };
        let expected = person.advance(app, &answer, flow);
        (answer, expected)
    }
}
