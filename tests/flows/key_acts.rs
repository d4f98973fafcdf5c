//! What someone who is logged in does with keys.

use axum::http::Method;
use serde_json::json;

use crate::{
    app::Answer,
    caller::Caller,
    challenges::{Challenges, Purpose},
    passkeys::{Passkey, Shown},
    person::{Person, latest},
    step::{Act, KeyAnswer, Kind, Typed, Way},
    tokens::{Opened, Start},
};

/// A key's path where there is none.
const NONE: &str = "none";

/// What someone does, among all people and challenges.
pub struct KeyAct<'a> {
    pub who: usize,
    pub people: &'a mut [Person],
    pub challenges: &'a mut Challenges,
    /// Whether the guard lets the caller in, and they are fresh if that is asked for.
    pub may: bool,
}

impl KeyAct<'_> {
    pub async fn take(self, caller: &Caller<'_>, act: Act) -> (Answer, u16) {
        match act {
            Act::BeginPasskey { kind } => self.begin(caller, kind).await,
            Act::AddPasskey { challenge, verified } => self.add(caller, challenge, verified).await,
            Act::RenamePasskey { key } => self.rename(caller, key).await,
            Act::RemovePasskey { key } => self.remove(caller, key).await,
            Act::BeginAgain => self.begin_again(caller).await,
            Act::ShowAgain { answer, password } => self.show_again(caller, answer, password).await,
            _ => unreachable!("{act:?} is without keys"),
        }
    }

    fn person(&mut self) -> &mut Person {
        &mut self.people[self.who]
    }

    async fn begin(self, caller: &Caller<'_>, kind: Kind) -> (Answer, u16) {
        let answer = caller.post("/auth/webauthn/register/start", &json!({ "kind": kind.as_str() })).await;
        if !self.may {
            return (answer, 401);
        }
        let purpose = Purpose::Registration { who: self.who, session: caller.session };
        let (flow, options) = (&answer.body["flow"], &answer.body["options"]);
        self.challenges.give(purpose, flow, options, caller.app.now()).kind = kind;
        (answer, 200)
    }

    async fn add(mut self, caller: &Caller<'_>, challenge: usize, verified: bool) -> (Answer, u16) {
        let asked = latest(&self.challenges.0, challenge).map(|number| &self.challenges.0[number]);
        let never = (format!("pcf_{}", "A".repeat(43)), Kind::Passkey, json!({ "challenge": "A".repeat(43) }));
        let (flow, kind, options) =
            asked.map_or(never, |asked| (asked.flow.clone(), asked.kind, asked.options.clone()));
        let (made, response) = Passkey::made_for(&options, verified).await;
        let name = format!("Key {}", self.person().passkeys.len());
        let answer = if caller.way == Way::Page {
            let response = response.to_string();
            let fields = [("flow", flow.as_str()), ("webauthn_response", &response), ("name", &name)];
            caller.browser().act("/account/passkeys/new", &fields, 201).await
        } else {
            let body = json!({ "flow": flow, "webauthn_response": response, "name": name });
            caller.post("/auth/webauthn/register/finish", &body).await
        };
        if !self.may {
            return (answer, 401);
        }
        let purpose = Purpose::Registration { who: self.who, session: caller.session };
        if self.challenges.take(&flow, purpose, caller.app.now()).is_none() {
            return (answer, 401);
        }
        if kind == Kind::Passkey && !verified {
            return (answer, 422);
        }
        if answer.status == 201 {
            self.person().keep_passkey(caller.app, &answer, kind, &name, made).await;
        }
        (answer, 201)
    }

    async fn rename(mut self, caller: &Caller<'_>, key: usize) -> (Answer, u16) {
        let (number, id) = self.meant(key);
        let name = format!("Renamed at {}", caller.app.now().as_secs());
        let answer = if caller.way == Way::Page {
            caller.browser().act(&format!("/account/passkeys/{id}"), &[("name", &name)], 200).await
        } else {
            let path = format!("/auth/webauthn/credentials/{id}");
            caller.send(Method::PATCH, &path, &json!({ "name": name })).await
        };
        if !self.may {
            return (answer, 401);
        }
        let Some(number) = number else { return (answer, 404) };
        self.person().passkeys[number].name = name;
        (answer, 200)
    }

    async fn remove(mut self, caller: &Caller<'_>, key: usize) -> (Answer, u16) {
        let (number, id) = self.meant(key);
        let answer = if caller.way == Way::Page {
            caller.browser().act(&format!("/account/passkeys/{id}"), &[("remove", "yes")], 204).await
        } else {
            let path = format!("/auth/webauthn/credentials/{id}");
            caller.send(Method::DELETE, &path, &json!({})).await
        };
        if !self.may {
            return (answer, 401);
        }
        let Some(number) = number else { return (answer, 404) };
        let person = self.person();
        if !person.gets_in_without(number) {
            return (answer, 409);
        }
        person.passkeys[number].is_removed = true;
        person.codes_follow();
        (answer, 204)
    }

    async fn begin_again(self, caller: &Caller<'_>) -> (Answer, u16) {
        let answer = caller.post("/auth/reauthenticate/start", &json!({})).await;
        if !self.may {
            return (answer, 401);
        }
        let asks_for = self.people[self.who].living_passkeys();
        if asks_for.is_empty() {
            return (answer, 409);
        }
        let purpose = Purpose::Again { who: self.who, session: caller.session };
        let (flow, options) = (&answer.body["flow"], &answer.body["webauthn_options"]);
        self.challenges.give(purpose, flow, options, caller.app.now()).asks_for = asks_for;
        (answer, 200)
    }

    /// A passkey stands alone; any key stands beside the password.
    async fn show_again(mut self, caller: &Caller<'_>, answer: KeyAnswer, password: Option<Typed>) -> (Answer, u16) {
        let shown = Shown::made(self.people, self.challenges, self.who, answer).await;
        let typed = password.map(|typed| self.person().typed(typed).to_owned());
        let answer = if caller.way == Way::Page {
            let response = shown.response.to_string();
            let mut fields = vec![("flow", shown.flow.as_str()), ("webauthn_response", &response)];
            fields.extend(typed.as_ref().map(|typed| ("password", typed.as_str())));
            caller.browser().act("/reauthenticate", &fields, 200).await
        } else {
            let mut body = json!({ "flow": shown.flow, "webauthn_response": shown.response });
            if let Some(typed) = &typed {
                body["password"] = json!(typed);
            }
            caller.post("/auth/reauthenticate", &body).await
        };
        let (now, person) = (caller.app.now(), &self.people[self.who]);
        if !self.may || !person.sessions[caller.session].is_alive(now) {
            return (answer, 401);
        }
        if password.is_some_and(|typed| !person.is_right(typed)) {
            return (answer, 403);
        }
        let has_second_factor = person.has_second_factor();
        // Where there is nothing to ask for beside the password, nothing else is looked at.
        if password.is_none() || has_second_factor {
            let purpose = Purpose::Again { who: self.who, session: caller.session };
            let taken = self.challenges.take(&shown.flow, purpose, now);
            let key = shown.by(taken, self.challenges, self.people);
            if key.is_none_or(|key| password.is_none() && key.kind != Kind::Passkey) {
                return (answer, 422);
            }
        }
        if answer.status == 200 {
            let start = Start::Reauthentication { of: caller.session };
            let opened = Opened { second_factor: has_second_factor, auth_time: now, start };
            self.person().open(caller.app, &answer, &opened);
        }
        (answer, 200)
    }

    /// The key that is meant, if they have it, and how it is called in paths.
    fn meant(&self, key: usize) -> (Option<usize>, String) {
        let keys = &self.people[self.who].passkeys;
        let number = latest(keys, key);
        let id = number.map_or(NONE, |number| &keys[number].id).to_owned();
        (number.filter(|number| !keys[*number].is_removed), id)
    }
}
