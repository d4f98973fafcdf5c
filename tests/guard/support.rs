//! An authenticator that knows a handful of tokens, and a service that says who called.

use std::{
    convert::Infallible,
    future::{Pending, Ready, pending, ready},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Method, Request, Response, StatusCode};
use portcullis::{
    CredentialKind, Identity, Principal,
    clock::{Clock, Timestamp},
    guard::{AuthError, AuthLayer, AuthLayerBuilder, Authenticate, Credential, Presented, ProblemDocument, Respond},
};
use tower::{Layer, ServiceExt, service_fn};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_000_000);

/// `reader` may read reports, `strong` has a second factor and authenticated a minute ago, `stale` an hour ago,
/// `timeless` does not say when, `editor` has that role and a password, `guest` has it too, is a guest, and has a key.
/// `expired`, `forged` and the like are refused for that reason, and with `down` nobody can tell.
#[derive(Clone)]
pub(crate) struct Doorman;

impl Authenticate for Doorman {
    type Future = Ready<Result<Principal, AuthError>>;

    fn authenticate(&self, credential: Credential<'_>) -> Self::Future {
        let (Credential::Bearer(token) | Credential::Cookie { value: token, .. }) = credential else {
            return ready(Err(AuthError::invalid("unknown kind")));
        };
        let ago = |secs| Some(NOW - Duration::from_secs(secs));
        ready(match token {
            "reader" => Ok(principal("reader", &["reports:read"], ago(60), "aal1")),
            "strong" => Ok(principal("strong", &["reports:read", "reports:write"], ago(60), "aal2")),
            "stale" => Ok(principal("stale", &["reports:write"], ago(3600), "aal1")),
            "timeless" => Ok(principal("timeless", &[], None, "aal1")),
            "editor" => Ok(in_roles("editor", &["editor"], "pwd")),
            "guest" => Ok(in_roles("guest", &["editor", "guest"], "hwk")),
            "down" => Err(AuthError::Unavailable { retry_after: Duration::from_millis(2500) }),
            reason => Err(AuthError::invalid(reason.to_owned())),
        })
    }
}

/// Knows what the doorman knows, and has it at hand.
#[derive(Clone)]
pub(crate) struct Prompt;

impl Authenticate for Prompt {
    type Future = Pending<Result<Principal, AuthError>>;

    fn authenticate(&self, _: Credential<'_>) -> Self::Future {
        pending()
    }

    fn at_once(&self, presented: Presented<'_>) -> Option<Result<Principal, AuthError>> {
        Some(Doorman.authenticate(presented.credential()?).into_inner())
    }
}

pub(crate) fn principal(id: &str, scopes: &[&str], auth_time: Option<Timestamp>, acr: &str) -> Principal {
    Principal::new(identity(id, scopes, auth_time, acr))
}

fn in_roles(id: &str, roles: &[&str], amr: &str) -> Principal {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    Principal::new(Identity { roles, amr: vec![amr.to_owned()], ..identity(id, &[], Some(NOW), "aal1") })
}

fn identity(id: &str, scopes: &[&str], auth_time: Option<Timestamp>, acr: &str) -> Identity {
    Identity {
        id: id.to_owned(),
        name: None,
        email: None,
        scopes: scopes.iter().copied().collect(),
        roles: Vec::new(),
        session: None,
        amr: Vec::new(),
        acr: Some(acr.to_owned()),
        auth_time,
        expires_at: NOW + Duration::from_mins(15),
        credential: CredentialKind::AccessToken,
    }
}

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        NOW
    }
}

pub(crate) fn guard() -> AuthLayerBuilder<Doorman> {
    AuthLayer::builder(Doorman).clock(Arc::new(StoppedClock))
}

pub(crate) fn request(method: Method, path: &str, token: Option<&str>) -> Request<String> {
    let request = Request::builder().method(method).uri(path);
    let request = match token {
        Some(token) => request.header("authorization", format!("Bearer {token}")),
        None => request,
    };
    request.body(String::new()).unwrap()
}

pub(crate) fn get(path: &str) -> Request<String> {
    request(Method::GET, path, None)
}

pub(crate) fn get_as(token: &str, path: &str) -> Request<String> {
    request(Method::GET, path, Some(token))
}

/// The answer to a request, and how often the service behind the guard was called.
pub(crate) async fn count<A, R>(layer: &AuthLayer<A, R>, request: Request<String>) -> (Response<String>, usize)
where
    A: Authenticate,
    R: Respond<String>,
{
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let inner = service_fn(move |request: Request<String>| {
        counter.fetch_add(1, Ordering::SeqCst);
        let caller = request.extensions().get::<Principal>().map_or("nobody", Principal::id);
        ready(Ok::<_, Infallible>(Response::new(caller.to_owned())))
    });
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    (response, calls.load(Ordering::SeqCst))
}

/// The answer to a request. A refused one must not have reached the service behind the guard.
pub(crate) async fn send<R: Respond<String>>(
    layer: &AuthLayer<Doorman, R>,
    request: Request<String>,
) -> Response<String> {
    let (response, calls) = count(layer, request).await;
    assert_eq!(calls, usize::from(response.status() == StatusCode::OK));
    response
}

/// Whether a request passes, and as whom.
pub(crate) async fn caller(
    layer: &AuthLayer<Doorman, ProblemDocument>,
    request: Request<String>,
) -> Result<String, StatusCode> {
    let response = send(layer, request).await;
    if response.status() == StatusCode::OK { Ok(response.into_body()) } else { Err(response.status()) }
}
