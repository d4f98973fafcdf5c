//! How a refused client is answered, and what of it is logged.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{HeaderName, Method, Response, StatusCode, header::AUTHORIZATION};
use portcullis::guard::{Empty, Rejection, RejectionKind, RouteRule, Source};
use tracing::{Event, Metadata, Subscriber, field::Field, span};

use crate::support::{count, get, get_as, guard, request, send};

/// Everything of a response that goes over the wire.
fn wire(response: &Response<String>) -> String {
    let mut lines: Vec<String> =
        response.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    format!("{}\n{}\n\n{}", response.status(), lines.join("\n"), response.body())
}

#[tokio::test]
async fn br_3_the_answers_are_those_of_rfc_6750_and_rfc_9470() {
    let guard = guard()
        .realm("notes")
        .rule(Method::GET, "/write", RouteRule::scopes(["reports:read", "reports:write"]))
        .rule(Method::GET, "/fresh", RouteRule::fresh(Duration::from_mins(10)))
        .rule(Method::GET, "/strong", RouteRule::second_factor().and(RouteRule::fresh(Duration::from_mins(10))))
        .build()
        .unwrap();

    let bare = send(&guard, get("/")).await;
    assert_eq!(
        wire(&bare),
        "401 Unauthorized\n\
         cache-control: no-store\n\
         content-type: application/problem+json\n\
         www-authenticate: Bearer realm=\"notes\"\n\n\
         {\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,\
         \"detail\":\"This needs a credential.\",\"code\":\"unauthenticated\"}"
    );
    let invalid = send(&guard, get_as("forged", "/")).await;
    assert_eq!(
        wire(&invalid),
        "401 Unauthorized\n\
         cache-control: no-store\n\
         content-type: application/problem+json\n\
         www-authenticate: Bearer realm=\"notes\", error=\"invalid_token\"\n\n\
         {\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,\
         \"detail\":\"The credential is not valid, or no longer.\",\"code\":\"invalid_token\"}"
    );
    let scope = send(&guard, get_as("reader", "/write")).await;
    assert_eq!(
        wire(&scope),
        "403 Forbidden\n\
         cache-control: no-store\n\
         content-type: application/problem+json\n\
         www-authenticate: Bearer realm=\"notes\", error=\"insufficient_scope\", \
         scope=\"reports:read reports:write\"\n\n\
         {\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403,\
         \"detail\":\"The credential does not allow this.\",\"code\":\"insufficient_scope\"}"
    );
    let malformed = send(&guard, get_as("a b", "/")).await;
    assert_eq!(
        wire(&malformed),
        "400 Bad Request\n\
         cache-control: no-store\n\
         content-type: application/problem+json\n\
         www-authenticate: Bearer realm=\"notes\", error=\"invalid_request\"\n\n\
         {\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\
         \"detail\":\"The credential cannot be read. Send exactly one.\",\"code\":\"invalid_request\"}"
    );
    let stale = send(&guard, get_as("stale", "/fresh")).await;
    assert_eq!(
        wire(&stale),
        "401 Unauthorized\n\
         cache-control: no-store\n\
         content-type: application/problem+json\n\
         www-authenticate: Bearer realm=\"notes\", error=\"insufficient_user_authentication\", max_age=\"600\"\n\n\
         {\"type\":\"about:blank\",\"title\":\"Unauthorized\",\"status\":401,\
         \"detail\":\"This needs a more recent or a stronger login.\",\"code\":\"insufficient_user_authentication\"}"
    );
    let challenge = |response: &Response<String>| response.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert_eq!(
        challenge(&send(&guard, get_as("reader", "/strong")).await),
        r#"Bearer realm="notes", error="insufficient_user_authentication", acr_values="aal2""#
    );
    assert_eq!(
        challenge(&send(&guard, get_as("stale", "/strong")).await),
        r#"Bearer realm="notes", error="insufficient_user_authentication", acr_values="aal2", max_age="600""#
    );
}

#[tokio::test]
async fn br_4_every_bad_token_gets_the_same_bytes() {
    let guard = guard().build().unwrap();
    let forged = wire(&send(&guard, get_as("forged", "/")).await);
    for token in ["expired", "revoked", "unknown-key", "wrong-audience", "x"] {
        assert_eq!(wire(&send(&guard, get_as(token, "/")).await), forged, "{token}");
    }
}

#[tokio::test]
async fn br_7_what_cannot_be_checked_does_not_pass() {
    for rule in [RouteRule::authenticated(), RouteRule::optional(), RouteRule::scopes(["x"])] {
        let guard = guard().default_rule(rule).build().unwrap();
        let (response, calls) = count(&guard, get_as("down", "/")).await;
        assert_eq!(calls, 0);
        assert_eq!(
            wire(&response),
            "503 Service Unavailable\n\
             cache-control: no-store\n\
             content-type: application/problem+json\n\
             retry-after: 3\n\n\
             {\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\
             \"detail\":\"Credentials cannot be checked at the moment. Try again later.\",\"code\":\"unavailable\"}"
        );
    }
}

