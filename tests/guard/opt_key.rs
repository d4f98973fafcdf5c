//! A rule in the extensions of a request, put there by whoever knew the route first. Of several the nearest to the guard
//! holds, and one that asks for a principal protects again what another one made public.

use std::{convert::Infallible, future::ready};

use http::{Request, Response, StatusCode};
use portcullis::{
    Principal,
    guard::{AuthLayer, RouteRule},
};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::support::{Doorman, get, get_as, guard};

/// Asks a guard that stands behind routers, the outermost first, each of which states a rule or none.
async fn ask(guard: &AuthLayer<Doorman>, rules: &[Option<RouteRule>], request: Request<String>) -> StatusCode {
    let rules = rules.to_vec();
    let service = ServiceBuilder::new()
        .map_request(move |mut request: Request<String>| {
            for rule in rules.iter().flatten() {
                request.extensions_mut().insert(rule.clone());
            }
            request
        })
        .layer(guard.clone())
        .service(service_fn(|request: Request<String>| {
            let caller = request.extensions().get::<Principal>().map_or("nobody", Principal::id);
            ready(Ok::<_, Infallible>(Response::new(caller.to_owned())))
        }));
    service.oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn the_nearest_rule_holds_and_one_can_protect_again() {
    let guard = guard().build().unwrap();
    let (public, guarded) = (|| Some(RouteRule::public()), || Some(RouteRule::authenticated()));
    let cases = [
        (vec![], 401),
        (vec![None, None], 401),
        (vec![public(), None, None], 200),
        (vec![None, None, public()], 200),
        (vec![public(), guarded()], 401),
        (vec![guarded(), public()], 200),
        (vec![public(), guarded(), None], 401),
        (vec![public(), guarded(), public()], 200),
    ];
    for (rules, status) in cases {
        assert_eq!(ask(&guard, &rules, get("/x")).await, status, "{rules:?}");
    }
    let scoped = [public(), Some(RouteRule::scopes(["reports:write"]))];
    assert_eq!(ask(&guard, &scoped, get_as("reader", "/x")).await, StatusCode::FORBIDDEN);
    assert_eq!(ask(&guard, &scoped, get_as("strong", "/x")).await, StatusCode::OK);
}

#[tokio::test]
async fn it_protects_again_what_the_table_or_an_expression_excludes() {
    let builder = || guard().exclude("/open");
    #[cfg(feature = "regex")]
    let builder = || builder().exclude_regex("/schema(/.*)?");
    let guard = builder().build().unwrap();
    let again = [Some(RouteRule::authenticated())];
    for path in ["/open", "/schema/x"] {
        assert_eq!(ask(&guard, &again, get(path)).await, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(ask(&guard, &[None], get("/open")).await, StatusCode::OK);
    let deaf = builder().ignore_request_rules().build().unwrap();
    assert_eq!(ask(&deaf, &again, get("/open")).await, StatusCode::OK);
    assert_eq!(ask(&deaf, &[Some(RouteRule::public())], get("/shut")).await, StatusCode::UNAUTHORIZED);
}
