//! `POST /auth/login/second-factor`, and what a login that needs another step is answered

use ::axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[cfg(feature = "webauthn")]
use super::ceremony::answer;
use super::{
    fields::Fields,
    hidden::hidden_in_debug,
    problem::{Problem, UnfinishedLoginProblem},
    recovery_codes::shown,
    tokens::TokensResponse,
};
use crate::{
    Error,
    account::{Accounts, SecondFactorCode, UnfinishedLogin},
    flow::{FlowId, Step},
    recovery::RecoveryCode,
    session::Device,
    totp::TotpCode,
};

/// What a client learns, beside the code, of a login that needs another step.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TwoFaRequiredResponse {
    /// Who is logging in.
    user_id: String,
    /// What to send with the next step. It is good for five minutes. Absent where the same is asked again with a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    flow: Option<String>,
    /// Whether the account has an authenticator app. Absent where the next step is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    totp_supported: Option<bool>,
    /// Whether the account has a security key. Absent likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    webauthn_supported: Option<bool>,
    /// What `PublicKeyCredential.parseRequestOptionsFromJSON` takes, where the account has a key. It is good for one answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    webauthn_options: Option<serde_json::Value>,
    /// The recovery codes, shown once, where the step before was to set up a first second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<Vec<String>>,
}

impl std::fmt::Debug for TwoFaRequiredResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TwoFaRequiredResponse").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl From<UnfinishedLogin> for TwoFaRequiredResponse {
    fn from(login: UnfinishedLogin) -> Self {
        let asks_for_one = login.step == Step::SecondFactor;
        Self {
            user_id: login.user.to_string(),
            flow: login.flow.map(|flow| flow.expose().to_owned()),
            totp_supported: asks_for_one.then_some(login.second_factors.totp),
            webauthn_supported: asks_for_one.then_some(login.second_factors.webauthn),
            webauthn_options: login.webauthn_options,
            recovery_codes: login.recovery_codes.as_ref().map(shown),
        }
    }
}

/// What to send to finish a login with a second factor: the flow and one of the others.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SecondFactorRequest {
    /// What the login was answered.
    pub flow: String,
    /// A code of the authenticator app: six digits, with blanks and hyphens as you like.
    pub two_fa_code: Option<String>,
    /// A recovery code.
    pub recovery_code: Option<String>,
    /// The answer of a key: the credential's `toJSON()`.
    #[schema(value_type = Option<Object>)]
    pub webauthn_response: Option<serde_json::Value>,
}

hidden_in_debug!(SecondFactorRequest);

/// Takes a login further with a second factor, which finishes it unless a new password is asked for.
#[utoipa::path(
    post, path = "/auth/login/second-factor", tag = "login", request_body = SecondFactorRequest,
    responses(
        (status = 200, description = "Logged in", body = TokensResponse),
        (status = 401, description = "`invalid_second_factor` with the flow again, or `flow_invalid`", body = Problem),
        (status = 403, description = "`password_change_required`", body = UnfinishedLoginProblem),
        (status = 422, description = "`invalid_fields`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
        (status = 503, description = "`unavailable`", body = Problem),
    )
)]
pub(super) async fn finish(
    State(accounts): State<Accounts>,
    device: Device,
    mut fields: Fields,
) -> Result<Json<TokensResponse>, Problem> {
    let flow = fields.text("flow");
    let code = second_factor(&mut fields, Some(&flow));
    let code = fields.finish(code.and_then(|code| code.ok_or(Error::field("two_fa_code", "missing"))))?;
    let flow = FlowId::parse(&flow).ok_or(Error::FlowInvalid)?;
    Ok(Json(accounts.login_with_second_factor(&flow, &code, &device).await?.into()))
}

/// Reads a second factor of any kind, if there is one. The answer of a key goes with a flow.
pub(super) fn second_factor(fields: &mut Fields, flow: Option<&str>) -> Result<Option<SecondFactorCode>, Error> {
    let code = second_factor_code(fields, "two_fa_code");
    #[cfg(feature = "webauthn")]
    if let Some(response) = fields.object("webauthn_response") {
        let flow = flow.ok_or(Error::field("flow", "missing"))?;
        return match code? {
            None => answer(flow, response).map(|answer| Some(SecondFactorCode::Key(answer))),
            Some(_) => Err(Error::field("webauthn_response", "one_too_many")),
        };
    }
    #[cfg(not(feature = "webauthn"))]
    let _ = flow;
    code
}

/// Reads a code of either kind, if there is one.
pub(super) fn second_factor_code(fields: &mut Fields, totp: &'static str) -> Result<Option<SecondFactorCode>, Error> {
    match (fields.optional_text(totp), fields.optional_text("recovery_code")) {
        (Some(code), None) => Ok(Some(SecondFactorCode::Totp(totp_code(totp, &code)?))),
        (None, Some(code)) => {
            let code = RecoveryCode::parse(&code).ok_or(Error::field("recovery_code", "invalid_code"))?;
            Ok(Some(SecondFactorCode::Recovery(code)))
        }
        (Some(_), Some(_)) => Err(Error::field("recovery_code", "one_too_many")),
        (None, None) => Ok(None),
    }
}

/// Reads a code of an authenticator app.
pub(super) fn totp_code(field: &'static str, typed: &str) -> Result<TotpCode, Error> {
    TotpCode::parse(typed).ok_or(Error::field(field, "invalid_code"))
}
