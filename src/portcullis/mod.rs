//! The whole, put together: settings in, a guard and accounts out.

mod builder;

use std::time::Duration;

use http::HeaderName;

pub use self::builder::Builder;
#[cfg(feature = "pages")]
use crate::pages::{Pages, SendToLogin};
use crate::{
    account::Accounts,
    api_key::AccountAuthenticator,
    config::ConfigError,
    guard::{AuthLayer, AuthLayerBuilder, RuleError, Source},
    jwt::JwtVerifier,
    mail::TemplateError,
    revocation::RevocationSet,
    store::StoreError,
    vault::{SigningKeys, VaultError},
};

/// Where API keys may stand, beside `Authorization`.
const API_KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");

/// Accounts and the guard that knows them.
///
/// Cloning gives another handle on the same accounts.
#[derive(Clone, Debug)]
pub struct Portcullis {
    accounts: Accounts,
    guard: AuthLayer<AccountAuthenticator>,
    verifier: JwtVerifier,
    keys: SigningKeys,
    #[cfg(feature = "pages")]
    pages: Pages,
}

/// Why it could not be put together. The text says what to mend.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting is missing or means nothing.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key, or the database's own keys, cannot be had.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The guard cannot be built.
    #[error(transparent)]
    Guard(#[from] RuleError),
    /// The templates of the operator cannot be used.
    #[error(transparent)]
    Templates(#[from] TemplateError),
    /// This is not the name of a credential backend, or that of two.
    #[error("`{0}` cannot be the name of a credential backend: it needs one of its own, of 1 to 256 bytes")]
    Backend(String),
    /// The threads that hash, or that run hooks, could not be started.
    #[error("a thread could not be started: {0}")]
    Threads(#[from] std::io::Error),
}

impl Portcullis {
    /// Begins with the defaults.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The accounts, for a program that is not an HTTP client.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// A guard that asks every request for a credential of these accounts: an access token as a bearer token, an API key,
    /// as a bearer token or in `X-API-Key`, or the session cookie of a browser. Exclusions and rules are added with
    /// [`guard_builder`](Self::guard_builder).
    pub fn guard(&self) -> AuthLayer<AccountAuthenticator> {
        self.guard.clone()
    }

    /// Such a guard in the making, to be told of exclusions and rules.
    ///
    /// ```
    /// # use portcullis::{Portcullis, guard::{RouteRule, RuleError}};
    /// # use http::Method;
    /// # fn build(auth: &Portcullis) -> Result<(), RuleError> {
    /// let guard = auth
    ///     .guard_builder()
    ///     .exclude("/healthz")
    ///     .rule(Method::GET, "/reports/{id}", RouteRule::scopes(["reports:read"]))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn guard_builder(&self) -> AuthLayerBuilder<AccountAuthenticator> {
        let authenticator = AccountAuthenticator::new(self.verifier.clone(), self.accounts.clone());
        builder_of(authenticator, &self.accounts)
    }

    /// What the guard checks tokens with. It minds what these accounts revoke, at once. It knows nothing of API keys.
    #[must_use]
    pub fn verifier(&self) -> JwtVerifier {
        self.verifier.clone()
    }

    /// The account routes, `/auth/*`, and the key set, `/.well-known/jwks.json`. [`pages`](Self::pages) adds those that
    /// mailed links lead to.
    ///
    /// The router counts attempts by the peer's address, so it has to be served with
    /// [`into_make_service_with_connect_info::<SocketAddr>`](axum::Router::into_make_service_with_connect_info);
    /// without it every request is answered 500 and the log says why.
    #[cfg(feature = "axum")]
    pub fn router(&self) -> axum::Router {
        crate::http::router(self)
    }

    /// The pages: `/login` and what it leads to, `/register`, those to which the links in mails lead, and `/account`.
    /// They have to be served as [`router`](Self::router) is, at the `public_url`.
    #[cfg(feature = "pages")]
    pub fn pages(&self) -> axum::Router {
        crate::pages::router(self, &self.pages)
    }

    /// Answers paths that nobody knows with 404: a page for people, a problem document for programs. It is for the
    /// fallback of the whole router.
    #[cfg(feature = "pages")]
    pub fn nothing_here(&self) -> axum::Router {
        crate::pages::nothing_here(self, &self.pages)
    }

    /// A layer to put around this guard, or one of its own, that leads people to the login page and back.
    #[cfg(feature = "pages")]
    #[must_use]
    pub fn send_to_login(&self) -> SendToLogin {
        SendToLogin
    }

    /// What has been revoked, as the guard knows it. It follows the database.
    #[must_use]
    pub fn revocations(&self) -> RevocationSet {
        self.accounts.inner().revocations.clone()
    }

    /// Ends the streams of revocations that guards elsewhere follow, and begins no others. A server that stops
    /// gracefully calls this first, or waits for streams that never end.
    pub fn end_streams(&self) {
        self.accounts.inner().journal.close();
    }

    /// Has every request to these routes counted for [`metrics`](Self::metrics) and logged, in a span of its own: method,
    /// template of the route, status, id of the request, and how long it took; never its path or query, which may hold a
    /// secret. The id is the client's `X-Request-Id` where that is short and plain, else a new one; the answer tells it.
    ///
    /// It is called last, with the whole router.
    ///
    /// ```
    /// # use axum::Router;
    /// # use portcullis::Portcullis;
    /// # fn app(auth: &Portcullis, own: Router) -> Router {
    /// auth.watched(own.merge(auth.router()))
    /// # }
    /// ```
    #[cfg(feature = "axum")]
    pub fn watched(&self, routes: axum::Router) -> axum::Router {
        crate::http::watch::around(self, routes)
    }

    /// Counts a request that was answered, for [`metrics`](Self::metrics): for servers that are not made with axum, where
    /// `watched` does it. The route is a template, such as `/notes/{id}`: each is a series of figures of its own, so
    /// that there must be few of them.
    pub fn count_request(&self, method: &str, route: &str, status: u16, took: Duration) {
        self.accounts.inner().figures.requests.count(method, route, status, took);
    }

    /// What these accounts and their guards have done and how they are, in the text format of Prometheus
    /// (`text/plain; version=0.0.4`). The [`metrics`](crate::metrics) tell what there is. It asks the database what waits
    /// in the outbox, and leaves that out if there is no answer.
    ///
    /// The figures name nobody, and still are nothing for strangers: whoever mounts them puts them behind a rule, or on a
    /// listener of their own.
    ///
    /// ```
    /// # use axum::{Router, http::header::CONTENT_TYPE, routing::get};
    /// # use portcullis::Portcullis;
    /// # fn router(auth: Portcullis) -> Router {
    /// let metrics = async move || ([(CONTENT_TYPE, "text/plain; version=0.0.4")], auth.metrics().await);
    /// Router::new().route("/metrics", get(metrics))
    /// # }
    /// ```
    pub async fn metrics(&self) -> String {
        self.accounts.metrics().await
    }

    /// The keys that sign the tokens of these accounts, to be looked at, rotated and retired.
    #[must_use]
    pub fn signing_keys(&self) -> &SigningKeys {
        &self.keys
    }

    /// The public keys of these accounts, as a JWK set (RFC 7517): of those that sign, will sign, or signed tokens that
    /// can still be good. Empty for HS256, whose key is no one else's.
    #[must_use]
    pub fn public_jwk_set(&self) -> serde_json::Value {
        self.keys.public_jwk_set()
    }
}

/// Every guard of these accounts counts in the same figures.
fn builder_of(authenticator: AccountAuthenticator, accounts: &Accounts) -> AuthLayerBuilder<AccountAuthenticator> {
    let (config, inner) = (accounts.config(), accounts.inner());
    let sources = [Source::bearer(), Source::header(API_KEY_HEADER), Source::cookie(config.session_cookie())];
    AuthLayer::builder(authenticator)
        .sources(sources)
        .own_origins([config.public_url.to_string()])
        .clock(inner.clock.clone())
        .verdicts(inner.figures.verdicts.clone())
}
