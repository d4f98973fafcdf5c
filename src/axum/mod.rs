//! The guard in axum: routes with rules, and what handlers take as arguments.
//!
//! On a [`GuardedRouter`] every route has a rule: one without does not compile. Handlers behind it take a
//! [`Principal`](crate::Principal), or an `Option` of one where strangers are let through, and [`Claims`] for what a
//! token says beyond that.
//!
//! ```
//! # use portcullis::jwt::JwtVerifier;
//! use axum::routing::get;
//! use portcullis::{Principal, axum::{Guarded, GuardedRouter}, guard::{AuthLayer, RouteRule}};
//!
//! async fn account(user: Principal) -> String {
//!     format!("hello {}", user.id())
//! }
//!
//! async fn home(user: Option<Principal>) -> String {
//!     user.map_or("hello stranger".to_owned(), |user| format!("hello {}", user.id()))
//! }
//!
//! # fn app(verifier: JwtVerifier) -> Guarded {
//! let app = GuardedRouter::new()
//!     .route("/", get(home), RouteRule::optional())
//!     .route("/account", get(account), RouteRule::authenticated())
//!     .guard(AuthLayer::new(verifier));
//! # app
//! # }
//! ```
//!
//! The guard is a Tower layer as well, and goes onto a router of any kind with `Router::layer`. It then looks rules up
//! in its own table, and a route that is not in it asks for a principal.

mod claims;
mod extract;
mod guarded;
mod guarded_router;
#[cfg(any(feature = "accounts", feature = "openapi"))]
mod openapi;
mod stated;

#[cfg(any(feature = "accounts", feature = "openapi"))]
pub use self::openapi::describe_security;
#[cfg(feature = "accounts")]
pub(crate) use self::openapi::operations;
pub use self::{
    claims::{Claims, MissingClaims},
    extract::MissingPrincipal,
    guarded::Guarded,
    guarded_router::GuardedRouter,
    stated::StatedRule,
};
