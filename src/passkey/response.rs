//! What comes back from an authenticator, before anything is made of it.

use std::fmt;

use serde_json::Value;

use super::reading;
use crate::flow::FlowId;

/// What a browser's `PublicKeyCredential.toJSON()` gave: of a registration, or of an assertion. Nothing of it has been
/// checked, and a challenge is gone before it is.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyResponse(Value);

impl KeyResponse {
    /// What a client sent.
    #[must_use]
    pub const fn from_client(json: Value) -> Self {
        Self(json)
    }

    pub(super) const fn json(&self) -> &Value {
        &self.0
    }

    /// The id of the key that it claims to come from.
    pub(super) fn credential_id(&self) -> Option<Vec<u8>> {
        reading::credential_id(&self.0).ok()
    }
}

impl fmt::Debug for KeyResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyResponse(…)")
    }
}

/// A response, and the flow that its challenge was given out with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAnswer {
    /// The flow.
    pub flow: FlowId,
    /// The response.
    pub response: KeyResponse,
}

/// Why a response was refused. For the log: a client learns only that it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is not what a browser makes, or it has more than one reading.
    #[error("the response is malformed: {0}")]
    Malformed(&'static str),
    /// It was made on another site's page, or in a page inside one.
    #[error("the response was made on another site's page")]
    Elsewhere,
    /// It names another user than the one whose key it is, or none where it has to.
    #[error("the response is not of the user whose key it is")]
    UserHandle,
    /// The key counts how often it signs, and had counted further before.
    #[error("the key's count has not risen")]
    Count,
    /// What was signed is not what had to be.
    #[error("the response does not hold: {0}")]
    Invalid(String),
    /// The state that was remembered of the challenge cannot be used.
    #[error("the state of the ceremony cannot be used: {0}")]
    State(String),
}
