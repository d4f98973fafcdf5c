//! The OpenAPI document, made from the handlers and from the rules of the route table.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{
    admin::{events, memberships, roles, users},
    api_keys, change_email, change_password, forgot_password, login, logout, me, methods, new_password, reauthenticate,
    recovery_codes, refresh, register, reset_password, revocations, routes, second_factor, sessions, totp, verify,
    verify_email, well_known,
};
#[cfg(feature = "webauthn")]
use super::{passkey_account, passkey_login, webauthn};
use crate::axum::describe_security;

/// The name under which the document knows access tokens.
const BEARER: &str = "bearer";

/// The OpenAPI 3.1 document of the account routes.
#[must_use]
pub fn openapi() -> openapi::OpenApi {
    let mut document = Document::openapi();
    #[cfg(feature = "webauthn")]
    document.merge(OfKeys::openapi());
    describe_security(&mut document, BEARER, routes().rules());
    document
}

#[derive(OpenApi)]
#[openapi(
    info(title = "portcullis", description = "Accounts and the tokens that guard services."),
    paths(
        methods::methods,
        register::register,
        login::login,
        second_factor::finish,
        new_password::finish,
        refresh::refresh,
        reauthenticate::reauthenticate,
        logout::logout,
        logout::logout_all,
        sessions::list,
        sessions::end,
        me::show,
        me::update,
        me::remove,
        change_password::change_password,
        verify_email::look,
        verify_email::verify,
        verify_email::resend,
        forgot_password::forgot_password,
        reset_password::reset_password,
        change_email::change,
        change_email::confirm,
        change_email::undo,
        totp::show,
        totp::setup,
        totp::confirm,
        totp::disable,
        recovery_codes::show,
        recovery_codes::replace,
        api_keys::list,
        api_keys::create,
        api_keys::remove,
        users::list,
        users::create,
        users::show,
        users::update,
        users::remove,
        users::reset_password,
        roles::give,
        roles::list,
        roles::set,
        roles::remove,
        memberships::set,
        memberships::end,
        events::list,
        verify::verify,
        revocations::stream,
        well_known::jwks,
    ),
    modifiers(&BearerScheme)
)]
struct Document;

#[cfg(feature = "webauthn")]
#[derive(OpenApi)]
#[openapi(paths(
    passkey_account::start,
    passkey_account::finish,
    passkey_login::start,
    passkey_login::finish,
    reauthenticate::start,
    webauthn::start,
    webauthn::finish,
    webauthn::list,
    webauthn::rename,
    webauthn::remove,
))]
struct OfKeys;

struct BearerScheme;

impl Modify for BearerScheme {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    }
}
