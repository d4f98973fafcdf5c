//! The account routes: decode, call the room, encode.
//!
//! The table in `routes` is the whole of it: method, path, what the guard asks, and the room that answers.

mod address;
mod admin;
mod answers;
mod api_keys;
#[cfg(feature = "webauthn")]
mod ceremony;
mod change_email;
mod change_password;
mod event_stream;
mod fields;
mod first_admin;
mod forgot_password;
mod fresh;
mod hidden;
mod login;
mod logout;
mod mailed_token;
mod me;
mod methods;
mod named;
mod new_password;
mod openapi;
mod origin;
#[cfg(feature = "webauthn")]
mod passkey_account;
#[cfg(feature = "webauthn")]
mod passkey_login;
mod piece;
mod problem;
mod query;
mod reauthenticate;
mod recovery_codes;
mod refresh;
mod register;
mod reset_password;
mod revocations;
mod second_factor;
mod sessions;
mod state;
mod time;
mod tokens;
mod totp;
mod verify;
mod verify_email;
pub(crate) mod watch;
#[cfg(feature = "webauthn")]
mod webauthn;
mod well_known;

#[cfg(doc)]
#[doc = include_str!("forward_auth.md")]
pub mod forward_auth {}

use std::time::Duration;

use ::axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{delete, get, patch, post, put},
};

use self::admin::{events, memberships, roles, users};
pub(crate) use self::state::AppState;
// What the pages do in the same way.
#[cfg(feature = "pages")]
pub(crate) use self::{
    admin::roles::role_names,
    fields::both,
    fresh::{FreshCaller, NotFresh},
    named::named,
    origin::is_from_own_page,
    piece::Piece,
    problem::chain,
    query::Query,
    time::rfc3339,
};
pub use self::{
    admin::{
        AdminUserResponse, AdminUsersResponse, CreateUserRequest, EventResponse, EventsResponse, MembershipRequest,
        ResetPasswordRequest, RoleRequest, RoleResponse, RolesResponse, UpdateUserRequest, UserRolesRequest,
    },
    api_keys::{ApiKeyRequest, ApiKeyResponse, ApiKeysResponse, NewApiKeyResponse, RotateApiKeyRequest},
    change_email::{ChangeEmailRequest, MailedTokenRequest},
    change_password::ChangePasswordRequest,
    first_admin::FirstAdminRequest,
    forgot_password::ForgotPasswordRequest,
    login::LoginRequest,
    me::{ProfileRequest, UserResponse},
    methods::MethodsResponse,
    new_password::NewPasswordRequest,
    openapi::openapi,
    problem::{FieldProblem, Problem, method_not_allowed, not_found},
    reauthenticate::ReauthenticateRequest,
    recovery_codes::{RecoveryCodesLeftResponse, RecoveryCodesResponse},
    refresh::RefreshRequest,
    register::{RegisterRequest, RegisterResponse},
    reset_password::ResetPasswordConfirm,
    second_factor::{SecondFactorRequest, TwoFaRequiredResponse},
    sessions::{SessionResponse, SessionsResponse},
    tokens::TokensResponse,
    totp::{
        TotpCodeRequest, TotpConfiguredResponse, TotpDisableRequest, TotpEnrolledResponse, TotpSetupRequest,
        TotpSetupResponse,
    },
    verify_email::{EmailRequest, LinkResponse, VerifyEmailRequest},
};
#[cfg(feature = "webauthn")]
pub use self::{
    ceremony::CeremonyResponse,
    passkey_account::{PasskeyRegisterFinishRequest, PasskeyRegisterRequest, PasskeyRegisterResponse},
    passkey_login::PasskeyLoginRequest,
    reauthenticate::ReauthenticateStartResponse,
    webauthn::{
        WebauthnCredentialResponse, WebauthnCredentialsResponse, WebauthnEnrolledResponse,
        WebauthnRegisterFinishRequest, WebauthnRegisterRequest, WebauthnRenameRequest,
    },
};
use crate::{
    Portcullis,
    axum::{GuardedRouter, StatedRule},
    guard::RouteRule,
};

/// The largest body that is read, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// How long ago the user must have authenticated, at most, where a route asks for that.
pub(crate) const FRESH: Duration = Duration::from_mins(10);

