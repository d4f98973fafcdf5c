//! For tests of services that stand behind this crate (feature `testing`): an issuer that makes its own keys, tokens of
//! every kind from it, good and bad, a clock that a test moves, with the accounts a `Mailbox` that keeps their
//! mails, and with `webauthn` a `SoftAuthenticator` for their passkeys.
//!
//! ```toml
//! [dev-dependencies]
//! portcullis = { version = "0.1", default-features = false, features = ["testing"] }
//! ```
//!
//! # Testing a handler behind the guard
//!
//! A [`TestIssuer`] stands in for whoever signs the tokens in production. The guard under test gets its
//! [`verifier`](TestIssuer::verifier), and a request a [token](TestIssuer::token_for) for whoever the test is about.
//! There is no network, no database and no time to wait for.
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use http::{Request, Response, StatusCode};
//! use portcullis::{Principal, guard::{AuthLayer, RouteRule}, testing::{Flaw, TestIssuer}};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // What is tested: rules and a handler. In a service this is the function that makes its router.
//! let issuer = TestIssuer::new();
//! let guard = AuthLayer::builder(issuer.verifier())
//!     .default_rule(RouteRule::scopes(["notes:read"]))
//!     .clock(issuer.clock())
//!     .build()?;
//! let service = guard.layer(service_fn(async |request: Request<String>| {
//!     let reader = request.extensions().get::<Principal>().map(Principal::id).unwrap_or_default();
//!     Ok::<_, Infallible>(Response::new(format!("the notes of {reader}")))
//! }));
//! let ask = |token: &str| {
//!     let request = Request::get("/notes").header("authorization", format!("Bearer {token}"));
//!     service.clone().oneshot(request.body(String::new()).unwrap())
//! };
//!
//! // Whoever has the scope is let in, and nobody else.
//! let ada = issuer.token_for("ada").scopes(["notes:read"]);
//! assert_eq!(ask(&ada.sign()).await?.body(), "the notes of ada");
//! assert_eq!(ask(&issuer.token_for("bob").sign()).await?.status(), StatusCode::FORBIDDEN);
//!
//! // Nothing that only looks like such a token passes: the service has asked for the right verifier.
//! for flaw in Flaw::ALL {
//!     assert_eq!(ask(&ada.flawed(flaw)).await?.status(), StatusCode::UNAUTHORIZED, "{flaw:?}");
//! }
//!
//! // And a token ends when it says so.
//! let brief = ada.expires_in(Duration::from_secs(60)).sign();
//! assert_eq!(ask(&brief).await?.status(), StatusCode::OK);
//! issuer.clock().advance(Duration::from_secs(120));
//! assert_eq!(ask(&brief).await?.status(), StatusCode::UNAUTHORIZED);
//! # Ok(())
//! # }
//! ```
//!
//! A handler that is called on its own, without a guard, takes its [`Principal`](crate::Principal) from
//! [`TestToken::principal`].
//!
//! A service that is started with its configuration, and makes its own verifier, is given the names and the public keys
//! of the issuer: [`TestIssuer::named`] and [`TestIssuer::keys`].

#[cfg(feature = "webauthn")]
mod authenticator;
mod clock;
mod flaw;
mod issuer;
#[cfg(feature = "accounts")]
mod mailbox;
mod token;

#[cfg(feature = "webauthn")]
pub use self::authenticator::{AuthenticatorError, SoftAuthenticator};
#[cfg(feature = "accounts")]
pub use self::mailbox::Mailbox;
pub use self::{clock::ManualClock, flaw::Flaw, issuer::TestIssuer, token::TestToken};
