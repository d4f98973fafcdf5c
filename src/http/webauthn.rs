//! `POST /auth/webauthn/register/start`, `/finish`; `GET /auth/webauthn/credentials`, `PATCH`, `DELETE /{id}`

use ::axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ceremony::{CeremonyResponse, key_answer},
    fields::{Fields, both},
    fresh::FreshCaller,
    named::named,
    piece::Piece,
    problem::Problem,
    recovery_codes::shown,
    time::rfc3339,
};
use crate::{
    Error,
    account::{Accounts, Caller},
    passkey::{Passkey, PasskeyEnrolled, PasskeyId, PasskeyKind, PasskeyName},
    session::Device,
};

/// What to send to begin to add a key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WebauthnRegisterRequest {
    /// `passkey`, which is a whole login, or `security_key`, which is a second factor. Default: `passkey`.
    pub kind: Option<String>,
}

/// What to send to add a key.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct WebauthnRegisterFinishRequest {
    /// What the start was answered.
    pub flow: String,
    /// The new credential's `toJSON()`.
    #[schema(value_type = Object)]
    pub webauthn_response: serde_json::Value,
    /// What to call the key: 1 to 64 characters.
    pub name: String,
}

/// What to send to give a key another name.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WebauthnRenameRequest {
    /// What to call it: 1 to 64 characters.
    pub name: String,
}

/// One of the user's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebauthnCredentialResponse {
    /// Its id here; the authenticator's own is another.
    pub id: String,
    /// `passkey` or `security_key`.
    pub kind: &'static str,
    /// What the user calls it.
    pub name: String,
    /// When it was added, in RFC 3339.
    pub created_at: String,
    /// When it was last used, if it was.
    pub last_used_at: Option<String>,
    /// How it is reached: `usb`, `nfc`, `ble`, `smart-card`, `hybrid`, `internal`.
    pub transports: Vec<String>,
    /// Whether it may be on more than one device.
    pub backup_eligible: bool,
    /// Whether it was backed up when it was last used.
    pub backed_up: bool,
}

/// A key that was added.
#[derive(Clone, Serialize, ToSchema)]
pub struct WebauthnEnrolledResponse {
    #[serde(flatten)]
    credential: WebauthnCredentialResponse,
    /// Ten codes for the day the key is lost, if it is the account's first second factor. They are shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<Vec<String>>,
}

/// A piece of the list of the user's keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebauthnCredentialsResponse {
    /// The keys, oldest first.
    pub items: Vec<WebauthnCredentialResponse>,
    /// What to send as `cursor` for the next piece, if there is one.
    pub next: Option<String>,
}

impl std::fmt::Debug for WebauthnRegisterFinishRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebauthnRegisterFinishRequest").field("name", &self.name).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for WebauthnEnrolledResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebauthnEnrolledResponse").field("credential", &self.credential).finish_non_exhaustive()
    }
}

impl From<Passkey> for WebauthnCredentialResponse {
    fn from(key: Passkey) -> Self {
        Self {
            id: key.id.to_string(),
            kind: key.kind.as_str(),
            name: key.name.as_str().to_owned(),
            created_at: rfc3339(key.created_at),
            last_used_at: key.last_used_at.map(rfc3339),
            transports: key.transports,
            backup_eligible: key.backup_eligible,
            backed_up: key.backed_up,
        }
    }
}

/// Begins to add a passkey or a security key.
#[utoipa::path(
    post, path = "/auth/webauthn/register/start", tag = "second factor",
    request_body = Option<WebauthnRegisterRequest>,
    responses(
        (status = 200, description = "What to ask the browser for", body = CeremonyResponse),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 404, description = "`not_found`: WebAuthn is off", body = Problem),
        (status = 409, description = "`too_many_passkeys`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(super) async fn start(
    State(accounts): State<Accounts>,
    FreshCaller(caller): FreshCaller,
    device: Device,
    fields: Option<Fields>,
) -> Result<Json<CeremonyResponse>, Problem> {
    let mut fields = fields.unwrap_or_default();
    let kind = match fields.optional_text("kind") {
        None => Ok(PasskeyKind::Passkey),
        Some(kind) => PasskeyKind::parse(&kind).ok_or(Error::field("kind", "invalid_kind")),
    };
    let kind = fields.finish(kind)?;
    Ok(Json(accounts.start_passkey_registration(caller, kind, &device).await?.into()))
}

