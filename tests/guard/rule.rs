//! What rules ask, which one holds, and which ones cannot be.

use std::time::Duration;

use http::{Method, StatusCode};
use portcullis::guard::RouteRule;

use crate::support::{caller, get, get_as, guard, principal, request};

const FORBIDDEN: Result<String, StatusCode> = Err(StatusCode::FORBIDDEN);
const UNAUTHORIZED: Result<String, StatusCode> = Err(StatusCode::UNAUTHORIZED);

async fn try_rule(rule: RouteRule, token: Option<&str>) -> Result<String, StatusCode> {
    let guard = guard().rule(Method::GET, "/x", rule).build().unwrap();
    caller(&guard, request(Method::GET, "/x", token)).await
}

#[tokio::test]
async fn each_rule_asks_what_it_says() {
    let minutes = Duration::from_mins;
    let ok = |name: &str| Ok(name.to_owned());

    assert_eq!(try_rule(RouteRule::public(), None).await, ok("nobody"));
    assert_eq!(try_rule(RouteRule::public(), Some("reader")).await, ok("nobody"));
    assert_eq!(try_rule(RouteRule::public(), Some("a b")).await, ok("nobody"));
    assert_eq!(try_rule(RouteRule::optional(), None).await, ok("nobody"));
    assert_eq!(try_rule(RouteRule::optional(), Some("reader")).await, ok("reader"));
    assert_eq!(try_rule(RouteRule::optional(), Some("forged")).await, UNAUTHORIZED);
    assert_eq!(try_rule(RouteRule::authenticated(), None).await, UNAUTHORIZED);
    assert_eq!(try_rule(RouteRule::authenticated(), Some("timeless")).await, ok("timeless"));

    let both = || RouteRule::scopes(["reports:read", "reports:write"]);
    assert_eq!(try_rule(both(), Some("strong")).await, ok("strong"));
    assert_eq!(try_rule(both(), Some("reader")).await, FORBIDDEN);
    assert_eq!(try_rule(both(), None).await, UNAUTHORIZED);
    let either = || RouteRule::any_scope(["reports:delete", "reports:read"]);
    assert_eq!(try_rule(either(), Some("reader")).await, ok("reader"));
    assert_eq!(try_rule(either(), Some("stale")).await, FORBIDDEN);

    assert_eq!(try_rule(RouteRule::fresh(minutes(1)), Some("reader")).await, ok("reader"));
    assert_eq!(try_rule(RouteRule::fresh(Duration::from_millis(59_999)), Some("reader")).await, UNAUTHORIZED);
    assert_eq!(try_rule(RouteRule::fresh(minutes(10)), Some("stale")).await, UNAUTHORIZED);
    assert_eq!(try_rule(RouteRule::fresh(Duration::MAX), Some("timeless")).await, UNAUTHORIZED);
    assert_eq!(try_rule(RouteRule::second_factor(), Some("strong")).await, ok("strong"));
    assert_eq!(try_rule(RouteRule::second_factor(), Some("reader")).await, UNAUTHORIZED);
}

#[test]
fn rules_put_together_ask_for_everything() {
    let (public, optional, authenticated) = (RouteRule::public(), RouteRule::optional(), RouteRule::authenticated());
    let (a, b) = (RouteRule::scopes(["a"]), RouteRule::scopes(["b"]));
    let ladder = [public, optional, authenticated, a.clone()];
    for (mild, milder) in ladder.iter().enumerate() {
        for stricter in &ladder[mild..] {
            assert_eq!(&milder.clone().and(stricter.clone()), stricter);
            assert_eq!(&stricter.clone().and(milder.clone()), stricter);
        }
    }
    assert_eq!(a.clone().and(b.clone()), RouteRule::scopes(["a", "b"]));
    assert_eq!(a.clone().and(b.clone()).and(b.clone()).and(a.clone()), a.and(b));
    let fresh = |secs| RouteRule::fresh(Duration::from_secs(secs));
    assert_eq!(fresh(5).and(fresh(9)), fresh(5));
}

#[test]
fn a_choice_of_no_scopes_lets_nobody_pass() {
    let nobody = RouteRule::any_scope(Vec::<String>::new());
    let all_powerful = principal("root", &["reports:read", "reports:write"], None, "aal2");
    assert!(nobody.check(&all_powerful, &portcullis::clock::SystemClock).is_err());
}

#[tokio::test]
async fn the_most_particular_rule_holds() {
    let guard = guard()
        .default_rule(RouteRule::scopes(["nothing"]))
        .rule_for_any("/reports/{id}", RouteRule::authenticated())
        .rule(Method::POST, "/reports/{report}", RouteRule::scopes(["reports:write"]))
        .exclude("/reports/latest")
        .rule(Method::GET, "/files/{*path}", RouteRule::authenticated())
        .build()
        .unwrap();
    let ask = async |method: Method, path: &str| caller(&guard, request(method, path, Some("reader"))).await;

    assert_eq!(ask(Method::GET, "/reports/7").await, Ok("reader".to_owned()));
    assert_eq!(ask(Method::DELETE, "/reports/7").await, Ok("reader".to_owned()));
    assert_eq!(ask(Method::POST, "/reports/7").await, FORBIDDEN);
    assert_eq!(ask(Method::POST, "/reports/latest").await, Ok("nobody".to_owned()));
    assert_eq!(ask(Method::GET, "/reports/7/pages").await, FORBIDDEN);
    assert_eq!(ask(Method::GET, "/files/a/b").await, Ok("reader".to_owned()));
    assert_eq!(ask(Method::PUT, "/files/a/b").await, FORBIDDEN);
    assert_eq!(ask(Method::GET, "/files").await, FORBIDDEN);
    assert_eq!(ask(Method::GET, "/Reports/7").await, FORBIDDEN);
}

