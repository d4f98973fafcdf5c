//! What an access token says.

mod plain;
mod read;
mod several;

use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

pub(super) use self::read::Read;
use super::TokenError;
use crate::{
    clock::Timestamp,
    principal::{CredentialKind, Identity, JwtUser, Principal, Scopes},
};

/// The claims of an access token (RFC 9068 section 2.2). The fields have the names that tokens use.
///
/// Times are written as whole seconds since the Unix epoch. What is empty or absent is not written.
///
/// ```
/// use std::time::Duration;
///
/// use portcullis::{Scopes, clock::Timestamp, jwt::Claims};
///
/// let mut claims = Claims::new("https://id.example", "notes", "u1", Timestamp::from_secs(1000), Duration::from_secs(900));
/// claims.scope = Scopes::parse("notes:read");
/// assert_eq!(claims.exp, Timestamp::from_secs(1900));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Claims {
    /// Who issued the token.
    pub iss: String,
    /// Whom it is for: one of these has to be the verifier's own audience. A single one is written as a string.
    #[serde(serialize_with = "one_or_many")]
    pub aud: Vec<String>,
    /// The id of the user it is about.
    pub sub: String,
    /// When it stops being good.
    #[serde(serialize_with = "seconds")]
    pub exp: Timestamp,
    /// When it was issued.
    #[serde(serialize_with = "seconds")]
    pub iat: Timestamp,
    /// When it starts being good, if that is later than at once.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_seconds")]
    pub nbf: Option<Timestamp>,
    /// The token's own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The session it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The user's generation when it was issued (`gen`): a token is stale once the user's is higher.
    #[serde(rename = "gen", skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// The client it was issued to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What it permits.
    #[serde(skip_serializing_if = "Scopes::is_empty", serialize_with = "displayed")]
    pub scope: Scopes,
    /// The user's roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// How the user authenticated: RFC 8176 values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The assurance reached: `aal1` or `aal2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// When the user last authenticated.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_seconds")]
    pub auth_time: Option<Timestamp>,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the e-mail address has been verified. Unless it has, it is not handed on to anyone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// All other claims, as they are in the token.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Claims {
    /// The claims that every token has; the others are absent until set.
    #[must_use]
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        subject: impl Into<String>,
        now: Timestamp,
        valid_for: Duration,
    ) -> Self {
        Self {
            iss: issuer.into(),
            aud: vec![audience.into()],
            sub: subject.into(),
            exp: now + valid_for,
            iat: now,
            nbf: None,
            jti: None,
            sid: None,
            generation: None,
            client_id: None,
            scope: Scopes::default(),
            roles: Vec::new(),
            amr: Vec::new(),
            acr: None,
            auth_time: None,
            name: None,
            email: None,
            email_verified: None,
            extra: Map::new(),
        }
    }

    pub(super) fn read(json: &[u8]) -> Result<Self, TokenError> {
        Read::from_json(json).map(Read::into_claims)
    }

    /// Who a request with this token is from.
    #[must_use]
    pub fn into_principal(self) -> Principal {
        let email = self.email.filter(|_| self.email_verified == Some(true));
        let identity = Identity {
            id: self.sub,
            name: self.name,
            email,
            scopes: self.scope,
            roles: self.roles,
            session: self.sid,
            amr: self.amr,
            acr: self.acr,
            auth_time: self.auth_time,
            expires_at: self.exp,
            credential: CredentialKind::AccessToken,
        };
        Principal::with_claims(identity, self.extra)
    }

    /// The user it is about.
    #[must_use]
    pub fn into_user(self) -> JwtUser {
        let email = self.email.filter(|_| self.email_verified == Some(true));
        JwtUser { id: self.sub, name: self.name, email }
    }
}

fn one_or_many<S: Serializer>(audiences: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match audiences {
        [audience] => serializer.serialize_str(audience),
        audiences => audiences.serialize(serializer),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn seconds<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(time.as_secs())
}

#[expect(clippy::ref_option, reason = "serde passes fields by reference")]
fn optional_seconds<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(Timestamp::as_secs).serialize(serializer)
}

fn displayed<S: Serializer>(scopes: &Scopes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(scopes)
}
