//! What counts as a credential, and where it is looked for.

use http::{HeaderValue, Method, StatusCode, header::AUTHORIZATION};
use portcullis::guard::{AuthLayer, RouteRule};

use crate::support::{Doorman, caller, get, guard, request, send};

#[tokio::test]
async fn br_1_a_token_in_the_query_or_the_body_is_no_credential() {
    let guard = guard().build().unwrap();
    let nothing = send(&guard, get("/notes")).await;

    let query = send(&guard, get("/notes?access_token=reader&token=reader")).await;
    let mut form = request(Method::POST, "/notes", None);
    form.headers_mut().insert("content-type", HeaderValue::from_static("application/x-www-form-urlencoded"));
    *form.body_mut() = "access_token=reader".to_owned();
    let form = send(&guard, form).await;
    let mut cookie = get("/notes");
    cookie.headers_mut().insert("cookie", HeaderValue::from_static("access_token=reader"));
    let cookie = send(&guard, cookie).await;

    for response in [query, form, cookie] {
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers(), nothing.headers());
        assert_eq!(response.body(), nothing.body());
    }
}

#[tokio::test]
async fn br_2_the_scheme_is_read_in_any_case_and_with_any_number_of_spaces() {
    let guard = guard().build().unwrap();
    for value in ["Bearer reader", "bearer reader", "BEARER reader", "bEaReR    reader"] {
        assert_eq!(with(&guard, &[value.as_bytes()]).await, Ok("reader".to_owned()), "{value}");
    }
}

#[tokio::test]
async fn br_2_what_is_not_exactly_one_credential_is_400_on_optional_routes_too() {
    let cases: [&[&[u8]]; 12] = [
        &[b"Bearer reader", b"Bearer reader"],
        &[b"Bearer reader", b"Basic dTpw"],
        &[b"Basic dTpw", b"Basic dTpw"],
        &[b"Bearer"],
        &[b"Bearer "],
        &[b"Bearer a b"],
        &[b"Bearer reader,Bearer reader"],
        &[b"Bearer\treader"],
        &[b"Bearer reader\t"],
        &[b"Bearer \xff\xfe"],
        &[b"\xff reader"],
        &[b""],
    ];
    for rule in [RouteRule::authenticated(), RouteRule::optional()] {
        let guard = guard().default_rule(rule).build().unwrap();
        for values in cases {
            assert_eq!(with(&guard, values).await, Err(StatusCode::BAD_REQUEST), "{values:?}");
        }
    }
}

#[tokio::test]
async fn another_scheme_is_no_credential() {
    let strict = guard().build().unwrap();
    let lenient = guard().default_rule(RouteRule::optional()).build().unwrap();
    for value in ["Basic cmVhZGVy", "Basic reader", "Token reader", "Bearer2 reader", "reader", "Negotiate a b,c"] {
        let mut refused = get("/");
        refused.headers_mut().insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        let refused = send(&strict, refused).await;
        assert_eq!(refused.headers()["www-authenticate"], r#"Bearer realm="restricted""#, "{value}");
        assert_eq!(with(&lenient, &[value.as_bytes()]).await, Ok("nobody".to_owned()), "{value}");
    }
}

async fn with(guard: &AuthLayer<Doorman>, values: &[&[u8]]) -> Result<String, StatusCode> {
    let mut request = get("/");
    for value in values {
        request.headers_mut().append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
    }
    caller(guard, request).await
}
