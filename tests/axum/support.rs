//! A guard that knows a few people by name, and a way to ask a router.

use std::future::{Ready, ready};

use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use portcullis::{
    CredentialKind, Identity, Principal,
    axum::Guarded,
    clock::Timestamp,
    guard::{AuthError, AuthLayer, AuthLayerBuilder, Authenticate, Credential},
};
use tower::ServiceExt;

/// The token is the name: `reader` may read notes, `writer` may write them as well, `tenant` says whose tenant they are.
/// Any other token is no good.
#[derive(Clone)]
pub(crate) struct Doorman;

impl Authenticate for Doorman {
    type Future = Ready<Result<Principal, AuthError>>;

    fn authenticate(&self, credential: Credential<'_>) -> Self::Future {
        let Credential::Bearer(name) = credential else { return ready(Err(AuthError::invalid("unknown kind"))) };
        ready(match name {
            "reader" => Ok(principal(name, &["notes:read"])),
            "writer" => Ok(principal(name, &["notes:read", "notes:write"])),
            "tenant" => {
                let claims = serde_json::json!({"tenant": "acme", "plan": 3, "sub_tenants": ["a", "b"]});
                Ok(Principal::with_claims(identity(name, &[]), claims.as_object().unwrap().clone()))
            }
            _ => Err(AuthError::invalid("unknown")),
        })
    }
}

pub(crate) fn principal(id: &str, scopes: &[&str]) -> Principal {
    Principal::new(identity(id, scopes))
}

pub(crate) fn identity(id: &str, scopes: &[&str]) -> Identity {
    Identity {
        id: id.to_owned(),
        name: None,
        email: None,
        scopes: scopes.iter().copied().collect(),
        roles: Vec::new(),
        session: None,
        amr: Vec::new(),
        acr: None,
        auth_time: None,
        expires_at: Timestamp::from_secs(0),
        credential: CredentialKind::AccessToken,
    }
}

pub(crate) fn guard() -> AuthLayer<Doorman> {
    AuthLayer::new(Doorman)
}

pub(crate) fn guard_builder() -> AuthLayerBuilder<Doorman> {
    AuthLayer::builder(Doorman)
}

/// A handler that says who called.
pub(crate) async fn whoami(user: Option<Principal>) -> String {
    user.map_or("nobody".to_owned(), |user| user.id().to_owned())
}

/// An answer, and what it said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The methods of `Allow`, sorted.
    pub(crate) fn allow(&self) -> Vec<String> {
        let allow = self.headers["allow"].to_str().unwrap();
        let mut methods: Vec<_> = allow.split(',').map(|method| method.trim().to_owned()).collect();
        methods.sort();
        methods
    }
}

pub(crate) fn request(method: Method, path: &str, token: Option<&str>) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    };
    request.body(Body::empty()).unwrap()
}

pub(crate) async fn send(app: impl Into<Router>, request: Request<Body>) -> Answer {
    let response = app.into().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

/// Who the handler says called, or the status of a refusal.
pub(crate) async fn ask(app: &Guarded, method: Method, path: &str, token: Option<&str>) -> Result<String, u16> {
    let answer = send(app.clone(), request(method, path, token)).await;
    if answer.status == StatusCode::OK { Ok(answer.text) } else { Err(answer.status.as_u16()) }
}

pub(crate) async fn get(app: &Guarded, path: &str, token: Option<&str>) -> Result<String, u16> {
    ask(app, Method::GET, path, token).await
}

/// What [`ask`] answers when the handler says this.
#[expect(clippy::unnecessary_wraps, reason = "it is compared with what can be a refusal")]
pub(crate) fn by(name: &str) -> Result<String, u16> {
    Ok(name.to_owned())
}