/// Adds the key that the browser made.
#[utoipa::path(
    post, path = "/auth/webauthn/register/finish", tag = "second factor",
    request_body = WebauthnRegisterFinishRequest,
    responses(
        (status = 201, description = "Added", body = WebauthnEnrolledResponse),
        (
            status = 401, body = Problem,
            description = "No good token, `insufficient_user_authentication`, or `flow_invalid`",
        ),
        (status = 409, description = "`too_many_passkeys`", body = Problem),
        (status = 422, description = "`invalid_fields`: a response that does not hold is `invalid_response`", body = Problem),
    )
)]
pub(super) async fn finish(
    State(accounts): State<Accounts>,
    FreshCaller(caller): FreshCaller,
    device: Device,
    mut fields: Fields,
) -> Result<(StatusCode, Json<WebauthnEnrolledResponse>), Problem> {
    let answer = key_answer(&mut fields);
    let name = name_of(&mut fields);
    let (answer, name) = fields.finish(both(answer, name))?;
    let PasskeyEnrolled { passkey, recovery_codes } =
        accounts.finish_passkey_registration(caller, &answer, name, &device).await?;
    let recovery_codes = recovery_codes.as_ref().map(shown);
    Ok((StatusCode::CREATED, Json(WebauthnEnrolledResponse { credential: passkey.into(), recovery_codes })))
}

/// The user's passkeys and security keys.
#[utoipa::path(
    get, path = "/auth/webauthn/credentials", tag = "second factor",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many, from 1 to 100; 50 unless told"),
        ("cursor" = Option<String>, Query, description = "The `next` of the piece before"),
    ),
    responses(
        (status = 200, description = "The keys", body = WebauthnCredentialsResponse),
        (status = 401, description = "No good token", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(super) async fn list(
    State(accounts): State<Accounts>,
    caller: Caller,
    piece: Piece,
) -> Result<Json<WebauthnCredentialsResponse>, Problem> {
    let after = piece.after(PasskeyId::parse)?;
    // A user has a handful: what a piece leaves out is not worth another query.
    let keys = accounts.passkeys(caller).await?.into_iter();
    let keys = keys.skip_while(|key| after.is_some_and(|after| key.id.0 <= after.0)).collect();
    let (keys, next) = piece.cut(keys, |last: &Passkey| last.id.to_string());
    Ok(Json(WebauthnCredentialsResponse { items: keys.into_iter().map(Into::into).collect(), next }))
}

/// Gives one of the user's keys another name.
#[utoipa::path(
    patch, path = "/auth/webauthn/credentials/{id}", tag = "second factor", request_body = WebauthnRenameRequest,
    params(("id" = String, Path, description = "The key's id")),
    responses(
        (status = 200, description = "The key as it is now", body = WebauthnCredentialResponse),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 404, description = "`not_found`: there is none, or it is not the user's", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(super) async fn rename(
    State(accounts): State<Accounts>,
    FreshCaller(caller): FreshCaller,
    device: Device,
    id: Result<Path<String>, PathRejection>,
    mut fields: Fields,
) -> Result<Json<WebauthnCredentialResponse>, Problem> {
    let name = name_of(&mut fields);
    let name = fields.finish(name)?;
    Ok(Json(accounts.rename_passkey(caller, named(id, PasskeyId::parse)?, &name, &device).await?.into()))
}

/// Removes one of the user's keys.
#[utoipa::path(
    delete, path = "/auth/webauthn/credentials/{id}", tag = "second factor",
    params(("id" = String, Path, description = "The key's id")),
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "No good token, or `insufficient_user_authentication`", body = Problem),
        (status = 404, description = "`not_found`: there is none, or it is not the user's", body = Problem),
        (status = 409, description = "`last_factor`: there would be no way left to log in", body = Problem),
    )
)]
pub(super) async fn remove(
    State(accounts): State<Accounts>,
    FreshCaller(caller): FreshCaller,
    device: Device,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    accounts.remove_passkey(caller, named(id, PasskeyId::parse)?, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn name_of(fields: &mut Fields) -> Result<PasskeyName, Error> {
    PasskeyName::parse(&fields.text("name")).ok_or(Error::field("name", "invalid_name"))
}
