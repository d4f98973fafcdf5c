//! The preset for those who come from Litestar.

use http::{Method, StatusCode};
use portcullis::guard::{RouteRule, litestar};

use crate::support::{Doorman, caller, get, get_as, request};

#[tokio::test]
async fn the_preset_lets_every_options_pass_and_no_head() {
    let guard = litestar::builder(Doorman).exclude("/login").build().unwrap();
    assert_eq!(caller(&guard, request(Method::OPTIONS, "/x", None)).await, Ok("nobody".to_owned()));
    for method in [Method::GET, Method::HEAD, Method::POST, Method::TRACE] {
        assert_eq!(caller(&guard, request(method, "/x", None)).await, Err(StatusCode::UNAUTHORIZED));
    }
    assert_eq!(caller(&guard, get("/login")).await, Ok("nobody".to_owned()));
    assert_eq!(caller(&guard, get_as("reader", "/x")).await, Ok("reader".to_owned()));
}

#[tokio::test]
async fn an_excluded_method_passes_whatever_the_key_says() {
    let guard = litestar::builder(Doorman).build().unwrap();
    let mut options = request(Method::OPTIONS, "/x", None);
    options.extensions_mut().insert(RouteRule::authenticated());
    assert_eq!(caller(&guard, options).await, Ok("nobody".to_owned()));
}

#[cfg(feature = "regex")]
#[test]
fn no_look_around_and_no_expression_that_takes_for_ever() {
    for text in ["^(?!/api)", "^/(?=a)", r"^/(a)\1"] {
        assert!(litestar::builder(Doorman).exclude_regex_search(text).build().is_err(), "{text}");
    }
    // Takes a backtracking engine longer than anybody waits.
    let guard = litestar::builder(Doorman).exclude_regex("/(a*)*b").build().unwrap();
    let request = http::Request::get(format!("/{}", "a".repeat(60_000))).body(()).unwrap();
    assert!(!guard.explain(&request).rule().is_public());
}
