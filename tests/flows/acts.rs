//! What someone does who is logged in.

use axum::http::Method;
use serde_json::json;

use crate::{
    app::Answer,
    caller::Caller,
    key_acts::KeyAct,
    person::{AUTHORS, Key, Person, latest},
    step::{Act, Shown, Typed, Way},
    tokens::{Opened, Start},
    world::World,
};

impl World {
    pub async fn act(&mut self, who: usize, with: usize, way: Way, act: Act) -> (Answer, u16) {
        let Self { app, people, challenges, .. } = self;
        let app = &*app;
        let caller = Caller::of(app, &people[who], with, way);
        let may = caller.is_let_in && people[who].may(&caller, act);
        if act.is_with_passkeys() {
            return KeyAct { who, people, challenges, may }.take(&caller, act).await;
        }
        let person = &mut people[who];
        if !may {
            return (person.ask(&caller, act).await, 401);
        }
        match act {
            Act::Logout | Act::LogoutEverywhere | Act::EndSession { .. } | Act::Leave => person.end(&caller, act).await,
            Act::ChangePassword { password } => person.change_password(&caller, password).await,
            Act::Reauthenticate { password, code } => person.reauthenticate(&caller, password, code).await,
            Act::ConfirmTotp { shown } => person.confirm_totp(&caller, shown).await,
            Act::RemoveTotp { shown } => person.disable_totp(&caller, shown).await,
            Act::MakeKey | Act::DeleteKey { .. } => person.keep_keys(&caller, act).await,
            Act::ChangeEmail { .. } => (person.ask(&caller, act).await, 202),
            Act::SetUpTotp => {
                let answer = person.ask(&caller, act).await;
                person.set_up(app, &answer);
                (answer, 201)
            }
            Act::NewRecoveryCodes => {
                let answer = person.ask(&caller, act).await;
                if !person.has_second_factor() {
                    return (answer, 409);
                }
                person.take_recovery_codes(&answer);
                (answer, 200)
            }
            _ => unreachable!("{act:?} is with keys"),
        }
    }
}

impl Person {
    /// Whether someone who is let in is fresh, if that is asked for. Their session is seen in use by that.
    fn may(&mut self, caller: &Caller<'_>, act: Act) -> bool {
        let (now, has_second_factor) = (caller.app.now(), self.has_second_factor());
        let known = &mut self.sessions[caller.session];
        let is_fresh = known.is_fresh(now);
        if is_fresh || !act.is_for_fresh() || act.is_for_flows_too() {
            known.saw(now);
        }
        !act.is_for_fresh() || (is_fresh && (known.second_factor || !has_second_factor))
    }

    /// Sends what the act sends.
    async fn ask(&self, caller: &Caller<'_>, act: Act) -> Answer {
        if caller.way == Way::Page
            && let Some(answer) = self.fill_in(caller, act).await
        {
            return answer;
        }
        let nothing = json!({});
        match act {
            Act::Logout => caller.post("/auth/logout", &nothing).await,
            Act::LogoutEverywhere => caller.post("/auth/logout-all", &nothing).await,
            Act::EndSession { session } => {
                let id = latest(&self.sessions, session).map_or("none", |number| &self.sessions[number].id);
                caller.send(Method::DELETE, &format!("/auth/sessions/{id}"), &nothing).await
            }
            Act::ChangePassword { password } => {
                let body = json!({ "old_password": self.typed(password), "new_password": self.next_password() });
                caller.post("/auth/change-password", &body).await
            }
            Act::ChangeEmail { to } => {
                caller.post("/auth/change-email", &json!({ "new_email": Self::address(&self.name, to) })).await
            }
            Act::Reauthenticate { password, code } => {
                let mut body = json!({ "password": self.typed(password) });
                if let Some(shown) = code {
                    let (field, code, _) = self.shown(caller.app, shown);
                    body[field] = json!(code);
                }
                caller.post("/auth/reauthenticate", &body).await
            }
            Act::SetUpTotp => caller.post("/auth/totp/setup", &nothing).await,
            Act::ConfirmTotp { shown } => {
                let (code, _) = self.typed_to_confirm(caller.app, shown);
                caller.post("/auth/totp/confirm", &json!({ "code": code })).await
            }
            Act::RemoveTotp { shown } => {
                let (field, code, _) = self.shown(caller.app, shown);
                let field = if field == "two_fa_code" { "code" } else { field };
                caller.post("/auth/totp/disable", &json!({ (field): code })).await
            }
            Act::NewRecoveryCodes => caller.post("/auth/recovery-codes", &nothing).await,
            Act::MakeKey => caller.post("/auth/api-keys", &json!({ "name": "k", "scopes": [AUTHORS[0]] })).await,
            Act::DeleteKey { key } => {
                let id = latest(&self.keys, key).map_or("none", |number| &self.keys[number].id);
                caller.send(Method::DELETE, &format!("/auth/api-keys/{id}"), &nothing).await
            }
            Act::Leave => caller.send(Method::DELETE, "/auth/me", &nothing).await,
            _ => unreachable!("{act:?} is with keys"),
        }
    }

