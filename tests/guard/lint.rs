//! Statements that cannot be, or can only be mistakes, are found when the layer is built.

use http::Method;
use portcullis::guard::{AuthLayerBuilder, Need, Protocols, RouteRule, RuleErrorKind};

use crate::support::{Doorman, guard};

type State = fn(AuthLayerBuilder<Doorman>) -> AuthLayerBuilder<Doorman>;

/// Every one of these is refused, with an error that names the rule.
fn assert_refused(cases: &[(State, &str, RuleErrorKind)]) {
    for (state, rule, kind) in cases {
        let error = state(guard()).build().unwrap_err();
        assert_eq!((error.rule(), error.kind()), (*rule, kind));
        assert!(error.to_string().contains(rule), "{error}");
    }
}

fn shadowed(by: &str) -> RuleErrorKind {
    RuleErrorKind::Shadowed { by: by.to_owned() }
}

#[test]
fn an_empty_rule_is_refused() {
    assert_refused(&[
        (|guard| guard.exclude(""), r#"any method """#, RuleErrorKind::Empty),
        (|guard| guard.only([""]), r#"any method """#, RuleErrorKind::Empty),
        (|guard| guard.only(Vec::<String>::new()), "only", RuleErrorKind::Empty),
    ]);
}

#[test]
fn a_rule_that_never_matches_is_refused() {
    assert_refused(&[
        (|guard| guard.exclude("login"), r#"any method "login""#, RuleErrorKind::NotAbsolute),
        (|guard| guard.exclude("/a//b"), r#"any method "/a//b""#, RuleErrorKind::NotNormal),
        (|guard| guard.exclude("/a/../b"), r#"any method "/a/../b""#, RuleErrorKind::NotNormal),
        (|guard| guard.exclude("/%61"), r#"any method "/%61""#, RuleErrorKind::NotNormal),
        (|guard| guard.rule(Method::HEAD, "/a", RouteRule::public()), r#"HEAD "/a""#, RuleErrorKind::HeadFollowsGet),
        (|guard| guard.exclude_methods([Method::HEAD]), "exclude_methods", RuleErrorKind::HeadFollowsGet),
        (
            |guard| guard.rule(Method::from_bytes(b"Post").unwrap(), "/a", RouteRule::public()),
            r#"Post "/a""#,
            RuleErrorKind::MethodCase { standard: "POST".to_owned() },
        ),
        (
            |guard| guard.exclude_methods([Method::from_bytes(b"options").unwrap()]),
            "exclude_methods",
            RuleErrorKind::MethodCase { standard: "OPTIONS".to_owned() },
        ),
    ]);
    assert!(guard().rule(Method::from_bytes(b"brew").unwrap(), "/a", RouteRule::public()).build().is_ok());
}

#[test]
fn a_rule_that_lets_strangers_pass_everywhere_is_refused() {
    let everything = || RuleErrorKind::MatchesEverything;
    assert_refused(&[
        (|guard| guard.exclude("/{*path}"), r#"any method "/{*path}""#, everything()),
        (|guard| guard.rule_for_any("/{*p}", RouteRule::optional()), r#"any method "/{*p}""#, everything()),
        (|guard| guard.protocols(Protocols::HTTP).websockets(["/{*path}"]), r#"WebSocket "/{*path}""#, everything()),
    ]);
    // What asks for a principal may cover everything, and so may one method, beside which others are guarded.
    assert!(guard().rule_for_any("/{*path}", RouteRule::authenticated()).build().is_ok());
    assert!(guard().rule(Method::GET, "/{*path}", RouteRule::public()).build().is_ok());
    assert!(guard().default_rule(RouteRule::public()).build().is_ok());
}

#[test]
fn a_rule_that_another_one_hides_is_refused() {
    assert_refused(&[
        (
            |guard| guard.exclude_methods([Method::PUT]).rule(Method::PUT, "/a", RouteRule::authenticated()),
            r#"PUT "/a""#,
            shadowed("exclude_methods"),
        ),
        (|guard| guard.only(["/a"]).default_rule(RouteRule::authenticated()), "default", shadowed("only")),
        (|guard| guard.websockets(["/ws"]), r#"WebSocket "/ws""#, shadowed("protocols")),
        (|guard| guard.protocols(Protocols::HTTP), "protocols", RuleErrorKind::NoWebSocketRoutes),
        (|guard| guard.exclude("/a").exclude("/a"), r#"any method "/a""#, RuleErrorKind::Duplicate),
        (|guard| guard.only(["/a"]).exclude("/a"), r#"any method "/a""#, RuleErrorKind::Duplicate),
        (
            |guard| guard.protocols(Protocols::HTTP).websockets(["/ws", "/ws"]),
            r#"WebSocket "/ws""#,
            RuleErrorKind::Duplicate,
        ),
        (
            |guard| {
                let rule = RouteRule::authenticated;
                guard.rule(Method::PUT, "/a/{id}", rule()).rule(Method::PUT, "/a/{name}", rule())
            },
            r#"PUT "/a/{name}""#,
            RuleErrorKind::Duplicate,
        ),
    ]);
}

#[test]
fn patterns_that_no_router_takes_are_refused() {
    assert_refused(&[
        (
            |guard| guard.exclude("/a/{id}").rule(Method::GET, "/a/{*rest}", RouteRule::public()),
            r#"GET "/a/{*rest}""#,
            RuleErrorKind::Conflict { with: "/a/{id}".to_owned() },
        ),
        (
            |guard| guard.exclude("/a/{id"),
            r#"any method "/a/{id""#,
            RuleErrorKind::InvalidPattern { reason: "Parameters must be registered with a valid name".to_owned() },
        ),
    ]);
}

#[test]
fn a_rule_that_nobody_can_meet_is_refused() {
    assert_refused(&[
        (
            |guard| guard.rule(Method::GET, "/a", RouteRule::any_scope(Vec::<String>::new())),
            r#"GET "/a""#,
            RuleErrorKind::NobodyPasses,
        ),
        (
            |guard| guard.rule(Method::GET, "/a", RouteRule::needs(Need::role("x") & !Need::role("x"))),
            r#"GET "/a""#,
            RuleErrorKind::NobodyPasses,
        ),
        (|guard| guard.default_rule(RouteRule::scopes(["a b"])), "default", RuleErrorKind::InvalidScope),
        (|guard| guard.default_rule(RouteRule::role("")), "default", RuleErrorKind::InvalidName),
        (|guard| guard.default_rule(RouteRule::amr(" hwk")), "default", RuleErrorKind::InvalidName),
    ]);
    assert!(guard().default_rule(RouteRule::role("team lead")).build().is_ok());
}

#[cfg(feature = "regex")]
#[test]
fn an_expression_that_can_only_be_a_mistake_is_refused() {
    assert_refused(&[
        (|guard| guard.exclude_regex(""), r#"exclude_regex """#, RuleErrorKind::Empty),
        (|guard| guard.exclude_regex("schema"), r#"exclude_regex "schema""#, RuleErrorKind::NotAbsolute),
        (|guard| guard.exclude_regex(".*/schema"), r#"exclude_regex ".*/schema""#, RuleErrorKind::NotAbsolute),
        (|guard| guard.exclude_regex("/a|b"), r#"exclude_regex "/a|b""#, RuleErrorKind::NotAbsolute),
        (|guard| guard.exclude_regex("/a//b"), r#"exclude_regex "/a//b""#, RuleErrorKind::NotNormal),
        (|guard| guard.exclude_regex("/.*"), r#"exclude_regex "/.*""#, RuleErrorKind::MatchesEverything),
        (|guard| guard.exclude_regex_search(""), r#"exclude_regex_search """#, RuleErrorKind::Empty),
        (|guard| guard.exclude_regex_search("/"), r#"exclude_regex_search "/""#, RuleErrorKind::MatchesEverything),
        (|guard| guard.exclude_regex("/[a&&b]"), r#"exclude_regex "/[a&&b]""#, RuleErrorKind::NeverMatches),
        (|guard| guard.exclude_regex("/a").exclude_regex("/a"), r#"exclude_regex "/a""#, RuleErrorKind::Duplicate),
        (
            |guard| guard.exclude_regex("/a.*").rule_for_any("/{*path}", RouteRule::authenticated()),
            r#"exclude_regex "/a.*""#,
            shadowed("/{*path}"),
        ),
    ]);
}
