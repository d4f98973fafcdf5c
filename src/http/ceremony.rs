//! What every ceremony of WebAuthn is answered, and how its answer is read.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{fields::Fields, hidden::hidden_in_debug};
use crate::{
    Error,
    flow::FlowId,
    passkey::{CeremonyStart, KeyAnswer, KeyResponse},
};

/// A ceremony that was begun.
#[derive(Clone, Serialize, ToSchema)]
pub struct CeremonyResponse {
    /// What to send back with the answer. It is good for five minutes, and for one answer.
    flow: String,
    /// What `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` takes.
    #[schema(value_type = Object)]
    options: Value,
}

hidden_in_debug!(CeremonyResponse);

impl From<CeremonyStart> for CeremonyResponse {
    fn from(start: CeremonyStart) -> Self {
        Self { flow: start.flow.expose().to_owned(), options: start.options }
    }
}

/// Reads the flow and the answer of a key.
pub(super) fn key_answer(fields: &mut Fields) -> Result<KeyAnswer, Error> {
    let flow = fields.text("flow");
    let response = fields.object("webauthn_response").ok_or(Error::field("webauthn_response", "missing"))?;
    answer(&flow, response)
}

/// The answer of a key to what was asked in this flow.
pub(super) fn answer(flow: &str, response: Value) -> Result<KeyAnswer, Error> {
    let flow = FlowId::parse(flow).ok_or(Error::FlowInvalid)?;
    Ok(KeyAnswer { flow, response: KeyResponse::from_client(response) })
}
