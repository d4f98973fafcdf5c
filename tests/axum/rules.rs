//! The rules of a router as a list.

use axum::routing::{any, get as on_get, head, post};
use portcullis::{axum::GuardedRouter, guard::RouteRule};

use crate::support::{guard, whoami};

fn listed<S: Clone + Send + Sync + 'static>(router: &GuardedRouter<S>) -> Vec<(String, RouteRule)> {
    let line = |stated: &portcullis::axum::StatedRule| {
        let method = stated.method().map_or("*", |method| method.as_str());
        (format!("{method} {}", stated.path()), stated.rule().clone())
    };
    router.rules().iter().map(line).collect()
}

#[test]
fn a_router_lists_method_path_and_rule() {
    let (public, read) = (RouteRule::public(), RouteRule::scopes(["notes:read"]));
    let router = GuardedRouter::<()>::new()
        .route("/", on_get(whoami), public.clone())
        .route("/notes", post(whoami).get(whoami), read.clone())
        .route("/notes", head(whoami), public.clone())
        .route("/all", any(whoami), read.clone())
        .fallback(whoami, public.clone());
    let expected = [
        ("GET /", &public),
        ("GET /notes", &read),
        ("POST /notes", &read),
        ("HEAD /notes", &public),
        ("* /all", &read),
    ];
    assert_eq!(listed(&router), expected.map(|(line, rule)| (line.to_owned(), rule.clone())));
    assert!(format!("{router:?}").contains("/notes"));
}

#[test]
fn nested_and_merged_rules_are_listed_with_the_path_that_axum_routes() {
    let inner = || {
        GuardedRouter::<()>::new().route("/", on_get(whoami), RouteRule::public()).route(
            "/{id}",
            on_get(whoami),
            RouteRule::public(),
        )
    };
    for (prefix, root, below) in
        [("/a", "/a", "/a/{id}"), ("/a/", "/a/", "/a/{id}"), ("/{x}/b", "/{x}/b", "/{x}/b/{id}")]
    {
        let router = GuardedRouter::new().nest(prefix, inner());
        let paths: Vec<_> = router.rules().iter().map(|stated| stated.path().to_owned()).collect();
        assert_eq!(paths, [root, below]);
        let _ = router.guard(guard());
    }
    let merged = GuardedRouter::new().nest("/a", inner()).merge(GuardedRouter::new().nest("/b", inner()));
    assert_eq!(merged.rules().len(), 4);
}

#[tokio::test]
async fn what_is_listed_is_what_is_routed() {
    let inner = GuardedRouter::new().route("/", on_get(whoami), RouteRule::public());
    for prefix in ["/a", "/a/"] {
        let router = GuardedRouter::new().nest(prefix, inner.clone());
        let path = router.rules()[0].path().to_owned();
        let app = router.guard(guard());
        assert_eq!(crate::support::get(&app, &path, None).await, crate::support::by("nobody"), "{path}");
    }
}

#[test]
#[should_panic(expected = "names a parameter that is no segment")]
fn a_rule_about_a_member_of_what_is_not_in_the_path_is_refused() {
    let rule = RouteRule::member("list", "id", portcullis::guard::Level::Member);
    let _ = GuardedRouter::<()>::new().route("/lists/{other}", on_get(whoami), rule).guard(guard());
}
