//! The guard in axum: what handlers take as arguments.
//!
//! The guard itself is a Tower layer, and goes onto a router with `Router::layer`. Handlers behind it take a
//! [`Principal`](crate::Principal), or an `Option` of one where strangers are let through.
//!
//! ```
//! # use portcullis::{guard::RuleError, jwt::JwtVerifier};
//! use axum::{Router, routing::get};
//! use portcullis::{Principal, guard::{AuthLayer, RouteRule}};
//!
//! async fn account(user: Principal) -> String {
//!     format!("hello {}", user.id())
//! }
//!
//! async fn home(user: Option<Principal>) -> String {
//!     user.map_or("hello stranger".to_owned(), |user| format!("hello {}", user.id()))
//! }
//!
//! # fn app(verifier: JwtVerifier) -> Result<Router, RuleError> {
//! let guard = AuthLayer::builder(verifier).rule_for_any("/", RouteRule::optional()).build()?;
//! let app = Router::new().route("/", get(home)).route("/account", get(account)).layer(guard);
//! # Ok(app)
//! # }
//! ```

mod extract;

pub use self::extract::MissingPrincipal;
