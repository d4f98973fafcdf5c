//! Guarding HTTP or WebSockets only, and what a forged handshake gains: nothing.

use http::{HeaderValue, Method, Request, StatusCode, Version, header::HeaderName};
use portcullis::guard::{AuthLayer, AuthLayerBuilder, Protocols, RouteRule};

use crate::support::{Doorman, caller, get, get_as, guard, request};

const UNAUTHORIZED: Result<String, StatusCode> = Err(StatusCode::UNAUTHORIZED);
const HANDSHAKE: [(&str, &str); 4] = [
    ("upgrade", "websocket"),
    ("connection", "Upgrade"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

fn with(mut request: Request<String>, headers: &[(&'static str, &'static str)]) -> Request<String> {
    for (name, value) in headers {
        request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    request
}

fn handshake(path: &str) -> Request<String> {
    with(get(path), &HANDSHAKE)
}

fn extended_connect(path: &str) -> Request<String> {
    let mut request = request(Method::CONNECT, &format!("https://a.example{path}"), None);
    *request.version_mut() = Version::HTTP_2;
    with(request, &HANDSHAKE[2..3])
}

async fn passes(guard: &AuthLayer<Doorman>, request: Request<String>) -> bool {
    caller(guard, request).await == Ok("nobody".to_owned())
}

#[tokio::test]
async fn every_kind_is_guarded_unless_it_is_left_out() {
    for guard in [guard(), guard().protocols(Protocols::HTTP | Protocols::WEBSOCKET)].map(AuthLayerBuilder::build) {
        let guard = guard.unwrap();
        for request in [get("/x"), handshake("/x"), extended_connect("/x")] {
            assert_eq!(caller(&guard, request).await, UNAUTHORIZED);
        }
        let known = with(get_as("reader", "/x"), &HANDSHAKE);
        assert_eq!(caller(&guard, known).await, Ok("reader".to_owned()));
    }
}

#[tokio::test]
async fn without_websockets_handshakes_pass_where_they_are_served() {
    let guard = guard().protocols(Protocols::HTTP).websockets(["/ws", "/rooms/{id}"]).build().unwrap();
    for path in ["/ws", "/rooms/7", "/rooms/J%C3%BCrgen"] {
        assert!(passes(&guard, handshake(path)).await, "{path}");
        assert!(passes(&guard, extended_connect(path)).await, "{path}");
        assert_eq!(caller(&guard, get(path)).await, UNAUTHORIZED, "{path}");
        assert_eq!(caller(&guard, request(Method::POST, path, None)).await, UNAUTHORIZED, "{path}");
    }
    for path in ["/ws/", "//ws", "/%77s", "/x/../ws", "/rooms/7/8", "/rooms/%2e%2e"] {
        assert!(!passes(&guard, handshake(path)).await, "{path}");
        assert!(!passes(&guard, extended_connect(path)).await, "{path}");
    }
}

#[tokio::test]
async fn a_forged_handshake_does_not_turn_the_guard_off() {
    let guard = guard()
        .protocols(Protocols::HTTP)
        .websockets(["/ws", "/rooms/{*path}"])
        .rule(Method::GET, "/rooms/admin", RouteRule::scopes(["reports:write"]))
        .rule(Method::GET, "/report", RouteRule::authenticated())
        .build()
        .unwrap();
    for path in ["/", "/report", "/elsewhere", "/rooms/admin"] {
        assert_eq!(caller(&guard, handshake(path)).await, UNAUTHORIZED, "{path}");
        assert_eq!(caller(&guard, extended_connect(path)).await, UNAUTHORIZED, "{path}");
    }
    // Not everything that a handshake needs, on a route that serves them.
    for missing in 0..HANDSHAKE.len() {
        let mut headers = HANDSHAKE.to_vec();
        headers.remove(missing);
        assert_eq!(caller(&guard, with(get("/ws"), &headers)).await, UNAUTHORIZED, "{headers:?}");
    }
    for method in [Method::POST, Method::HEAD, Method::PUT] {
        let forged = with(request(method, "/ws", None), &HANDSHAKE);
        assert_eq!(caller(&guard, forged).await, UNAUTHORIZED);
    }
}

#[tokio::test]
async fn without_http_only_what_might_be_a_handshake_is_guarded() {
    let guard = guard()
        .protocols(Protocols::WEBSOCKET)
        .rule(Method::POST, "/upload", RouteRule::authenticated())
        .build()
        .unwrap();
    for request in [get("/x"), request(Method::POST, "/ws", None), with(get("/x"), &[("connection", "upgrade")])] {
        assert!(passes(&guard, request).await);
    }
    // What a lax implementation further in might still take for a handshake.
    let disguised: [&[(&str, &str)]; 5] = [
        &HANDSHAKE,
        &[("upgrade", "WebSocket, h2c")],
        &[("upgrade", "x")],
        &[("sec-websocket-key", "x")],
        &[("sec-websocket-protocol", "x")],
    ];
    for headers in disguised {
        assert_eq!(caller(&guard, with(get("/ws"), headers)).await, UNAUTHORIZED, "{headers:?}");
    }
    assert_eq!(caller(&guard, extended_connect("/ws")).await, UNAUTHORIZED);
    // A stated rule holds, and an odd path is never public.
    assert_eq!(caller(&guard, request(Method::POST, "/upload", None)).await, UNAUTHORIZED);
    assert_eq!(caller(&guard, get("//x")).await, UNAUTHORIZED);
}

/// What a real HTTP/2 server makes of an extended `CONNECT`, and of one without `:protocol`.
#[cfg(feature = "axum")]
mod over_http2 {
    use bytes::Bytes;
    use http_body_util::{Empty, Full};
    use hyper::{Response, client, ext::Protocol, server};
    use hyper_util::{
        rt::{TokioExecutor, TokioIo},
        service::TowerToHyperService,
    };
    use tower::{Layer, service_fn};

    use super::*;

    async fn ask(request: Request<Empty<Bytes>>) -> Result<StatusCode, hyper::Error> {
        let guard = guard()
            .protocols(Protocols::HTTP)
            .websockets(["/ws"])
            .on_reject(|rejection: &portcullis::guard::Rejection| rejection.response(Full::<Bytes>::default()))
            .build()
            .unwrap();
        let service = guard.layer(service_fn(async |_: Request<hyper::body::Incoming>| {
            Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
        }));
        let (near, far) = tokio::io::duplex(4096);
        let mut http2 = server::conn::http2::Builder::new(TokioExecutor::new());
        http2.enable_connect_protocol();
        tokio::spawn(http2.serve_connection(TokioIo::new(far), TowerToHyperService::new(service)));
        let (mut sender, connection) =
            client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(near)).await.unwrap();
        tokio::spawn(connection);
        // The server's settings, which allow the extension, arrive with the first answer.
        let first = Request::get("https://a.example/x").body(Empty::new()).unwrap();
        assert_eq!(sender.send_request(first).await.unwrap().status(), StatusCode::UNAUTHORIZED);
        sender.send_request(request).await.map(|response| response.status())
    }

    fn connect(uri: &str, protocol: Option<&'static str>) -> Request<Empty<Bytes>> {
        let mut request = Request::connect(uri).header("sec-websocket-version", "13");
        if let Some(protocol) = protocol {
            request = request.extension(Protocol::from_static(protocol));
        }
        request.body(Empty::new()).unwrap()
    }

    #[tokio::test]
    async fn an_extended_connect_is_a_handshake_and_a_plain_one_is_not() {
        let websocket = Some("websocket");
        assert_eq!(ask(connect("https://a.example/ws", websocket)).await.unwrap(), StatusCode::OK);
        assert_eq!(ask(connect("https://a.example/shut", websocket)).await.unwrap(), StatusCode::UNAUTHORIZED);
        assert_ne!(ask(connect("a.example:443", None)).await.ok(), Some(StatusCode::OK));
    }
}