/// Every route: path and method, who answers, and what the guard asks.
fn routes() -> GuardedRouter<AppState> {
    let public = RouteRule::public;
    let optional = RouteRule::optional;
    // An API key passes where that is said, and nowhere else.
    let any_credential = RouteRule::authenticated;
    let authenticated = RouteRule::in_person;
    let fresh = || RouteRule::fresh(FRESH).and(RouteRule::in_person());
    let may = |scope| RouteRule::scopes([scope]);
    let administers = |scope| may(scope).and(fresh());
    let routes = GuardedRouter::new()
        .route("/auth/methods", get(methods::methods), public())
        .route("/auth/register", post(register::register), public())
        .route("/auth/first-admin", post(first_admin::make), public())
        .route("/auth/login", post(login::login), public())
        .route("/auth/login/second-factor", post(second_factor::finish), public())
        .route("/auth/login/new-password", post(new_password::finish), public())
        .route("/auth/refresh", post(refresh::refresh), public())
        .route("/auth/reauthenticate", post(reauthenticate::reauthenticate), authenticated())
        .route("/auth/logout", post(logout::logout), authenticated())
        .route("/auth/logout-all", post(logout::logout_all), authenticated())
        .route("/auth/sessions", get(sessions::list), authenticated())
        .route("/auth/sessions/{id}", delete(sessions::end), authenticated())
        .route("/auth/me", get(me::show), any_credential())
        .route("/auth/me", patch(me::update), authenticated())
        .route("/auth/me", delete(me::remove), fresh())
        .route("/auth/change-password", post(change_password::change_password), authenticated())
        .route("/auth/verify-email", get(verify_email::look).post(verify_email::verify), public())
        .route("/auth/verify-email/resend", post(verify_email::resend), public())
        .route("/auth/forgot-password", post(forgot_password::forgot_password), public())
        .route("/auth/reset-password", post(reset_password::reset_password), public())
        .route("/auth/change-email", post(change_email::change), fresh())
        .route("/auth/confirm-email", post(change_email::confirm), public())
        .route("/auth/undo-email", post(change_email::undo), public())
        .route("/auth/totp", get(totp::show), authenticated())
        // These two take a flow in place of a token; whoever comes without a flow has to be fresh.
        .route("/auth/totp/setup", post(totp::setup), optional())
        .route("/auth/totp/confirm", post(totp::confirm), optional())
        .route("/auth/totp/disable", post(totp::disable), authenticated())
        .route("/auth/recovery-codes", get(recovery_codes::show), authenticated())
        .route("/auth/recovery-codes", post(recovery_codes::replace), fresh())
        .route("/auth/api-keys", get(api_keys::list), authenticated())
        .route("/auth/api-keys", post(api_keys::create), fresh())
        .route("/auth/api-keys/{id}", delete(api_keys::remove), fresh())
        .route("/auth/api-keys/{id}/rotate", post(api_keys::rotate), fresh())
        .route("/auth/admin/users", get(users::list), may("users:read"))
        .route("/auth/admin/users", post(users::create), administers("users:write"))
        .route("/auth/admin/users/{id}", get(users::show), may("users:read"))
        .route("/auth/admin/users/{id}", patch(users::update).delete(users::remove), administers("users:write"))
        .route("/auth/admin/users/{id}/reset-password", post(users::reset_password), administers("users:write"))
        .route("/auth/admin/users/{id}/roles", put(roles::give), administers("roles:write"))
        .route("/auth/admin/roles", get(roles::list), may("roles:write"))
        .route("/auth/admin/roles/{role}", put(roles::set).delete(roles::remove), administers("roles:write"))
        .route(
            "/auth/admin/memberships/{resource}/{resource_id}/{user_id}",
            put(memberships::set).delete(memberships::end),
            administers("roles:write"),
        )
        .route("/auth/admin/events", get(events::list), may("events:read"))
        .route("/auth/verify", get(verify::verify), any_credential())
        .route("/auth/revocations", get(revocations::stream), may("revocations:read"))
        .route("/.well-known/jwks.json", get(well_known::jwks), public());
    #[cfg(feature = "webauthn")]
    let routes = routes
        .route("/auth/register/passkey/start", post(passkey_account::start), public())
        .route("/auth/register/passkey/finish", post(passkey_account::finish), public())
        .route("/auth/login/passkey/start", post(passkey_login::start), public())
        .route("/auth/login/passkey/finish", post(passkey_login::finish), public())
        .route("/auth/reauthenticate/start", post(reauthenticate::start), authenticated())
        .route("/auth/webauthn/register/start", post(webauthn::start), fresh())
        .route("/auth/webauthn/register/finish", post(webauthn::finish), fresh())
        .route("/auth/webauthn/credentials", get(webauthn::list), authenticated())
        .route("/auth/webauthn/credentials/{id}", patch(webauthn::rename).delete(webauthn::remove), fresh());
    routes.method_not_allowed_fallback(method_not_allowed)
}

/// Every account route and what the guard asks there: to print, to audit, to test.
///
/// ```
/// let rules = portcullis::http::stated_rules();
/// let login = rules.iter().find(|stated| stated.path() == "/auth/login").unwrap();
/// assert!(login.rule().is_public());
/// ```
#[must_use]
pub fn stated_rules() -> Vec<StatedRule> {
    routes().rules().to_vec()
}

/// The account routes as one router. It leaves unknown paths to the service that it becomes a part of.
pub(crate) fn router(portcullis: &Portcullis) -> Router {
    routes()
        .with_state(AppState::new(portcullis))
        .guard(portcullis.guard())
        .into_router()
        .reset_fallback()
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::map_response(problem::no_store))
}
