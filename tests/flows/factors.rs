//! Authenticators and recovery codes.

use std::time::Duration;

use axum::http::StatusCode;
use portcullis::clock::Timestamp;

use crate::{
    app::{Answer, TestApp},
    authenticator::{Authenticator, texts},
    person::{Person, Totp},
    step::Shown,
};

const SETUP_LIFETIME: Duration = Duration::from_mins(10);

/// A second factor that is good, and what is spent with it.
#[derive(Clone, Copy, Debug)]
pub enum Proof {
    Totp(i64),
    Recovery(usize),
}

/// The code that an authenticator shows so many steps from now, and the step it is right for, if there is one.
fn code_of(authenticator: &Authenticator, app: &TestApp, off: i64) -> (String, Option<i64>) {
    let now = app.now().as_secs() / 30;
    let at = |step: i64| authenticator.code_at(Timestamp::from_secs(step * 30));
    let code = at(now + off);
    // Two codes of different steps may be the same, once in a few hundred thousand times.
    let right = [0, -1, 1].map(|near| now + near).into_iter().find(|step| at(*step) == code);
    (code, right)
}

impl Person {
    /// What is typed as a code of the authenticator, and the step that is used up by that if it is right.
    pub fn typed_totp(&self, app: &TestApp, shown: Shown) -> (String, Option<i64>) {
        let Some(totp) = &self.totp else { return ("000000".to_owned(), None) };
        match shown {
            Shown::Totp(off) => {
                let (code, step) = code_of(&totp.authenticator, app, off);
                (code, step.filter(|step| *step > totp.last_step))
            }
            _ => (totp.authenticator.wrong_code(app), None),
        }
    }

    /// What is typed as a second factor: the field, the code, and what it proves if it is good.
    pub fn shown(&self, app: &TestApp, shown: Shown) -> (&'static str, String, Option<Proof>) {
        match shown {
            Shown::Recovery(number) if !self.recovery_codes.is_empty() => {
                let number = self.recovery_codes.len() - 1 - number % self.recovery_codes.len();
                let (code, is_good) = &self.recovery_codes[number];
                ("recovery_code", code.clone(), is_good.then_some(Proof::Recovery(number)))
            }
            Shown::Recovery(_) | Shown::WrongRecovery => ("recovery_code", "AAAA-AAAA-AAAA-AAAA".to_owned(), None),
            Shown::Totp(_) | Shown::WrongTotp => {
                let (code, step) = self.typed_totp(app, shown);
                ("two_fa_code", code, step.map(Proof::Totp))
            }
        }
    }

    pub fn spend(&mut self, proof: Proof) {
        match proof {
            Proof::Totp(step) => self.use_totp(step),
            Proof::Recovery(number) => self.recovery_codes[number].1 = false,
        }
    }

    pub fn use_totp(&mut self, step: i64) {
        self.totp.as_mut().unwrap().last_step = step;
    }

    /// A set-up was begun, by this answer.
    pub fn set_up(&mut self, app: &TestApp, answer: &Answer) {
        if answer.status == StatusCode::CREATED {
            let authenticator = Authenticator::of(answer.body["secret"].as_str().unwrap());
            self.setup = Some((authenticator, app.now() + SETUP_LIFETIME));
        }
    }

    /// What is typed to confirm a set-up, and the step that is used up if it is right.
    pub fn typed_to_confirm(&self, app: &TestApp, shown: Shown) -> (String, Option<i64>) {
        let (Some((authenticator, ends_at)), Shown::Totp(off)) = (&self.setup, shown) else {
            return ("000000".to_owned(), None);
        };
        let (code, step) = code_of(authenticator, app, off);
        (code, step.filter(|_| app.now() < *ends_at))
    }

    /// A set-up was confirmed, by this answer.
    pub fn enrol(&mut self, step: i64, now: Timestamp, answer: &Answer) {
        let (authenticator, _) = self.setup.take().unwrap();
        let is_first = self.totp.is_none();
        self.totp = Some(Totp { authenticator, last_step: step, confirmed_at: now });
        assert_eq!(answer.body["recovery_codes"].is_array(), is_first, "{}", answer.body);
        if is_first {
            self.take_recovery_codes(answer);
        }
    }

    /// New recovery codes take the place of all others.
    pub fn take_recovery_codes(&mut self, answer: &Answer) {
        self.recovery_codes.iter_mut().for_each(|(_, is_good)| *is_good = false);
        self.recovery_codes.extend(texts(&answer.body["recovery_codes"]).into_iter().map(|code| (code, true)));
    }
}