#[tokio::test]
async fn a_wider_rule_still_holds_for_methods_that_a_narrower_one_leaves_out() {
    let guard = guard()
        .exclude("/files/{*path}")
        .rule(Method::GET, "/files/log", RouteRule::authenticated())
        .rule_for_any("/admin/{*path}", RouteRule::scopes(["reports:write"]))
        .rule(Method::GET, "/admin/help", RouteRule::public())
        .rule(Method::PUT, "/admin/help/{page}/text", RouteRule::authenticated())
        .build()
        .unwrap();
    let ask = async |method: Method, path, token| caller(&guard, request(method, path, token)).await;

    assert_eq!(ask(Method::POST, "/files/a", None).await, Ok("nobody".to_owned()));
    assert_eq!(ask(Method::POST, "/files/log", None).await, UNAUTHORIZED);
    assert_eq!(ask(Method::POST, "/files/log", Some("timeless")).await, Ok("timeless".to_owned()));
    assert_eq!(ask(Method::GET, "/admin/help", None).await, Ok("nobody".to_owned()));
    assert_eq!(ask(Method::POST, "/admin/help", Some("reader")).await, FORBIDDEN);
    assert_eq!(ask(Method::PUT, "/admin/help", Some("reader")).await, FORBIDDEN);
    assert_eq!(ask(Method::PUT, "/admin/help", Some("strong")).await, Ok("strong".to_owned()));
}

#[tokio::test]
async fn head_follows_get_and_methods_are_compared_by_case() {
    let guard = guard()
        .rule(Method::GET, "/page", RouteRule::public())
        .rule(Method::GET, "/report", RouteRule::scopes(["reports:write"]))
        .build()
        .unwrap();
    let ask = async |method: &[u8], path| {
        caller(&guard, request(Method::from_bytes(method).unwrap(), path, Some("reader"))).await
    };
    assert_eq!(ask(b"HEAD", "/page").await, Ok("nobody".to_owned()));
    assert_eq!(ask(b"HEAD", "/report").await, FORBIDDEN);
    assert_eq!(ask(b"get", "/page").await, Ok("reader".to_owned()));
    assert_eq!(ask(b"BREW", "/page").await, Ok("reader".to_owned()));
}

#[tokio::test]
async fn headers_that_claim_another_method_are_not_read() {
    let guard = guard().rule(Method::GET, "/page", RouteRule::public()).build().unwrap();
    for name in ["x-http-method-override", "x-method-override", "x-http-method"] {
        let mut post = request(Method::POST, "/page", None);
        post.headers_mut().insert(name, "GET".parse().unwrap());
        assert_eq!(caller(&guard, post).await, UNAUTHORIZED, "{name}");
    }
}

#[tokio::test]
async fn a_rule_in_the_request_stands_above_the_table() {
    let builder = || guard().exclude("/open").rule(Method::GET, "/shut", RouteRule::authenticated());
    let with = |path: &str, rule: RouteRule| {
        let mut request = get(path);
        request.extensions_mut().insert(rule);
        request
    };
    let guard = builder().build().unwrap();
    assert_eq!(caller(&guard, with("/shut", RouteRule::public())).await, Ok("nobody".to_owned()));
    assert_eq!(caller(&guard, with("/open", RouteRule::authenticated())).await, UNAUTHORIZED);
    assert_eq!(caller(&guard, with("/other", RouteRule::optional())).await, Ok("nobody".to_owned()));

    let guard = builder().ignore_request_rules().build().unwrap();
    assert_eq!(caller(&guard, with("/shut", RouteRule::public())).await, UNAUTHORIZED);
    assert_eq!(caller(&guard, with("/open", RouteRule::authenticated())).await, Ok("nobody".to_owned()));
}

#[tokio::test]
async fn a_principal_put_there_before_never_survives() {
    let guard = guard()
        .exclude("/open")
        .rule(Method::GET, "/optional", RouteRule::optional())
        .exclude_methods([Method::OPTIONS])
        .build()
        .unwrap();
    let forged = || principal("forged", &["reports:write"], None, "aal2");
    for (mut request, who) in [
        (get("/open"), Ok("nobody")),
        (get("/optional"), Ok("nobody")),
        (request(Method::OPTIONS, "/x", None), Ok("nobody")),
        (get("/shut"), Err(StatusCode::UNAUTHORIZED)),
        (get_as("reader", "/shut"), Ok("reader")),
    ] {
        request.extensions_mut().insert(forged());
        assert_eq!(caller(&guard, request).await, who.map(str::to_owned));
    }
}
