//! Sessions that are opened, and the tokens that come of them.

use portcullis::clock::Timestamp;
use serde_json::json;

use crate::{
    app::{Answer, TestApp},
    cookies::Cookie,
    person::{ACCESS_TTL, Access, CAP, IDLE, MAX, Person, REMEMBER_MAX, Refresh, Session, latest},
    world::World,
};

/// For how long a refresh token that was exchanged may come back.
const GRACE_SECS: i64 = 30;

/// What a session is opened on.
pub struct Opened {
    pub second_factor: bool,
    pub auth_time: Timestamp,
    pub start: Start,
}

pub enum Start {
    Login {
        remember: bool,
    },
    /// This session goes on under another id.
    Reauthentication {
        of: usize,
    },
}

impl Person {
    /// A session was opened, by this answer.
    pub fn open(&mut self, app: &TestApp, answer: &Answer, opened: &Opened) {
        assert!(!self.is_gone && !self.is_disabled, "a session for someone who may have none: {}", answer.body);
        assert!(
            opened.second_factor || !self.has_second_factor(),
            "a session without the second factor: {}",
            answer.body
        );
        let now = app.now();
        let (expires_at, idle_until) = match opened.start {
            Start::Login { remember: true } => (now + REMEMBER_MAX, now + REMEMBER_MAX),
            Start::Login { remember: false } => (now + MAX, now + IDLE),
            Start::Reauthentication { of } => {
                let former = &mut self.sessions[of];
                former.has_ended = true;
                (former.expires_at, (now + IDLE).max(former.idle_until).min(former.expires_at))
            }
        };
        let secret = answer.body["cookie"].as_str();
        let id = if secret.is_some() {
            answer.body["session"].as_str().unwrap().to_owned()
        } else {
            let token = answer.body["access_token"].as_str().unwrap();
            app.portcullis.verifier().verify(token).unwrap().sid.unwrap()
        };
        self.sessions.push(Session {
            id,
            has_ended: false,
            expires_at,
            idle_until,
            last_seen: now,
            written: Some(now),
            auth_time: opened.auth_time,
            second_factor: opened.second_factor,
        });
        self.end_sessions_beyond_the_cap(now);
        let session = self.sessions.len() - 1;
        if let Some(secret) = secret {
            self.cookies.push(Cookie { secret: secret.to_owned(), session });
            return;
        }
        let refresh = answer.body["refresh_token"].as_str().unwrap().to_owned();
        self.refresh.push(Refresh { token: refresh, session, spent_at: None, next: None });
        self.take_access(answer, session, now);
    }

    /// An access token of a session was handed out.
    fn take_access(&mut self, answer: &Answer, session: usize, now: Timestamp) {
        let lives = ACCESS_TTL.min(self.sessions[session].idle_until.since(now));
        assert_eq!(answer.body["expires_in"], lives.as_secs(), "{}", answer.body);
        self.access.push(Access {
            token: answer.body["access_token"].as_str().unwrap().to_owned(),
            session,
            generation: self.generation,
            expires_at: now + lives,
            is_author: self.is_author,
        });
    }

    fn end_sessions_beyond_the_cap(&mut self, now: Timestamp) {
        let mut living: Vec<_> =
            (0..self.sessions.len()).filter(|number| self.sessions[*number].is_alive(now)).collect();
        living.sort_by_key(|number| (self.sessions[*number].last_seen, *number));
        let beyond = living.len().saturating_sub(CAP);
        living.into_iter().take(beyond).for_each(|number| self.sessions[number].has_ended = true);
    }
}

impl World {
    pub async fn refresh(&mut self, who: usize, number: usize) -> (Answer, u16) {
        let (app, person) = (&self.app, &mut self.people[who]);
        let number = latest(&person.refresh, number);
        let never = format!("pcr_{}", "A".repeat(43));
        let token = number.map_or(&never, |number| &person.refresh[number].token);
        let answer = app.post("/auth/refresh").json(&json!({ "refresh_token": token })).send().await;
        let Some(number) = number else { return (answer, 401) };

        let (now, presented) = (app.now(), &person.refresh[number]);
        let session = presented.session;
        if person.is_gone || person.is_disabled || !person.sessions[session].is_alive(now) {
            return (answer, 401);
        }
        let comes_back = presented.spent_at.is_some_and(|at| at.as_secs() >= now.as_secs() - GRACE_SECS)
            && presented.next.is_some_and(|next| person.refresh[next].spent_at.is_none());
        if presented.spent_at.is_some() && !comes_back {
            person.sessions[session].has_ended = true;
            return (answer, 401);
        }
        person.sessions[session].touch(now);
        let token = answer.body["refresh_token"].as_str().unwrap_or_default().to_owned();
        if let Some(next) = presented.next {
            assert_eq!(token, person.refresh[next].token, "the loser of a race gets the same");
        } else {
            assert!(person.refresh.iter().all(|other| other.token != token), "a token that there was before");
            let next = person.refresh.len();
            person.refresh[number].spent_at = Some(now);
            person.refresh[number].next = Some(next);
            person.refresh.push(Refresh { token, session, spent_at: None, next: None });
        }
        if answer.status == 200 {
            person.take_access(&answer, session, now);
        }
        (answer, 200)
    }
}
