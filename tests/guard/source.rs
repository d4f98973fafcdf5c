//! Where credentials are looked for, and which of several counts.

use http::{HeaderName, HeaderValue, Request, StatusCode};
use portcullis::guard::{AuthLayer, RouteRule, RuleErrorKind, Source};

use crate::support::{Doorman, caller, get, guard};

fn looking_at(sources: impl IntoIterator<Item = Source>) -> AuthLayer<Doorman> {
    guard().sources(sources).build().unwrap()
}

fn authentication() -> Source {
    Source::header_with_scheme(HeaderName::from_static("authentication"), "Bearer")
}

fn x_token() -> Source {
    Source::header(HeaderName::from_static("x-token"))
}

/// Who is let in, or the status of the refusal.
async fn with(guard: &AuthLayer<Doorman>, headers: &[(&'static str, &'static str)]) -> String {
    caller(guard, headed(get("/"), headers)).await.unwrap_or_else(|status| status.as_str().to_owned())
}

fn headed(mut request: Request<String>, headers: &[(&'static str, &'static str)]) -> Request<String> {
    for (name, value) in headers {
        request.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    request
}

const ABSENT: &str = "401";
const REFUSED: &str = "400";

#[tokio::test]
async fn a_header_is_read_after_its_scheme() {
    let guard = looking_at([authentication()]);
    assert_eq!(with(&guard, &[("authentication", "Bearer reader")]).await, "reader");
    assert_eq!(with(&guard, &[("authentication", "bEARER   reader")]).await, "reader");
    assert_eq!(with(&guard, &[("authentication", "Basic reader")]).await, ABSENT);
    assert_eq!(with(&guard, &[("authorization", "Bearer reader")]).await, ABSENT);
    for value in ["", "Bearer", "Bearer a b", "Bearer a,b"] {
        assert_eq!(with(&guard, &[("authentication", value)]).await, REFUSED, "{value}");
    }
    let twice = [("authentication", "Bearer reader"), ("authentication", "Bearer reader")];
    assert_eq!(with(&guard, &twice).await, REFUSED);
}

#[tokio::test]
async fn a_header_without_a_scheme_is_read_whole() {
    let guard = looking_at([x_token()]);
    assert_eq!(with(&guard, &[("x-token", "reader")]).await, "reader");
    for value in ["", "Bearer reader", "reader,reader"] {
        assert_eq!(with(&guard, &[("x-token", value)]).await, REFUSED, "{value}");
    }
    assert_eq!(with(&guard, &[("x-token", "reader"), ("x-token", "reader")]).await, REFUSED);
}

#[tokio::test]
async fn a_cookie_is_read_by_its_name() {
    let guard = looking_at([Source::cookie("token")]);
    for value in ["token=reader", "a=1; token=reader;b=2", "token=\"reader\"", "Token=x; token=reader"] {
        assert_eq!(with(&guard, &[("cookie", value)]).await, "reader", "{value}");
    }
    assert_eq!(with(&guard, &[("cookie", "a=1"), ("cookie", "token=reader")]).await, "reader");
    for value in ["tokens=reader", "TOKEN=reader", "token=", "token=\"\"", "token", "a=token=reader"] {
        assert_eq!(with(&guard, &[("cookie", value)]).await, ABSENT, "{value}");
    }
    // A prefix is not taken off, and two of one name are not chosen from.
    for value in ["token=Bearer reader", "token=\"Bearer reader\"", "token=reader; token=reader", "token=a; token=b"] {
        assert_eq!(with(&guard, &[("cookie", value)]).await, REFUSED, "{value}");
    }
    assert_eq!(with(&guard, &[("cookie", "token=reader"), ("cookie", "token=reader")]).await, REFUSED);
    assert_eq!(with(&guard, &[("cookie", "token=forged")]).await, ABSENT);
}

#[tokio::test]
async fn a_subprotocol_is_read_behind_its_name() {
    let guard = looking_at([Source::subprotocol("bearer")]);
    for value in ["bearer, reader", "chat, bearer, reader", "bearer,reader,chat"] {
        assert_eq!(with(&guard, &[("sec-websocket-protocol", value)]).await, "reader", "{value}");
    }
    assert_eq!(with(&guard, &[("sec-websocket-protocol", "chat")]).await, ABSENT);
    for value in ["bearer", "bearer, ", "bearer, reader, bearer, reader"] {
        assert_eq!(with(&guard, &[("sec-websocket-protocol", value)]).await, REFUSED, "{value}");
    }
}

#[tokio::test]
async fn br_2_two_explicit_credentials_are_400_whatever_they_are_worth() {
    let headers = [
        ("authorization", "Bearer reader"),
        ("authentication", "Bearer reader"),
        ("x-token", "reader"),
        ("sec-websocket-protocol", "bearer, reader"),
    ];
    for rule in [RouteRule::authenticated(), RouteRule::optional()] {
        let guard = guard()
            .default_rule(rule)
            .sources([Source::bearer(), authentication(), x_token(), Source::subprotocol("bearer")])
            .build()
            .unwrap();
        for (index, first) in headers.iter().enumerate() {
            assert_eq!(with(&guard, &[*first]).await, "reader");
            for second in headers.iter().skip(index + 1) {
                assert_eq!(with(&guard, &[*first, *second]).await, REFUSED, "{first:?} {second:?}");
            }
            assert_eq!(with(&guard, &[*first, ("x-token", "forged")]).await, REFUSED, "{first:?}");
        }
    }
}

#[tokio::test]
async fn br_2_an_explicit_credential_beats_the_cookie_and_never_falls_back_to_it() {
    let guard = looking_at([Source::cookie("token"), Source::bearer()]);
    let cookie = ("cookie", "token=reader");
    assert_eq!(with(&guard, &[cookie]).await, "reader");
    assert_eq!(with(&guard, &[cookie, ("authorization", "Bearer strong")]).await, "strong");
    assert_eq!(with(&guard, &[cookie, ("authorization", "Bearer forged")]).await, ABSENT);
    assert_eq!(with(&guard, &[cookie, ("authorization", "Bearer")]).await, REFUSED);
    // Another scheme is no credential, so the cookie is the only one.
    assert_eq!(with(&guard, &[cookie, ("authorization", "Basic dTpw")]).await, "reader");
    // Nor does a bad cookie spoil a good explicit credential.
    for cookie in ["token=a; token=b", "token=Bearer x", "token=forged"] {
        assert_eq!(with(&guard, &[("cookie", cookie), ("authorization", "Bearer strong")]).await, "strong");
    }
}

#[tokio::test]
async fn of_several_cookies_the_first_source_that_is_there_counts() {
    let guard = looking_at([Source::cookie("new"), Source::cookie("old")]);
    assert_eq!(with(&guard, &[("cookie", "old=reader")]).await, "reader");
    assert_eq!(with(&guard, &[("cookie", "old=reader; new=strong")]).await, "strong");
    assert_eq!(with(&guard, &[("cookie", "old=reader; new=forged")]).await, ABSENT);
}

#[tokio::test]
async fn what_is_no_source_is_not_looked_at() {
    let guard = looking_at([Source::cookie("token")]);
    assert_eq!(with(&guard, &[("authorization", "Bearer reader")]).await, ABSENT);
    let guard = looking_at([Source::bearer()]);
    let others = [("cookie", "token=reader"), ("x-token", "reader"), ("sec-websocket-protocol", "bearer, reader")];
    assert_eq!(with(&guard, &others).await, ABSENT);
    assert_eq!(caller(&guard, get("/?access_token=reader")).await, Err(StatusCode::UNAUTHORIZED));
}

#[test]
fn a_source_that_cannot_be_is_told_when_the_guard_is_built() {
    let refused: [&[Source]; 9] = [
        &[],
        &[Source::cookie("")],
        &[Source::cookie("a b")],
        &[Source::cookie("a=b")],
        &[Source::subprotocol("a,b")],
        &[Source::header_with_scheme(HeaderName::from_static("x-token"), "a b")],
        &[Source::bearer(), Source::header_with_scheme(http::header::AUTHORIZATION, "bearer")],
        &[Source::bearer(), Source::header(http::header::AUTHORIZATION)],
        &[Source::cookie("token"), Source::bearer(), Source::cookie("token")],
    ];
    for sources in refused {
        let error = guard().sources(sources.iter().cloned()).build().unwrap_err();
        assert!(matches!(error.kind(), RuleErrorKind::InvalidSource { .. }), "{error}");
    }
    let error = guard().sources([Source::cookie("a b")]).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"the guard cannot be built with the source cookie "a b": its name cannot be that of a cookie"#
    );
    for odd in ["https://notes.example/", "notes.example", "null"] {
        let error = guard().own_origins([odd]).build().unwrap_err();
        assert_eq!(error.kind(), &RuleErrorKind::InvalidOrigin);
    }
    // One header can be read for two schemes, as its value has but one.
    let schemes = [Source::bearer(), Source::header_with_scheme(http::header::AUTHORIZATION, "Token")];
    assert!(guard().sources(schemes).build().is_ok());
}
