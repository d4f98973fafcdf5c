//! Passkeys and security keys, each in an authenticator of its own.

use portcullis::{clock::Timestamp, testing::SoftAuthenticator};
use serde_json::{Value, json};

use crate::{
    app::{Answer, TestApp},
    challenges::{Challenges, Purpose},
    person::{Person, latest},
    step::{KeyAnswer, Kind},
};

pub struct Passkey {
    pub id: String,
    pub kind: Kind,
    pub name: String,
    pub added_at: Timestamp,
    pub is_removed: bool,
    authenticator: SoftAuthenticator,
}

/// What was made of a challenge, and by which key of whom.
pub struct Shown {
    pub response: Value,
    /// The flow that the challenge came with.
    pub flow: String,
    challenge: Option<usize>,
    pub owner: usize,
    key: Option<usize>,
    verified: bool,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passkey => "passkey",
            Self::SecurityKey => "security_key",
        }
    }
}

impl Passkey {
    /// A key that is made to answer this challenge, and its answer.
    pub async fn made_for(options: &Value, verified: bool) -> (SoftAuthenticator, Value) {
        let mut authenticator = SoftAuthenticator::at("https://id.example").unwrap();
        let mut options = options.clone();
        if options.get("pubKeyCredParams").is_none() {
            // It was given out for something else.
            options = json!({
                "challenge": options["challenge"],
                "rp": { "id": "id.example", "name": "id.example" },
                "user": { "id": "AAAAAAAAAAAAAAAAAAAAAA", "name": "ada", "displayName": "ada" },
                "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
                "authenticatorSelection": {},
            });
        }
        options["authenticatorSelection"]["userVerification"] = verification(verified);
        let response = authenticator.register(&options).await.unwrap();
        (authenticator, response)
    }

    pub fn new(id: &str, kind: Kind, name: &str, added_at: Timestamp, authenticator: SoftAuthenticator) -> Self {
        Self { id: id.to_owned(), kind, name: name.to_owned(), added_at, is_removed: false, authenticator }
    }

    /// Answers a challenge, whether or not it asks for this key.
    pub async fn answer(&mut self, options: &Value, verified: bool) -> Value {
        let options = json!({
            "challenge": options["challenge"],
            "rpId": "id.example",
            "allowCredentials": [],
            "userVerification": verification(verified),
        });
        self.authenticator.authenticate(&options).await.unwrap()
    }
}

fn verification(verified: bool) -> Value {
    json!(if verified { "required" } else { "discouraged" })
}

impl Shown {
    /// What the key that is meant answers to the challenge that is meant; nothing that means anything if there is none.
    pub async fn made(people: &mut [Person], challenges: &Challenges, who: usize, answer: KeyAnswer) -> Self {
        let owner = if answer.is_strange { (who + 1) % people.len() } else { who };
        let challenge = latest(&challenges.0, answer.challenge);
        let key = latest(&people[owner].passkeys, answer.key);
        let asked = challenge.map(|number| &challenges.0[number]);
        let response = match (asked, key) {
            (Some(asked), Some(key)) => people[owner].passkeys[key].answer(&asked.options, answer.verified).await,
            _ => json!({}),
        };
        let flow = asked.map_or_else(|| format!("pcf_{}", "A".repeat(43)), |asked| asked.flow.clone());
        Self { response, flow, challenge, owner, key, verified: answer.verified }
    }

    /// The key that answered this challenge, taken for it, as it should; `None` if it did not.
    pub fn by<'a>(&self, taken: Option<usize>, challenges: &Challenges, people: &'a [Person]) -> Option<&'a Passkey> {
        let (taken, owner) = (taken?, &people[self.owner]);
        let key = owner.passkeys.get(self.key?).filter(|key| !key.is_removed && !owner.is_gone)?;
        let asked = &challenges.0[taken];
        let is_asked_for = match asked.purpose {
            Purpose::Login => true,
            Purpose::SecondFactor { who } | Purpose::Again { who, .. } | Purpose::Registration { who, .. } => {
                who == self.owner && self.key.is_some_and(|key| asked.asks_for.contains(&key))
            }
        };
        let is_sure = self.verified || (key.kind == Kind::SecurityKey && asked.purpose != Purpose::Login);
        (self.challenge == Some(taken) && is_asked_for && is_sure).then_some(key)
    }
}

impl Person {
    /// The numbers of the keys that they have.
    pub fn living_passkeys(&self) -> Vec<usize> {
        (0..self.passkeys.len()).filter(|number| !self.passkeys[*number].is_removed).collect()
    }

    /// Whether they could log in with nothing but what they have beside this key.
    pub fn gets_in_without(&self, key: usize) -> bool {
        let is_whole = |other: &usize| *other != key && self.passkeys[*other].kind == Kind::Passkey;
        self.has_password || self.living_passkeys().iter().any(is_whole)
    }

    /// A key was added, by this answer.
    pub async fn keep_passkey(
        &mut self,
        app: &TestApp,
        answer: &Answer,
        kind: Kind,
        name: &str,
        made: SoftAuthenticator,
    ) {
        let is_first = !self.has_second_factor();
        assert_eq!(answer.body["recovery_codes"].is_array(), is_first, "{}", answer.body);
        if is_first {
            self.take_recovery_codes(answer);
        }
        let id = match answer.body["id"].as_str() {
            Some(id) => id.to_owned(),
            // A page does not say it.
            None => self.stored_passkeys(app).await.pop().unwrap().0,
        };
        self.passkeys.push(Passkey::new(&id, kind, name, app.now(), made));
    }

    /// The keys that the server knows of: id, kind and name.
    pub async fn stored_passkeys(&self, app: &TestApp) -> Vec<(String, &'static str, String)> {
        let caller = portcullis::account::Caller { user: self.id, session: None };
        let keys = app.portcullis.accounts().passkeys(caller).await.unwrap();
        keys.iter().map(|key| (key.id.to_string(), key.kind.as_str(), key.name.as_str().to_owned())).collect()
    }

    /// The keys that they were told they have.
    pub fn told_passkeys(&self) -> Vec<(String, &'static str, String)> {
        let keys = self.passkeys.iter().filter(|key| !key.is_removed);
        keys.map(|key| (key.id.clone(), key.kind.as_str(), key.name.clone())).collect()
    }
}
