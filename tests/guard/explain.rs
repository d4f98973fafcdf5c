//! What a guard says of itself: why a request meets the rule it meets, and everything it asks.

use std::time::Duration;

use http::{Method, Request};
use portcullis::guard::{AuthLayer, Protocols, Reason, RouteRule};
use proptest::prelude::*;

use crate::{
    spelling::pieces,
    support::{Doorman, caller, get, guard, request},
};

fn sample() -> AuthLayer<Doorman> {
    guard()
        .rule(Method::POST, "/reports", RouteRule::scopes(["reports:write"]).and(RouteRule::second_factor()))
        .rule(Method::GET, "/reports", RouteRule::scopes(["reports:read"]))
        .rule_for_any("/reports/{id}", RouteRule::fresh(Duration::from_mins(10)))
        .exclude("/healthz")
        .exclude("/files/{*path}")
        .exclude("/caf%C3%A9")
        .protocols(Protocols::HTTP)
        .websockets(["/ws"])
        .build()
        .unwrap()
}

#[test]
fn the_rule_that_decided_is_named_and_why() {
    let guard = sample();
    let explain = |request: Request<String>| guard.explain(&request).to_string();
    let cases = [
        ("/healthz", r#"GET "/healthz": public (any method /healthz)"#),
        ("/healthz?x=y", r#"GET "/healthz": public (any method /healthz)"#),
        ("/reports", r#"GET "/reports": scope reports:read (GET /reports)"#),
        ("/reports/7", r#"GET "/reports/7": fresh 600s (any method /reports/{id})"#),
        ("/reports/", r#"GET "/reports/": scope reports:read (default rule; GET /reports)"#),
        ("/nowhere", r#"GET "/nowhere": authenticated (default rule)"#),
        ("/ws", r#"GET "/ws": authenticated (default rule)"#),
        ("/caf%C3%A9", r#"GET "/caf%C3%A9": public (any method /caf%C3%A9)"#),
        (
            "/files/%2e%2e/reports",
            "GET \"/files/%2e%2e/reports\": scope reports:write, scope reports:read, fresh 600s, second factor (every rule; \
             path not in normal form)",
        ),
        ("//reports", r#"GET "//reports": scope reports:read (default rule; GET /reports; path not in normal form)"#),
        ("//healthz", r#"GET "//healthz": authenticated (default rule; any method /healthz; path not in normal form)"#),
    ];
    for (path, text) in cases {
        assert_eq!(explain(get(path)), text);
    }
    assert_eq!(
        explain(request(Method::HEAD, "/reports", None)),
        r#"HEAD "/reports": scope reports:read (GET /reports)"#
    );
    assert_eq!(explain(request(Method::PUT, "/reports", None)), r#"PUT "/reports": authenticated (default rule)"#);
    let mut preflight = request(Method::OPTIONS, "/reports", None);
    preflight.headers_mut().insert("origin", "https://a.example".parse().unwrap());
    preflight.headers_mut().insert("access-control-request-method", "GET".parse().unwrap());
    assert_eq!(explain(preflight), r#"OPTIONS "/reports": public (CORS preflight)"#);
    let mut with_rule = get("/x");
    with_rule.extensions_mut().insert(RouteRule::optional());
    assert_eq!(explain(with_rule), r#"GET "/x": optional (rule in the request's extensions)"#);
}

#[test]
fn the_rule_of_a_route_is_named_and_listed() {
    let guard = sample().with_rule(RouteRule::role("x"));
    assert_eq!(guard.explain(&get("/healthz")).to_string(), r#"GET "/healthz": role x (rule of the route)"#);
    assert_eq!(guard.audit().to_string(), "OPTIONS  (CORS preflight)  public\nany      (any other path)  role x\n");
}

#[test]
fn what_is_left_out_is_named() {
    let ask = |guard: AuthLayer<Doorman>, request| guard.explain(&request).reasons().to_vec();
    let methods = guard().exclude_methods([Method::OPTIONS]).build().unwrap();
    assert_eq!(ask(methods, request(Method::OPTIONS, "/x", None)), [Reason::ExcludedMethod]);
    let sockets = guard().protocols(Protocols::WEBSOCKET).build().unwrap();
    assert_eq!(ask(sockets, get("/x")), [Reason::UnguardedHttp]);
    let mut handshake = get("/ws");
    for (name, value) in [
        ("upgrade", "websocket"),
        ("connection", "upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ] {
        handshake.headers_mut().insert(name, value.parse().unwrap());
    }
    assert_eq!(ask(sample(), handshake), [Reason::WebSocket { pattern: "/ws".to_owned() }]);
    #[cfg(feature = "regex")]
    {
        let regex = guard().exclude_regex("/a.*").build().unwrap();
        assert_eq!(ask(regex, get("/ab")), [Reason::Regex { expression: "/a.*".to_owned() }]);
    }
}

#[test]
fn the_audit_lists_every_rule_in_one_order() {
    assert_eq!(
        sample().audit().to_string(),
        "any      /caf%C3%A9        public\n\
         any      /files/{*path}    public\n\
         any      /healthz          public\n\
         GET      /reports          scope reports:read\n\
         POST     /reports          scope reports:write, second factor\n\
         any      /reports/{id}     fresh 600s\n\
         socket   /ws               public\n\
         OPTIONS  (CORS preflight)  public\n\
         any      (any other path)  authenticated\n"
    );
    let states: [fn(_) -> _; 2] = [
        |guard: portcullis::guard::AuthLayerBuilder<Doorman>| guard.exclude("/b").exclude("/a"),
        |guard| guard.exclude("/a").exclude("/b"),
    ];
    let [one, other] = states.map(|state| state(guard()).build().unwrap().audit());
    assert_eq!(one, other);
    assert_eq!(one.lines().next(), Some(["any", "/a", "public"]));
}

#[test]
fn the_audit_lists_what_is_about_no_path_in_particular() {
    let last = |guard: AuthLayer<Doorman>| guard.audit().lines().map(|line| line.join(" ")).collect::<Vec<_>>();
    let methods = guard().exclude_methods([Method::PUT, Method::OPTIONS]).default_rule(RouteRule::role("x"));
    assert_eq!(
        last(methods.build().unwrap()),
        ["OPTIONS (any path) public", "PUT (any path) public", "any (any other path) role x"]
    );
    let only = guard().exclude_methods([]).only(["/api/{*rest}"]).build().unwrap();
    assert_eq!(
        last(only),
        [
            "any /api authenticated",
            "any /api/ authenticated",
            "any /api/{*rest} authenticated",
            "any (any other path) public"
        ]
    );
    let sockets = guard().exclude_methods([]).protocols(Protocols::WEBSOCKET).build().unwrap();
    assert_eq!(last(sockets), ["socket (any other path) authenticated"]);
    #[cfg(feature = "regex")]
    {
        let regex = guard().exclude_methods([]).exclude_regex_search("b").exclude_regex("/a").build().unwrap();
        assert_eq!(
            last(regex),
            [
                r#"any exclude_regex "/a" public"#,
                r#"any exclude_regex_search "b" public"#,
                "any (any other path) authenticated"
            ]
        );
    }
}

proptest! {
    /// What is explained is what happens.
    #[test]
    fn an_explanation_is_the_verdict(path in pieces()) {
        let Ok(request) = Request::get(&path).body(String::new()) else { return Ok(()) };
        let explained = sample().explain(&request);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let passed = runtime.block_on(caller(&sample(), request)).is_ok();
        prop_assert_eq!(explained.rule().is_public(), passed, "{}", explained);
        prop_assert!(!explained.reasons().is_empty());
    }
}