    async fn end(&mut self, caller: &Caller<'_>, act: Act) -> (Answer, u16) {
        let answer = self.ask(caller, act).await;
        match act {
            Act::Logout => self.sessions[caller.session].has_ended = true,
            Act::LogoutEverywhere => {
                self.end_sessions(None);
                self.generation += 1;
            }
            Act::EndSession { session } => {
                let other = latest(&self.sessions, session).unwrap();
                if self.sessions[other].has_ended {
                    return (answer, 404);
                }
                self.sessions[other].has_ended = true;
            }
            _ => self.is_gone = true,
        }
        (answer, 204)
    }

    async fn change_password(&mut self, caller: &Caller<'_>, password: Typed) -> (Answer, u16) {
        let answer = self.ask(caller, Act::ChangePassword { password }).await;
        if !self.is_right(password) {
            return (answer, 403);
        }
        self.set_password();
        self.end_sessions(Some(caller.session));
        (answer, 204)
    }

    async fn reauthenticate(&mut self, caller: &Caller<'_>, password: Typed, code: Option<Shown>) -> (Answer, u16) {
        let proof = code.and_then(|shown| self.shown(caller.app, shown).2);
        let answer = self.ask(caller, Act::Reauthenticate { password, code }).await;
        let now = caller.app.now();
        if !self.sessions[caller.session].is_alive(now) {
            return (answer, 401);
        }
        if !self.is_right(password) {
            return (answer, 403);
        }
        if self.has_second_factor() {
            if code.is_none() {
                return (answer, 403);
            }
            let Some(proof) = proof else { return (answer, 422) };
            self.spend(proof);
        }
        let start = Start::Reauthentication { of: caller.session };
        if answer.status == 200 {
            let opened = Opened { second_factor: self.has_second_factor(), auth_time: now, start };
            self.open(caller.app, &answer, &opened);
        }
        (answer, 200)
    }

    async fn confirm_totp(&mut self, caller: &Caller<'_>, shown: Shown) -> (Answer, u16) {
        let (_, step) = self.typed_to_confirm(caller.app, shown);
        let answer = self.ask(caller, Act::ConfirmTotp { shown }).await;
        let Some(step) = step else { return (answer, 422) };
        self.enrol(step, caller.app.now(), &answer);
        (answer, 200)
    }

    async fn disable_totp(&mut self, caller: &Caller<'_>, shown: Shown) -> (Answer, u16) {
        let (_, _, proof) = self.shown(caller.app, shown);
        let answer = self.ask(caller, Act::RemoveTotp { shown }).await;
        if self.totp.is_none() {
            return (answer, 409);
        }
        let Some(proof) = proof else { return (answer, 422) };
        self.spend(proof);
        self.remove_totp();
        (answer, 204)
    }

    async fn keep_keys(&mut self, caller: &Caller<'_>, act: Act) -> (Answer, u16) {
        let answer = self.ask(caller, act).await;
        if let Act::DeleteKey { key } = act {
            let Some(key) = latest(&self.keys, key).filter(|key| !self.keys[*key].is_deleted) else {
                return (answer, 404);
            };
            self.keys[key].is_deleted = true;
            return (answer, 204);
        }
        if !self.is_author {
            return (answer, 403);
        }
        if !self.sessions[caller.session].is_alive(caller.app.now()) {
            return (answer, 401);
        }
        let text = |name: &str| answer.body[name].as_str().unwrap_or_default().to_owned();
        self.keys.push(Key { text: text("key"), id: text("id"), is_deleted: false });
        (answer, 201)
    }
}
