//! What holds after every step, whoever has done what.

use axum::http::Method;
use portcullis::account::Caller;
use serde_json::json;

use crate::{
    app::{Answer, Call},
    person::{AUTHORS, Person},
    world::World,
};

impl World {
    /// Shows the guard everything that was ever handed out, and compares what is known of everyone with what they know.
    pub async fn check(&mut self, so_far: &str) {
        self.check_cookies(so_far).await;
        for person in &self.people {
            self.check_tokens(person, so_far).await;
            self.check_keys(person, so_far).await;
            self.check_account(person, so_far).await;
        }
    }

    async fn who_am_i(&self, credential: &str) -> Answer {
        Call::new(&self.service, Method::GET, "/who-am-i").bearer(credential).send().await
    }

    /// A token of an ended session is refused at once, every other one is let in as whom it was made for.
    async fn check_tokens(&self, person: &Person, so_far: &str) {
        for access in &person.access {
            let answer = self.who_am_i(&access.token).await;
            if !person.lets_in(access, self.app.now()) {
                assert_eq!(answer.status, 401, "{so_far}: {} is let in as {}", person.name, answer.body);
                continue;
            }
            let session = &person.sessions[access.session];
            let expected = json!({
                "id": person.id.to_string(),
                "session": session.id,
                "scopes": if access.is_author { &AUTHORS[..] } else { &[] },
                "acr": if session.second_factor { "aal2" } else { "aal1" },
            });
            assert_eq!((answer.status.as_u16(), &answer.body), (200, &expected), "{so_far}: {}", person.name);
        }
    }

    async fn check_keys(&self, person: &Person, so_far: &str) {
        for key in &person.keys {
            let answer = self.who_am_i(&key.text).await;
            if !person.lets_in_key(key) {
                assert_eq!(answer.status, 401, "{so_far}: a key of {} is let in", person.name);
                continue;
            }
            let scopes: &[&str] = if person.is_author { &AUTHORS[..1] } else { &[] };
            let expected = json!({ "id": person.id.to_string(), "session": null, "scopes": scopes, "acr": null });
            assert_eq!((answer.status.as_u16(), &answer.body), (200, &expected), "{so_far}: {}", person.name);
        }
    }

    /// Nothing that was acknowledged is lost.
    async fn check_account(&self, person: &Person, so_far: &str) {
        let (accounts, now) = (self.app.portcullis.accounts(), self.app.now());
        let record = accounts.get_user_by_name_or_mail(&person.name).await.unwrap();
        assert_eq!(record.is_none(), person.is_gone, "{so_far}: {}", person.name);
        let Some(record) = record else { return };
        let user = &record.user;
        let known = (user.email.as_str(), user.email_verified_at.is_some(), user.disabled_at.is_some());
        assert_eq!(known, (person.email.as_str(), person.is_verified, person.is_disabled), "{so_far}: {}", person.name);
        assert_eq!(user.roles.iter().any(|role| role == "author"), person.is_author, "{so_far}: {}", person.name);
        let known = (record.password.is_some(), record.must_change_password, record.second_factors.any());
        let told = (person.has_password, person.must_change_password, person.has_second_factor());
        assert_eq!(known, told, "{so_far}: {}", person.name);

        let caller = Caller { user: person.id, session: None };
        let sessions = accounts.sessions(caller, None, 100).await.unwrap();
        let known: Vec<_> = sessions.iter().rev().map(|session| session.id.to_string()).collect();
        let told: Vec<_> =
            person.sessions.iter().filter(|session| session.is_alive(now)).map(|session| &session.id).collect();
        assert_eq!(known.iter().collect::<Vec<_>>(), told, "{so_far}: the sessions of {}", person.name);

        let keys = accounts.api_keys(caller, None, 100).await.unwrap();
        let known: Vec<_> = keys.iter().rev().map(|key| key.id.to_string()).collect();
        let told: Vec<_> = person.keys.iter().filter(|key| !key.is_deleted).map(|key| &key.id).collect();
        assert_eq!(known.iter().collect::<Vec<_>>(), told, "{so_far}: the keys of {}", person.name);

        let (known, told) = (person.stored_passkeys(&self.app).await, person.told_passkeys());
        assert_eq!(known, told, "{so_far}: the passkeys of {}", person.name);

        let left = accounts.recovery_codes_left(caller).await.unwrap();
        let good = person.recovery_codes.iter().filter(|(_, is_good)| *is_good).count();
        assert_eq!(usize::try_from(left).unwrap(), good, "{so_far}: the recovery codes of {}", person.name);
    }
}