#[tokio::test]
async fn head_is_refused_without_a_body() {
    let guard = guard().build().unwrap();
    let head = send(&guard, request(Method::HEAD, "/", None)).await;
    let get = send(&guard, get("/")).await;
    assert_eq!(head.status(), get.status());
    assert_eq!(head.headers(), get.headers());
    assert!(head.body().is_empty() && !get.body().is_empty());
}

#[tokio::test]
async fn a_closure_answers_instead_and_headers_it_forgets_are_added() {
    let guard = guard()
        .rule(Method::GET, "/login-first", RouteRule::optional())
        .on_reject(|rejection: &Rejection| {
            let redirect = Response::builder().status(StatusCode::SEE_OTHER).header("cache-control", "private");
            redirect.body(rejection.kind().code().to_owned()).unwrap()
        })
        .build()
        .unwrap();
    let response = send(&guard, get_as("forged", "/")).await;
    assert_eq!(
        wire(&response),
        "303 See Other\n\
         cache-control: private\n\
         www-authenticate: Bearer realm=\"restricted\", error=\"invalid_token\"\n\n\
         invalid_token"
    );
}

#[tokio::test]
async fn an_empty_answer_has_the_same_status_and_headers() {
    let guard = guard().on_reject(Empty).build().unwrap();
    let response = send(&guard, get_as("forged", "/")).await;
    assert_eq!(
        wire(&response),
        "401 Unauthorized\n\
         cache-control: no-store\n\
         www-authenticate: Bearer realm=\"restricted\", error=\"invalid_token\"\n\n"
    );
}

#[tokio::test]
async fn a_challenge_names_every_scheme_and_where_the_resource_is_described() {
    let guard = guard()
        .sources([
            Source::bearer(),
            Source::header_with_scheme(AUTHORIZATION, "Token"),
            Source::header_with_scheme(HeaderName::from_static("authentication"), "Other"),
        ])
        .resource_metadata("https://notes.example/.well-known/oauth-protected-resource")
        .build()
        .unwrap();
    let about = r#"resource_metadata="https://notes.example/.well-known/oauth-protected-resource""#;
    let bare = format!(r#"Bearer realm="restricted", {about}, Token realm="restricted", {about}"#);
    assert_eq!(send(&guard, get("/")).await.headers()["www-authenticate"], bare);

    let cookie = self::guard().sources([Source::cookie("token")]).build().unwrap();
    assert_eq!(send(&cookie, get("/")).await.headers()["www-authenticate"], r#"Bearer realm="restricted""#);
}

#[tokio::test]
async fn a_realm_cannot_break_out_of_the_challenge() {
    let guard = guard().realm("a\"b\\c\r\nd").build().unwrap();
    let response = send(&guard, get("/")).await;
    assert_eq!(response.headers()["www-authenticate"], r#"Bearer realm="a\"b\\cd""#);
}

#[tokio::test]
async fn the_rejection_rides_in_the_response() {
    let guard = guard().build().unwrap();
    let response = send(&guard, get_as("expired", "/")).await;
    let rejection = response.extensions().get::<Rejection>().unwrap();
    assert_eq!(rejection.kind(), &RejectionKind::InvalidToken);
    assert_eq!(rejection.reason(), "expired");
    let again = rejection.response(());
    assert_eq!(again.status(), response.status());
    assert_eq!(again.headers()["www-authenticate"], response.headers()["www-authenticate"]);
    assert_eq!(again.headers()["cache-control"], "no-store");
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = vec![event.metadata().level().to_string()];
        event.record(&mut |field: &Field, value: &dyn Debug| fields.push(format!("{field}={value:?}")));
        self.0.lock().unwrap().push(fields.join(" "));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn a_refusal_is_logged_once_with_its_kind_and_without_the_token() {
    let expected = [
        "DEBUG message=request refused kind=\"invalid_token\" reason=\"expired\"",
        "DEBUG message=request refused kind=\"invalid_request\" reason=\"more than a token\"",
    ];
    let log = Log::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    tracing::subscriber::with_default(log.clone(), || {
        let guard = guard().build().unwrap();
        runtime.block_on(async {
            // Whether anyone listens is cached where an event is made. A test that gets there first, and for which nobody
            // does, may write that down at any moment, but only once.
            for _ in 0..100 {
                tracing::callsite::rebuild_interest_cache();
                log.0.lock().unwrap().clear();
                send(&guard, get_as("expired", "/?access_token=s3cret")).await;
                send(&guard, get_as("s3 cret", "/")).await;
                send(&guard, get_as("reader", "/")).await;
                if log.0.lock().unwrap().len() >= expected.len() {
                    break;
                }
            }
        });
    });
    assert_eq!(*log.0.lock().unwrap(), expected);
}
