//! How clients of gRPC are refused, in one process and by a tonic server over HTTP/2.

#[expect(dead_code, reason = "of the example, only its server is run")]
#[path = "../../examples/tonic.rs"]
mod example;

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use portcullis::guard::{Empty, Grpc, Respond, RouteRule};
use tokio::net::TcpListener;
use tonic::{Code, Status, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{
    mint::Mint,
    support::{count, get, guard, request},
};

fn call(token: Option<&str>, content_type: &'static str) -> Request<String> {
    let mut request = request(Method::POST, "/notes.Notes/Write", token);
    request.headers_mut().insert("content-type", HeaderValue::from_static(content_type));
    request
}

async fn refused<R: Respond<String>>(respond: R, request: Request<String>) -> Response<String> {
    let rule = RouteRule::scopes(["notes:write"]);
    let guard = guard().default_rule(rule).on_reject(respond).build().unwrap();
    let (response, calls) = count(&guard, request).await;
    assert_eq!(calls, 0);
    response
}

fn status(headers: &HeaderMap) -> (&str, &str) {
    let text = |name: &str| headers[name].to_str().unwrap();
    (text("grpc-status"), text("grpc-message"))
}

#[tokio::test]
async fn a_grpc_refusal_is_trailers_only() {
    let cases = [
        (None, "16", "This needs a credential."),
        (Some("forged"), "16", "The credential is not valid, or no longer."),
        (Some("reader"), "7", "The credential does not allow this."),
        (Some("a b"), "3", "The credential cannot be read. Send exactly one."),
        (Some("down"), "14", "Credentials cannot be checked at the moment. Try again later."),
    ];
    for (token, code, message) in cases {
        let response = refused(Grpc, call(token, "application/grpc")).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/grpc");
        assert_eq!(status(response.headers()), (code, message));
        assert_eq!(response.headers().contains_key("www-authenticate"), token != Some("down"));
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.body(), "");
    }
    let response = refused(Grpc, call(Some("reader"), "application/grpc")).await;
    let challenge = r#"Bearer realm="restricted", error="insufficient_scope", scope="notes:write""#;
    assert_eq!(response.headers()["www-authenticate"], challenge);
}

#[tokio::test]
async fn the_other_stock_answers_take_that_form_where_grpc_asks() {
    for content_type in ["application/grpc", "application/grpc+proto", "Application/gRPC; x=y"] {
        let empty = refused(Empty, call(None, content_type)).await;
        let problem = refused(portcullis::guard::ProblemDocument, call(None, content_type)).await;
        for response in [empty, problem] {
            assert_eq!(response.status(), StatusCode::OK, "{content_type}");
            assert_eq!(status(response.headers()).0, "16", "{content_type}");
            assert_eq!(response.body(), "", "{content_type}");
        }
    }
    // Its clients in browsers understand HTTP.
    for content_type in ["application/grpc-web", "application/grpcx", "application/json"] {
        let response = refused(Empty, call(None, content_type)).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{content_type}");
        assert_eq!(response.headers().get("grpc-status"), None, "{content_type}");
    }
    assert_eq!(refused(Empty, get("/")).await.headers().get("content-type"), None);
}

/// Starts the example on a port of its own.
async fn client(mint: &Mint) -> HealthClient<Channel> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(example::serve(listener, mint.verifier()));
    HealthClient::new(Channel::from_shared(address).unwrap().connect().await.unwrap())
}

fn ask(token: Option<&str>) -> tonic::Request<HealthCheckRequest> {
    let mut request = tonic::Request::new(HealthCheckRequest::default());
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    request
}

#[tokio::test]
async fn a_tonic_client_is_told_its_status_over_http_2() {
    let mint = Mint::new();
    let mut client = client(&mint).await;
    client.check(ask(None)).await.unwrap();

    let watch = async |token: Option<&str>| client.clone().watch(ask(token)).await.map(drop);
    let refused = |status: &Status| (status.code(), status.message().to_owned());
    let stranger = watch(None).await.unwrap_err();
    assert_eq!(refused(&stranger), (Code::Unauthenticated, "This needs a credential.".to_owned()));
    assert_eq!(stranger.metadata().get("www-authenticate").unwrap(), r#"Bearer realm="restricted""#);

    let minutes = Duration::from_mins(15);
    let forged = watch(Some("a.b.c")).await.unwrap_err();
    assert_eq!(forged.code(), Code::Unauthenticated);
    let unscoped = watch(Some(&mint.token("s1", "notes:read", minutes))).await.unwrap_err();
    assert_eq!(refused(&unscoped), (Code::PermissionDenied, "The credential does not allow this.".to_owned()));
    watch(Some(&mint.token("s1", "health:watch", minutes))).await.unwrap();
}

#[tokio::test]
async fn a_stream_ends_when_its_session_does() {
    let mint = Mint::new();
    let mut client = client(&mint).await;
    let token = |session: &str| mint.token(session, "health:watch", Duration::from_mins(15));
    let mut one = client.watch(ask(Some(&token("s1")))).await.unwrap().into_inner();
    let mut other = client.watch(ask(Some(&token("s2")))).await.unwrap().into_inner();
    one.message().await.unwrap().unwrap();
    other.message().await.unwrap().unwrap();

    mint.end_session("s1");
    let end = one.message().await.unwrap_err();
    assert_eq!((end.code(), end.message()), (Code::Unauthenticated, "the session has ended"));
    mint.raise_generation(2);
    assert_eq!(other.message().await.unwrap_err().message(), "the session has ended");
}
