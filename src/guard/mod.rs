//! The guard: a Tower layer that finds out who every request is from, and lets pass whom the route's rule lets pass.
//!
//! It wraps any service of `http` requests and responses, whatever their bodies and errors, and needs no framework.
//! A request takes these steps, and stops at the first that refuses it:
//!
//! 1. A [`Principal`](crate::Principal) that is already in the extensions is taken out: only the guard puts one there.
//!    So are the headers named to [`strip_headers`](AuthLayerBuilder::strip_headers).
//! 2. The rule is found. A CORS preflight passes. A [`RouteRule`] in the request's extensions holds, else the one that
//!    the table has for method and path, else an expression may exclude the path, else the default holds, which asks for
//!    a principal. [`AuthLayer::explain`] tells which it was, and [`AuthLayer::audit`] lists all there are.
//! 3. A public route is done here. The others need a credential from one of the guard's [`Source`]s, which is
//!    `Authorization: Bearer` unless it is told others. None is 401 with a bare challenge (an optional route lets it
//!    pass); what is not exactly one is 400 `invalid_request`; a cookie that another site makes a browser send to change
//!    something is 403 `cross_origin`.
//! 4. [`Authenticate`] turns the credential into a principal: 401 `invalid_token` if it cannot, the same for every
//!    reason; 503 if it cannot tell.
//! 5. The rule looks at the principal: 403 `insufficient_scope` for a scope or a role that it lacks, or 401
//!    `insufficient_user_authentication` (RFC 9470).
//! 6. The principal goes into the extensions, and the request to the inner service.
//!
//! ```
//! use std::{convert::Infallible, future::{Ready, ready}};
//! use http::{Method, Request, Response, StatusCode, header::WWW_AUTHENTICATE};
//! use portcullis::{CredentialKind, Identity, Principal, clock::Timestamp};
//! use portcullis::guard::{AuthError, AuthLayer, Authenticate, Credential, RouteRule};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! /// Takes one fixed token. A real service has a `JwtVerifier` here.
//! struct Demo;
//!
//! impl Authenticate for Demo {
//!     type Future = Ready<Result<Principal, AuthError>>;
//!
//!     fn authenticate(&self, credential: Credential<'_>) -> Self::Future {
//!         ready(if credential == Credential::Bearer("letmein") { Ok(alice()) } else { Err(AuthError::invalid("wrong")) })
//!     }
//! }
//! # fn alice() -> Principal {
//! #     Principal::new(Identity {
//! #         id: "alice".into(), name: None, email: None, scopes: ["reports:read"].into_iter().collect(),
//! #         roles: vec![], session: None, amr: vec![], acr: None, auth_time: None,
//! #         expires_at: Timestamp::from_secs(0), credential: CredentialKind::AccessToken,
//! #     })
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let guard = AuthLayer::builder(Demo)
//!     .exclude("/healthz")
//!     .rule(Method::GET, "/reports/{id}", RouteRule::scopes(["reports:read"]))
//!     .build()?;
//! let service = guard.layer(service_fn(async |request: Request<String>| {
//!     let caller = request.extensions().get::<Principal>().map_or("nobody", Principal::id);
//!     Ok::<_, Infallible>(Response::new(caller.to_owned()))
//! }));
//!
//! let asked = |path, token| {
//!     let request = Request::get(path).header("authorization", format!("Bearer {token}"));
//!     service.clone().oneshot(request.body(String::new()).unwrap())
//! };
//! assert_eq!(asked("/reports/7", "letmein").await?.body(), "alice");
//! assert_eq!(asked("/healthz", "letmein").await?.body(), "nobody");
//! let refused = asked("/reports/7", "guess").await?;
//! assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
//! assert_eq!(refused.headers()[WWW_AUTHENTICATE], r#"Bearer realm="restricted", error="invalid_token""#);
//! # Ok(())
//! # }
//! ```
//!
//! # Other forms
//!
//! - **gRPC** is refused as its clients expect, with [`Grpc`], or by itself where a request says that it is one.
//! - **A WebSocket** is refused with an HTTP status before it is opened. A script in a browser can send a token with it as
//!   a [subprotocol](Source::subprotocol).
//! - **What outlives its request**, a WebSocket or a stream, is never looked at again by the guard. It has to stop by
//!   itself, when its principal is [revoked](crate::Principal::revoked) or [expires](crate::Principal::expires_at).
//!
//! # Where to put it
//!
//! - **Outside the router**, so that a route nobody thought of is guarded as well. Unknown paths then answer 401 before
//!   they answer 404.
//! - **Inside CORS**, so that a refusal carries the headers a browser needs to show it.
//! - **Where it sees the whole path.** A router that strips a prefix before the guard shows it what is left, and the
//!   patterns have to be stated for that.
//! - **Inside whatever rewrites paths**, so that it judges the path that the router will see. Where that is not
//!   possible it errs on the side of refusing: a path that can be read in two ways meets the rules of both readings, and
//!   is never public or optional unless it is in normal form.
//!
//! What else can go wrong with a guard, and what shows that it does not here, is on the page of [edge cases](edge_cases).
//! For those who come from Litestar there is one that [compares](litestar).

mod audit;
mod authenticate;
mod builder;
mod challenge;
mod credential;
#[cfg(doc)]
#[doc = include_str!("edge_cases.md")]
pub mod edge_cases {}
mod error;
mod explain;
mod expression;
mod forward;
mod future;
mod grpc;
mod layer;
mod lint;
pub mod litestar;
mod member;
mod need;
mod path;
mod policy;
mod protocol;
mod rejection;
mod respond;
mod rule;
mod service;
mod stated;
mod statement;
mod table;
mod verdicts;

#[cfg(feature = "pages")]
pub(crate) use self::credential::cookie;
#[cfg(feature = "axum")]
pub(crate) use self::respond::{PROBLEM_JSON, problem};
pub use self::{
    audit::Audit,
    authenticate::{AuthError, Authenticate, TokenAuthentication},
    builder::AuthLayerBuilder,
    credential::{Credential, Presented, Source},
    error::{RuleError, RuleErrorKind},
    explain::{Explanation, Reason},
    forward::IDENTITY_HEADERS,
    future::ResponseFuture,
    grpc::Grpc,
    layer::AuthLayer,
    member::Level,
    need::Need,
    protocol::Protocols,
    rejection::{Rejection, RejectionKind},
    respond::{Empty, ProblemDocument, Respond},
    rule::{Denied, RouteRule},
    service::AuthService,
    verdicts::{Verdict, Verdicts},
};
