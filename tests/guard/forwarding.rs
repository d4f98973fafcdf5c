//! What of a request goes past the guard, and what does not.

use std::{convert::Infallible, future::ready};

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header::SEC_WEBSOCKET_PROTOCOL as PROTOCOL,
};
use portcullis::guard::{AuthLayer, IDENTITY_HEADERS, RouteRule, Source};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{Doorman, get, guard};

/// The headers that the inner service saw.
async fn seen(guard: &AuthLayer<Doorman>, path: &str, headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut request = get(path);
    for (name, value) in headers {
        request.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    let inner = service_fn(|request: Request<String>| {
        let mut response = Response::new(String::new());
        response.extensions_mut().insert(request.headers().clone());
        ready(Ok::<_, Infallible>(response))
    });
    let mut response = guard.layer(inner).oneshot(request).await.unwrap();
    response.extensions_mut().remove::<HeaderMap>().expect("it passes")
}

fn all_sources() -> [Source; 4] {
    let x_token = HeaderName::from_static("x-token");
    [Source::bearer(), Source::header(x_token), Source::cookie("token"), Source::subprotocol("bearer")]
}

#[tokio::test]
async fn credentials_are_stripped_where_that_is_asked_for() {
    let guard = guard()
        .sources(all_sources())
        .strip_credentials()
        .rule_for_any("/optional", RouteRule::optional())
        .exclude("/public")
        .build()
        .unwrap();
    for path in ["/", "/optional", "/public"] {
        let headers = seen(&guard, path, &[("authorization", "Bearer reader"), ("cookie", "a=1; token=x; b=2")]).await;
        assert_eq!(headers.get("authorization"), None, "{path}");
        assert_eq!(headers["cookie"], "a=1; b=2", "{path}");

        let headers = seen(&guard, path, &[("cookie", "token=reader"), ("accept", "*/*")]).await;
        assert_eq!((headers.get("cookie"), headers.len()), (None, 1), "{path}");

        let headers = seen(&guard, path, &[("x-token", "reader")]).await;
        assert_eq!(headers.get("x-token"), None, "{path}");

        let headers = seen(&guard, path, &[("sec-websocket-protocol", "chat, bearer, reader")]).await;
        assert_eq!(headers["sec-websocket-protocol"], "chat, bearer", "{path}");
    }
    // What is someone else's credential goes on, and what is none of anybody's goes with the guard's.
    let headers = seen(&guard, "/public", &[("authorization", "Basic dTpw"), ("cookie", "other=1")]).await;
    assert_eq!(
        (&headers["authorization"], &headers["cookie"]),
        (&"Basic dTpw".parse().unwrap(), &"other=1".parse().unwrap())
    );
    let headers = seen(&guard, "/public", &[("authorization", "Basic dTpw"), ("authorization", "Bearer reader")]).await;
    assert_eq!(headers.get("authorization"), None);
}

#[tokio::test]
async fn otherwise_they_stay_and_are_marked_as_sensitive() {
    let guard = guard().sources(all_sources()).exclude("/public").build().unwrap();
    for path in ["/", "/public"] {
        let sent = [("authorization", "Bearer reader"), ("cookie", "a=1"), ("cookie", "token=x")];
        let headers = seen(&guard, path, &sent).await;
        assert_eq!(headers["authorization"], "Bearer reader", "{path}");
        assert_eq!(headers.get_all("cookie").iter().count(), 2, "{path}");
        assert!(headers.values().all(HeaderValue::is_sensitive), "{path}");
        assert!(!format!("{headers:?}").contains("reader"), "{path}");
        assert!(seen(&guard, path, &[("x-token", "reader")]).await["x-token"].is_sensitive(), "{path}");
    }
}

#[tokio::test]
async fn a_token_among_subprotocols_never_goes_on() {
    let guard = guard().sources([Source::subprotocol("bearer")]).exclude("/public").build().unwrap();
    for path in ["/", "/public"] {
        let headers = seen(&guard, path, &[("sec-websocket-protocol", "bearer, reader, chat")]).await;
        assert_eq!(headers["sec-websocket-protocol"], "bearer, chat", "{path}");
    }
}

#[tokio::test]
async fn a_websocket_that_chose_no_subprotocol_is_opened_with_the_name_and_never_the_token() {
    let guard = guard()
        .sources([Source::bearer(), Source::subprotocol("bearer")])
        .rule_for_any("/optional", RouteRule::optional())
        .build()
        .unwrap();
    let chosen = async |status: StatusCode, chosen: Option<&'static str>, offered: &'static str, path: &str| {
        let inner = service_fn(move |_: Request<String>| {
            let response = Response::builder().status(status);
            let response = chosen.into_iter().fold(response, |response, name| response.header(PROTOCOL, name));
            ready(Ok::<_, Infallible>(response.body(String::new()).unwrap()))
        });
        let mut request = get(path);
        request.headers_mut().insert(PROTOCOL, HeaderValue::from_static(offered));
        let response = guard.layer(inner).oneshot(request).await.unwrap();
        response.headers().get(PROTOCOL).map(|name| name.to_str().unwrap().to_owned())
    };
    let name = |name: &str| Some(name.to_owned());
    let open = StatusCode::SWITCHING_PROTOCOLS;
    assert_eq!(chosen(open, None, "chat, bearer, reader", "/").await, name("bearer"));
    assert_eq!(chosen(StatusCode::OK, None, "bearer, reader", "/").await, name("bearer"));
    assert_eq!(chosen(open, Some("chat"), "chat, bearer, reader", "/").await, name("chat"));
    assert_eq!(chosen(StatusCode::NOT_FOUND, None, "bearer, reader", "/").await, None);
    // Nobody offered it.
    assert_eq!(chosen(open, None, "chat", "/optional").await, None);
}

#[tokio::test]
async fn identity_that_a_client_claims_never_reaches_a_service_that_believes_it() {
    let guard = guard().strip_headers(IDENTITY_HEADERS).exclude("/public").build().unwrap();
    let forged = [
        ("authorization", "Bearer reader"),
        ("remote-user", "admin"),
        ("Remote-User", "admin"),
        ("remote_user", "admin"),
        ("remote-name", "Admin"),
        ("Remote_Email", "admin@notes.example"),
        ("remote-groups", "admins"),
        ("x-auth-scopes", "everything"),
        ("x_auth_scopes", "everything"),
        ("x-auth_scopes", "everything"),
        ("remote-user-agent", "kept"),
        ("x-remote-user", "kept"),
    ];
    for path in ["/", "/public"] {
        let mut headers = seen(&guard, path, &forged).await;
        headers.remove("authorization");
        assert_eq!(headers.len(), 2, "{path} {headers:?}");
        assert!(headers.values().all(|value| value == "kept"), "{path}");
    }
    let own = self::guard().strip_headers([HeaderName::from_static("x-user-id")]).build().unwrap();
    let headers =
        seen(&own, "/", &[("authorization", "Bearer reader"), ("x_user-id", "1"), ("remote-user", "kept")]).await;
    assert_eq!(headers.len(), 2);
    assert_eq!(headers["remote-user"], "kept");
}
