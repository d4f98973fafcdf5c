#![doc = include_str!("litestar.md")]

use http::Method;

use super::{builder::AuthLayerBuilder, layer::AuthLayer};

/// Starts a layer that is set as Litestar's `AbstractAuthenticationMiddleware` is by default: everyone passes with
/// `OPTIONS`, preflight or not. All else that differs is in the [list of deviations](self#deviations).
///
/// ```
/// # use portcullis::{jwt::JwtVerifier, guard::RuleError};
/// use portcullis::guard::litestar;
///
/// # fn build(verifier: JwtVerifier) -> Result<(), RuleError> {
/// // JWTAuth[User](exclude=["^/login$", "^/schema"], …)
/// let guard = litestar::builder(verifier).exclude("/login");
/// # #[cfg(feature = "regex")]
/// let guard = guard.exclude_regex_search("^/schema");
/// let guard = guard.build()?;
/// # Ok(())
/// # }
/// ```
pub fn builder<A>(authenticate: A) -> AuthLayerBuilder<A> {
    AuthLayer::builder(authenticate).exclude_methods([Method::OPTIONS])
}
