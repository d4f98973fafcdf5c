//! `GET /auth/totp`, `POST /auth/totp/setup`, `/confirm`, `/disable`

use ::axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    fields::Fields,
    fresh::FreshCaller,
    hidden::hidden_in_debug,
    problem::Problem,
    recovery_codes::shown,
    second_factor::{second_factor_code, totp_code},
    state::AppState,
    tokens::TokensResponse,
};
use crate::{
    Error,
    account::{Accounts, Caller},
    flow::FlowId,
    session::Device,
    totp::{Enrolling, TotpEnrolled},
};

/// Whether an authenticator app is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TotpConfiguredResponse {
    /// Whether one is. One that is not confirmed yet does not count.
    is_configured: bool,
}

/// What to send to begin a set-up. With a token it may be left out.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TotpSetupRequest {
    /// What the login was answered that waits for this, in place of a token.
    pub flow: Option<String>,
}

/// What an authenticator app needs to know, once.
#[derive(Clone, Serialize, ToSchema)]
pub struct TotpSetupResponse {
    /// The secret in base32, to be typed.
    secret: String,
    /// The same as a URI, for an app on the same device.
    otpauth_uri: String,
    /// The URI as a QR code: an SVG image.
    qr_svg: String,
}

/// What to send to confirm a set-up.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TotpCodeRequest {
    /// A code of the app: six digits, with blanks and hyphens as you like.
    pub code: String,
    /// What the login was answered that waits for this, in place of a token.
    pub flow: Option<String>,
}

/// What comes of a set-up that is confirmed.
#[derive(Clone, Serialize, ToSchema)]
pub struct TotpEnrolledResponse {
    /// Ten codes for the day the app is lost, if this is the account's first second factor. They are shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<Vec<String>>,
    /// The tokens, where a login waited for this.
    #[serde(flatten)]
    tokens: Option<TokensResponse>,
}

/// What to send to remove an authenticator app: a code of one kind.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TotpDisableRequest {
    /// A code of the app.
    pub code: Option<String>,
    /// A recovery code.
    pub recovery_code: Option<String>,
}

hidden_in_debug!(TotpSetupRequest, TotpSetupResponse, TotpCodeRequest, TotpEnrolledResponse, TotpDisableRequest);

/// Whether the caller has an authenticator app set up.
#[utoipa::path(
    get, path = "/auth/totp", tag = "second factor",
    responses(
        (status = 200, description = "Whether there is one", body = TotpConfiguredResponse),
        (status = 401, description = "No good token", body = Problem),
    )
)]
pub(super) async fn show(
    State(accounts): State<Accounts>,
    caller: Caller,
) -> Result<Json<TotpConfiguredResponse>, Problem> {
    Ok(Json(TotpConfiguredResponse { is_configured: accounts.totp_is_configured(caller).await? }))
}

/// Begins to set an authenticator app up. One that is there already stays as it is until the new one is confirmed.
#[utoipa::path(
    post, path = "/auth/totp/setup", tag = "second factor", request_body = Option<TotpSetupRequest>,
    responses(
        (status = 201, description = "Begun; confirm it within ten minutes", body = TotpSetupResponse),
        (
            status = 401, body = Problem,
            description = "No good token, `insufficient_user_authentication`, or `flow_invalid`",
        ),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(super) async fn setup(
    State(accounts): State<Accounts>,
    device: Device,
    Enrollee { who, fields }: Enrollee,
) -> Result<(StatusCode, Json<TotpSetupResponse>), Problem> {
    fields.finish(Ok(()))?;
    let setup = accounts.set_up_totp(&who, &device).await?;
    let body = TotpSetupResponse {
        secret: setup.secret.to_base32().to_string(),
        otpauth_uri: setup.uri.to_string(),
        qr_svg: setup.qr_svg.to_string(),
    };
    Ok((StatusCode::CREATED, Json(body)))
}

/// Ends a set-up with a code of the app. From then on a login asks for its codes.
#[utoipa::path(
    post, path = "/auth/totp/confirm", tag = "second factor", request_body = TotpCodeRequest,
    responses(
        (status = 200, description = "Set up", body = TotpEnrolledResponse),
        (
            status = 401, body = Problem,
            description = "No good token, `insufficient_user_authentication`, or `flow_invalid`",
        ),
        (status = 403, description = "`password_change_required`, with the recovery codes", body = Problem),
        (status = 422, description = "`invalid_fields`: a wrong code is `invalid_code`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
    )
)]
pub(super) async fn confirm(
    State(accounts): State<Accounts>,
    device: Device,
    Enrollee { who, mut fields }: Enrollee,
) -> Result<Json<TotpEnrolledResponse>, Problem> {
    let code = fields.text("code");
    let code = fields.finish(totp_code("code", &code))?;
    let TotpEnrolled { recovery_codes, login } = accounts.confirm_totp(&who, &code, &device).await?;
    let recovery_codes = recovery_codes.as_ref().map(shown);
    Ok(Json(TotpEnrolledResponse { recovery_codes, tokens: login.map(Into::into) }))
}

/// Removes the authenticator app and the recovery codes.
#[utoipa::path(
    post, path = "/auth/totp/disable", tag = "second factor", request_body = TotpDisableRequest,
    responses(
        (status = 204, description = "Removed"),
        (status = 401, description = "No good token", body = Problem),
        (status = 409, description = "`no_second_factor`", body = Problem),
        (status = 422, description = "`invalid_fields`: a wrong code is `invalid_code`", body = Problem),
        (status = 429, description = "`too_many_attempts`", body = Problem),
    )
)]
pub(super) async fn disable(
    State(accounts): State<Accounts>,
    caller: Caller,
    device: Device,
    mut fields: Fields,
) -> Result<StatusCode, Problem> {
    let code = second_factor_code(&mut fields, "code");
    let code = fields.finish(code.and_then(|code| code.ok_or(Error::field("code", "missing"))))?;
    accounts.disable_totp(caller, &code, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who sets an app up: whoever holds the flow in the body, else the caller, and then a fresh one. With the rest of the body.
pub(super) struct Enrollee {
    who: Enrolling,
    fields: Fields,
}

impl FromRequest<AppState> for Enrollee {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let caller = FreshCaller::from_request_parts(&mut parts, state).await;
        let request = Request::from_parts(parts, body);
        let fields = Option::<Fields>::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        let mut fields = fields.unwrap_or_default();
        let who = match fields.optional_text("flow") {
            Some(flow) => {
                let flow = FlowId::parse(&flow).ok_or(Error::FlowInvalid);
                Enrolling::Login(flow.map_err(|error| Problem::from(error).into_response())?)
            }
            None => Enrolling::Caller(caller?.0),
        };
        Ok(Self { who, fields })
    }
}
