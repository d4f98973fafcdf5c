//! Challenges that were given out, each good for one answer.

use std::time::Duration;

use portcullis::clock::Timestamp;
use serde_json::Value;

use crate::step::Kind;

const LIFETIME: Duration = Duration::from_mins(5);

/// What a challenge is for: by whom, and in which session of theirs. It is good for nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Registration { who: usize, session: usize },
    Login,
    SecondFactor { who: usize },
    Again { who: usize, session: usize },
}

pub struct Challenge {
    pub purpose: Purpose,
    pub flow: String,
    pub options: Value,
    /// The kind of the key that is to be made.
    pub kind: Kind,
    /// The keys that may answer, of whoever was asked.
    pub asks_for: Vec<usize>,
    ends_at: Timestamp,
    is_spent: bool,
}

/// All of them, whoever was given them.
#[derive(Default)]
pub struct Challenges(pub Vec<Challenge>);

impl Challenges {
    /// One is given out, in place of any that this flow had.
    pub fn give(&mut self, purpose: Purpose, flow: &Value, options: &Value, now: Timestamp) -> &mut Challenge {
        let flow = flow.as_str().unwrap().to_owned();
        self.0.iter_mut().filter(|other| other.flow == flow).for_each(|other| other.is_spent = true);
        let (kind, ends_at) = (Kind::Passkey, now + LIFETIME);
        let given =
            Challenge { purpose, flow, options: options.clone(), kind, asks_for: Vec::new(), ends_at, is_spent: false };
        self.0.push(given);
        self.0.last_mut().unwrap()
    }

    /// The challenge of a flow is taken away, whatever it was for. `None` if there is none that is good for this.
    pub fn take(&mut self, flow: &str, purpose: Purpose, now: Timestamp) -> Option<usize> {
        let is_meant = |one: &Challenge| one.flow == flow && !one.is_spent && now < one.ends_at;
        let number = self.0.iter().position(is_meant)?;
        self.0[number].is_spent = true;
        (self.0[number].purpose == purpose).then_some(number)
    }
}
