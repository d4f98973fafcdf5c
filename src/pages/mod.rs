//! The pages: the same flows as the account routes, as forms in a browser.
//!
//! They call the same functions as the routes do and decide nothing themselves. They work without scripts, but for
//! passkeys. What a browser holds is a cookie: of a session, or before there is one, of the flow it is in and of one
//! message for the next page.
//!
//! [`Portcullis::pages`] has them all, as a router. [`SendToLogin`] leads the people there who open a page of another
//! service behind the guard.

// The table in `routes` is the whole of it. A page is a file of this folder, a template beside it, and its texts in the
// catalogue. A handler takes a `Visit` and, where something is sent, a `Form`, and answers with a `Page`, a way to `Leave`,
// or `Trouble`. The `shell` around all of them sees to where forms come from and to the headers.

mod assets;
mod codes;
mod cookies;
mod form;
mod moment;
mod new_account;
mod next;
mod page;
mod passwords;
mod send_to_login;
mod shell;
mod state;
mod steps;
mod visit;

mod account;
mod admin;
mod confirm;
mod enrol;
mod first_admin;
mod forgot_password;
mod login;
mod logout;
mod new_password;
#[cfg(feature = "webauthn")]
mod passkey;
mod reauthenticate;
mod register;
mod reset_password;
mod second_factor;
mod strength;
mod verify_email;
mod well_known;

use ::axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};

#[cfg(feature = "webauthn")]
use self::account::passkeys;
pub use self::send_to_login::{SendToLogin, SendsToLogin, SendsToLoginFuture};
pub(crate) use self::state::Pages;
use self::{
    account::{api_keys, authenticator, email, leave, password, profile, recovery_codes, sessions},
    admin::{act, events, new_user, password as set_password, roles, user, user_roles, users},
    page::Trouble,
    state::PageState,
};
use crate::{
    Portcullis,
    axum::{GuardedRouter, StatedRule},
    guard::RouteRule,
    http::{BODY_LIMIT, FRESH, Problem},
    one_time::Purpose,
};

/// Every page: path and method, who answers, and what the guard asks.
fn routes() -> GuardedRouter<PageState> {
    let public = RouteRule::public;
    let in_person = RouteRule::in_person;
    // The page of a form that takes this takes it too: whoever is asked who they are comes back to it.
    let fresh = || RouteRule::fresh(FRESH).and(in_person());
    let may = |scope| RouteRule::scopes([scope]).and(in_person());
    let administers = |scope| may(scope).and(fresh());
    let routes = GuardedRouter::new()
        .route("/login", get(login::show).post(login::log_in), public())
        .route("/login/second-factor", get(second_factor::show).post(second_factor::finish), public())
        .route("/login/new-password", get(new_password::show).post(new_password::finish), public())
        .route("/login/enrol", get(enrol::show).post(enrol::finish), public())
        .route("/logout", get(logout::show).post(logout::log_out), public())
        .route("/first-admin", get(first_admin::show).post(first_admin::make), public())
        .route("/register", get(register::show).post(register::register), public())
        .route("/verify-email", get(verify_email::show).post(verify_email::verify), public())
        .route("/verify-email/resend", post(verify_email::resend), public())
        .route("/forgot-password", get(forgot_password::show).post(forgot_password::forgot), public())
        .route("/reset-password", get(reset_password::show).post(reset_password::reset), public())
        .route("/confirm-email", confirm::page(Purpose::Confirm), public())
        .route("/undo-email", confirm::page(Purpose::Undo), public())
        .route("/reauthenticate", get(reauthenticate::show).post(reauthenticate::confirm), in_person())
        .route("/account", get(account::show), in_person())
        .route("/account/profile", get(profile::show).post(profile::change), in_person())
        .route("/account/password", get(password::show).post(password::change), in_person())
        .route("/account/password/mail", get(password::show).post(password::mail), in_person())
        .route("/account/email", get(email::show).post(email::change), fresh())
        .route("/account/email/resend", get(email::show).post(email::resend), fresh())
        .route("/account/authenticator", get(authenticator::show).post(authenticator::remove), in_person())
        .route("/account/authenticator/set-up", get(authenticator::begin).post(authenticator::confirm), fresh())
        .route("/account/recovery-codes", get(recovery_codes::show).post(recovery_codes::replace), fresh())
        .route("/account/sessions", get(sessions::show).post(sessions::end), in_person())
        .route("/account/api-keys", get(api_keys::list), in_person())
        .route("/account/api-keys/new", get(api_keys::ask).post(api_keys::make), fresh())
        .route("/account/api-keys/{id}", get(api_keys::show).post(api_keys::change), fresh())
        .route("/account/delete", get(leave::show).post(leave::delete), fresh())
        .route("/account/admin", get(admin::show), in_person())
        .route("/account/admin/users", get(users::list), may("users:read"))
        .route("/account/admin/users/{id}", get(user::show), may("users:read"))
        .route(
            "/account/admin/users/{id}/password",
            get(set_password::ask).post(set_password::set),
            administers("users:write"),
        )
        .route(
            "/account/admin/users/{id}/roles",
            get(user_roles::ask).post(user_roles::give),
            administers("roles:write"),
        )
        .route("/account/admin/users/{id}/{act}", get(act::ask).post(act::act), administers("users:write"))
        .route("/account/admin/new-user", get(new_user::ask).post(new_user::make), administers("users:write"))
        .route("/account/admin/roles", get(roles::list), may("roles:write"))
        .route("/account/admin/roles/{role}", get(roles::ask).post(roles::change), administers("roles:write"))
        .route(
            "/account/admin/roles/{role}/delete",
            get(roles::ask_delete).post(roles::delete),
            administers("roles:write"),
        )
        .route("/account/admin/new-role", get(roles::ask_new).post(roles::make), administers("roles:write"))
        .route("/account/admin/events", get(events::list), may("events:read"))
        .route("/.well-known/change-password", get(well_known::change_password), public())
        .route("/password-strength", post(strength::judge), public())
        .route(assets::ROUTE, get(assets::file), public());
    #[cfg(feature = "webauthn")]
    let routes = routes
        .route("/login/passkey", post(passkey::log_in), public())
        .route("/account/passkeys", get(passkeys::list), in_person())
        .route("/account/passkeys/new", get(passkeys::ask).post(passkeys::add), fresh())
        .route("/account/passkeys/{id}", get(passkeys::show).post(passkeys::change), fresh());
    routes.method_not_allowed_fallback(async || Trouble::from(Problem::wrong_method()))
}

/// Every page and what the guard asks there: to print, to audit, to test.
///
/// ```
/// let rules = portcullis::pages::stated_rules();
/// let account = rules.iter().find(|stated| stated.path() == "/account").unwrap();
/// assert!(!account.rule().is_public());
/// ```
#[must_use]
pub fn stated_rules() -> Vec<StatedRule> {
    routes().rules().to_vec()
}

/// The pages as one router. It leaves unknown paths to the service that it becomes a part of.
pub(crate) fn router(portcullis: &Portcullis, pages: &Pages) -> Router {
    let state = PageState::new(portcullis, pages.clone());
    routes()
        .with_state(state.clone())
        .guard(portcullis.guard())
        .into_router()
        .reset_fallback()
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(state, shell::around))
}

/// What answers paths that nobody knows, as one router.
pub(crate) fn nothing_here(portcullis: &Portcullis, pages: &Pages) -> Router {
    Router::new().fallback(shell::nothing_here).with_state(PageState::new(portcullis, pages.clone()))
}
