//! `/login/passkey`: what an authenticator said, sent with a form by the script of the page.

use super::{form::Form, login, page::Answer, visit::Visit};
use crate::{
    error::Error,
    flow::FlowId,
    jwt::strict::Strict,
    passkey::{KeyAnswer, KeyResponse},
};

pub(super) async fn log_in(visit: Visit, mut form: Form) -> Answer {
    let remember = form.is_ticked("remember");
    let outcome = match answer(&mut form, None) {
        Ok(answer) => visit.accounts.finish_passkey_login(&answer, remember, &visit.device).await,
        Err(error) => Err(error),
    };
    let outcome = visit.go_on(outcome, None).await.or_else(|error| match error {
        // Nobody typed a name.
        Error::InvalidCredentials => login::page(&visit).again(Error::field("", "unknown_passkey")),
        error => login::page(&visit).again(error),
    });
    visit.or_start_again(outcome)
}

/// What a form says of a key: its answer, and the flow that it was asked in, unless that is known.
pub(super) fn answer(form: &mut Form, flow: Option<&FlowId>) -> Result<KeyAnswer, Error> {
    let sent = FlowId::parse(&form.text("flow"));
    let flow = flow.cloned().or(sent).ok_or(Error::FlowInvalid)?;
    let response = serde_json::from_str::<Strict>(&form.text("webauthn_response")).ok();
    let Strict(response) = response.ok_or(Error::field("webauthn_response", "invalid_response"))?;
    Ok(KeyAnswer { flow, response: KeyResponse::from_client(response) })
}
