//! Tokens for the examples, which check real ones.

use std::time::Duration;

use portcullis::{
    Scopes,
    clock::{Clock, SystemClock, Timestamp},
    jwt::{Claims, JwtIssuer, JwtVerifier, KeyRing},
    revocation::{Revocation, RevocationSet, Target},
};

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "notes";

/// Issues tokens, revokes them, and knows who checks them.
pub(crate) struct Mint {
    keys: KeyRing,
    revocations: RevocationSet,
}

impl Mint {
    pub(crate) fn new() -> Self {
        Self { keys: KeyRing::hs256([7; 32]).unwrap(), revocations: RevocationSet::default() }
    }

    pub(crate) fn verifier(&self) -> JwtVerifier {
        JwtVerifier::new(self.keys.clone()).issuer(ISSUER).audience(AUDIENCE).revocations(self.revocations.clone())
    }

    /// A token of the user `ada`, of this session and with this scope.
    pub(crate) fn token(&self, session: &str, scope: &str, valid_for: Duration) -> String {
        self.issued(SystemClock.now(), session, scope, valid_for)
    }

    /// The same, expired long ago.
    pub(crate) fn expired(&self, session: &str, scope: &str) -> String {
        self.issued(SystemClock.now() - Duration::from_hours(1), session, scope, Duration::from_mins(1))
    }

    fn issued(&self, at: Timestamp, session: &str, scope: &str, valid_for: Duration) -> String {
        let mut claims = Claims::new(ISSUER, AUDIENCE, "ada", at, valid_for);
        claims.jti = Some("1".to_owned());
        claims.client_id = Some("test".to_owned());
        claims.sid = Some(session.to_owned());
        claims.generation = Some(1);
        claims.scope = Scopes::parse(scope);
        JwtIssuer::new(self.keys.clone()).sign(&claims).unwrap()
    }

    pub(crate) fn end_session(&self, session: &str) {
        self.revoke(Target::Session(session.to_owned()));
    }

    /// Makes the tokens of `ada` stale whose generation is below this one.
    pub(crate) fn raise_generation(&self, minimum: i64) {
        self.revoke(Target::User { id: "ada".to_owned(), minimum });
    }

    fn revoke(&self, target: Target) {
        self.revocations.insert(Revocation { target, until: SystemClock.now() + Duration::from_hours(24) });
    }
}
