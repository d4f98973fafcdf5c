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

/// An authenticator that is being set up.
pub struct Setup {
    pub secret: String,
    authenticator: Authenticator,
    ends_at: Timestamp,
}

/// A second factor that is good, and what is spent with it.
#[derive(Clone, Copy, Debug)]
pub enum Proof {
    Totp(i64),
    Recovery(usize),
}

/// The code that an authenticator shows so many steps from now.
fn code_of(authenticator: &Authenticator, app: &TestApp, off: i64) -> String {
    authenticator.code_at(Timestamp::from_secs((app.now().as_secs() / 30 + off) * 30))
}

/// The step that a code is right for, if there is one. Two codes of different steps, or of different authenticators, may
/// be the same, once in a few hundred thousand times.
fn step_of(code: &str, authenticator: &Authenticator, app: &TestApp) -> Option<i64> {
    let near = [0, -1, 1].into_iter().find(|off| code_of(authenticator, app, *off) == code);
    near.map(|off| app.now().as_secs() / 30 + off)
}

impl Person {
    /// What is typed as a code of the authenticator, and the step that is used up by that if it is right.
    pub fn typed_totp(&self, app: &TestApp, shown: Shown) -> (String, Option<i64>) {
        let code = match (shown, &self.totp, self.former_totp.last()) {
            (Shown::Totp(off), Some(totp), _) => code_of(&totp.authenticator, app, off),
            (Shown::FormerTotp, _, Some(former)) => code_of(former, app, 0),
            (_, Some(totp), _) => totp.authenticator.wrong_code(app),
            (_, None, _) => "000000".to_owned(),
        };
        let Some(totp) = &self.totp else { return (code, None) };
        let step = step_of(&code, &totp.authenticator, app).filter(|step| *step > totp.last_step);
        (code, step)
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
            Shown::Totp(_) | Shown::WrongTotp | Shown::FormerTotp => {
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
            let secret = answer.body["secret"].as_str().unwrap().to_owned();
            let authenticator = Authenticator::of(&secret);
            self.setup = Some(Setup { secret, authenticator, ends_at: app.now() + SETUP_LIFETIME });
        }
    }

    /// What is typed to confirm a set-up, and the step that is used up if it is right.
    pub fn typed_to_confirm(&self, app: &TestApp, shown: Shown) -> (String, Option<i64>) {
        let (Some(Setup { authenticator, ends_at, .. }), Shown::Totp(off)) = (&self.setup, shown) else {
            return ("000000".to_owned(), None);
        };
        let code = code_of(authenticator, app, off);
        let step = step_of(&code, authenticator, app).filter(|_| app.now() < *ends_at);
        (code, step)
    }

    /// A set-up was confirmed, by this answer.
    pub fn enrol(&mut self, step: i64, now: Timestamp, answer: &Answer) {
        let authenticator = self.setup.take().unwrap().authenticator;
        let is_first = !self.has_second_factor();
        self.forget_totp();
        self.totp = Some(Totp { authenticator, last_step: step, confirmed_at: now });
        assert_eq!(answer.body["recovery_codes"].is_array(), is_first, "{}", answer.body);
        if is_first {
            self.take_recovery_codes(answer);
        }
    }

    pub fn remove_totp(&mut self) {
        self.forget_totp();
        self.setup = None;
        self.codes_follow();
    }

    fn forget_totp(&mut self) {
        self.former_totp.extend(self.totp.take().map(|totp| totp.authenticator));
    }

    /// With the last second factor go the recovery codes.
    pub fn codes_follow(&mut self) {
        if !self.has_second_factor() {
            self.recovery_codes.iter_mut().for_each(|(_, is_good)| *is_good = false);
        }
    }

    /// New recovery codes take the place of all others.
    pub fn take_recovery_codes(&mut self, answer: &Answer) {
        self.recovery_codes.iter_mut().for_each(|(_, is_good)| *is_good = false);
        self.recovery_codes.extend(texts(&answer.body["recovery_codes"]).into_iter().map(|code| (code, true)));
    }
}
