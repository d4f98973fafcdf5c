//! The account routes: decode, call the room, encode.
//!
//! The table in `routes` is the whole of it: method, path, what the guard asks, and the room that answers.

mod address;
mod change_password;
mod fields;
mod login;
mod logout;
mod me;
mod methods;
mod openapi;
mod problem;
mod register;
mod state;
mod tokens;
mod well_known;

use std::time::Duration;

use ::axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{MethodRouter, delete, get, post},
};

use self::state::AppState;
pub use self::{
    change_password::ChangePasswordRequest,
    login::LoginRequest,
    me::{ProfileRequest, UserResponse},
    methods::MethodsResponse,
    openapi::openapi,
    problem::{FieldProblem, Problem, method_not_allowed, not_found},
    register::{RegisterRequest, RegisterResponse},
    tokens::TokensResponse,
};
use crate::{
    Portcullis,
    guard::{AuthLayer, RouteRule},
    jwt::JwtVerifier,
};

/// The largest body that is read, in bytes.
pub const BODY_LIMIT: usize = 64 * 1024;

/// How long ago the user must have authenticated, at most, where a route asks for that.
const FRESH: Duration = Duration::from_mins(10);

/// Every route: method and path, what the guard asks (none where it is public), and who answers.
fn routes(guard: &Guard) -> Router<AppState> {
    let authenticated = RouteRule::authenticated;
    let fresh = || RouteRule::fresh(FRESH);
    Router::new()
        .route("/auth/methods", get(methods::methods))
        .route("/auth/register", post(register::register))
        .route("/auth/login", post(login::login))
        .route("/auth/logout", guard.asks(authenticated(), post(logout::logout)))
        .route("/auth/logout-all", guard.asks(authenticated(), post(logout::logout_all)))
        .route("/auth/me", guard.asks(authenticated(), get(me::show).patch(me::update)))
        .route("/auth/me", guard.asks(fresh(), delete(me::remove)))
        .route("/auth/change-password", guard.asks(authenticated(), post(change_password::change_password)))
        .route("/.well-known/jwks.json", get(well_known::jwks))
}

/// The guard, put before one route at a time: a known path with a wrong verb is 405 for everyone, not 401.
struct Guard(AuthLayer<JwtVerifier>);

impl Guard {
    fn asks(&self, rule: RouteRule, route: MethodRouter<AppState>) -> MethodRouter<AppState> {
        route.route_layer(self.0.clone()).route_layer(Extension(rule))
    }
}

/// The account routes as one router.
pub(crate) fn router(portcullis: &Portcullis) -> Router {
    let state = AppState::new(portcullis);
    routes(&Guard(portcullis.guard()))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::map_response(problem::no_store))
        .with_state(state)
}
