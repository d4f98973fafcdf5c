//! Authentication for Tower services in one crate: a [`Layer`](tower_layer::Layer) that authenticates every request,
//! and the accounts behind it.
//!
//! The guard alone wraps any Tower service and needs neither a database nor a framework:
//!
//! ```
//! use http::{Request, Response, StatusCode};
//! use portcullis::{JwtUser, Principal, guard::AuthLayer, jwt::{JwtIssuer, JwtVerifier, KeyRing}};
//! use std::{convert::Infallible, time::Duration};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let keys = KeyRing::hs256("thirty-two bytes that nobody else knows")?;
//! let issuer = JwtIssuer::new(keys.clone()).issuer("https://id.example").audience("notes");
//! let verifier = JwtVerifier::new(keys).issuer("https://id.example").audience("notes");
//!
//! let guard = AuthLayer::builder(verifier).exclude("/healthz").build()?;
//! let service = guard.layer(service_fn(async |request: Request<String>| {
//!     let caller = request.extensions().get::<Principal>().map_or("stranger", Principal::id);
//!     Ok::<_, Infallible>(Response::new(format!("hello {caller}")))
//! }));
//!
//! let ada = JwtUser { id: "ada".into(), name: None, email: None };
//! let token = issuer.create_jwt(&ada, Duration::from_secs(900))?;
//! let request = Request::get("/notes").header("authorization", format!("Bearer {token}")).body(String::new())?;
//! assert_eq!(service.clone().oneshot(request).await?.body(), "hello ada");
//!
//! let request = Request::get("/notes").body(String::new())?;
//! assert_eq!(service.oneshot(request).await?.status(), StatusCode::UNAUTHORIZED);
//! # Ok(())
//! # }
//! ```
//!
//! With accounts, which bring their own guard, their routes and their database:
//!
//! ```
//! # #[cfg(all(feature = "pages", feature = "sqlite"))]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let database = format!("sqlite:{}/notes.db", folder.path().display());
//! use axum::routing::get;
//! use portcullis::{Portcullis, Principal, axum::GuardedRouter, guard::RouteRule};
//!
//! let auth = Portcullis::builder().public_url("https://notes.example").database(database).build().await?;
//! let app = GuardedRouter::<()>::new()
//!     .route("/notes", get(async |user: Principal| format!("the notes of {}", user.id())), RouteRule::authenticated())
//!     .guard(auth.guard())
//!     .merge(auth.router())
//!     .merge(auth.pages());
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "pages", feature = "sqlite")))]
//! # fn main() {}
//! ```
//!
//! # The guide
//!
//! Embedding, clients, passkeys, several services, every default and its reason, threats, and what else there is: the pages
//! of the folder [`docs`](https://docs.rs/portcullis/latest/portcullis/guide/index.html).
//!
//! # Features
//!
//! | feature | what it adds | default |
//! |---|---|---|
//! | (none) | the guard: [`guard`], [`jwt`], [`revocation`] | |
//! | `axum` | `GuardedRouter` and extractors for axum | ✓ |
//! | `accounts` | the accounts, as a Rust API; with `axum` also as a router | ✓ |
//! | `sqlite`, `postgres` | a store for them | ✓ |
//! | `pages` | the pages: the same flows as forms in a browser | ✓ |
//! | `webauthn` | passkeys and security keys | ✓ |
//! | `smtp` | mail by SMTP; without it, as files or by a transport of one's own | ✓ |
//! | `import` | users by the file, in and out, and the password hashes of other programs | ✓ |
//! | `server` | the binary, and all of the above | ✓ |
//! | `remote-jwks` | keys that issuers elsewhere publish, and what they revoke, followed | |
//! | `openapi` | what a guarded router asks, written into an OpenAPI document | |
//! | `regex` | paths excluded by regular expression | |
//! | `testing` | a clock that a test moves, an issuer, with accounts a mailbox, with `webauthn` an authenticator | |

pub mod clock;
pub mod guard;
pub mod jwt;
mod principal;
pub mod revocation;
pub mod secret;
#[cfg(feature = "testing")]
pub mod testing;

#[cfg(feature = "axum")]
pub mod axum;

#[cfg(feature = "accounts")]
pub mod access;
#[cfg(feature = "accounts")]
pub mod account;
#[cfg(feature = "accounts")]
pub mod api_key;
#[cfg(feature = "accounts")]
pub mod audit;
#[cfg(feature = "accounts")]
pub mod brand;
#[cfg(feature = "accounts")]
mod catalogue;
#[cfg(feature = "accounts")]
pub mod config;
#[cfg(feature = "accounts")]
mod error;
#[cfg(feature = "accounts")]
pub mod flow;
#[cfg(all(feature = "accounts", feature = "axum"))]
pub mod http;
#[cfg(feature = "import")]
pub mod import;
#[cfg(feature = "accounts")]
pub mod mail;
#[cfg(feature = "accounts")]
pub mod metrics;
#[cfg(feature = "accounts")]
pub mod one_time;
#[cfg(feature = "pages")]
pub mod pages;
#[cfg(feature = "accounts")]
pub mod passkey;
#[cfg(feature = "accounts")]
pub mod password;
#[cfg(feature = "accounts")]
mod portcullis;
#[cfg(feature = "accounts")]
pub mod recovery;
#[cfg(feature = "accounts")]
pub mod session;
#[cfg(feature = "accounts")]
pub mod store;
#[cfg(feature = "accounts")]
mod templates;
#[cfg(feature = "accounts")]
pub mod throttle;
#[cfg(feature = "accounts")]
pub mod totp;
#[cfg(feature = "accounts")]
pub mod vault;

// Only where all that it speaks of is there.
#[cfg(all(any(doc, doctest), feature = "server", feature = "remote-jwks", feature = "testing"))]
pub mod guide;

pub use self::principal::{CredentialKind, Identity, JwtUser, Principal, Scopes};
#[cfg(feature = "accounts")]
pub use self::{
    error::{Error, FieldError},
    portcullis::{BuildError, Builder, Portcullis},
};
