//! A service of one's own behind the guard of these accounts.

use std::time::Duration;

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::{
    Principal,
    axum::GuardedRouter,
    guard::RouteRule,
    jwt::{Algorithm, JwtIssuer, KeyRing, SigningKey},
};

use crate::{
    app::{Answer, Call, TestApp, comparable_headers},
    both,
    db::TestDb,
};

both![
    a_guarded_route_knows_who_logged_in,
    a_guarded_router_takes_the_account_routes_in,
    br_4_every_bad_token_gets_the_same_answer,
    a_route_that_asks_for_a_second_factor_lets_those_pass_who_showed_one,
    a_token_for_another_audience_is_refused,
    br_4_a_user_who_is_gone_looks_like_a_bad_token,
    a_lifetime_of_half_a_second_more_is_no_longer_than_itself,
];

fn service(app: &TestApp) -> Router {
    app.guarding(Router::new().route("/whoami", get(|user: Principal| async move { user.id().to_owned() })))
}

async fn a_guarded_route_knows_who_logged_in(db: TestDb) {
    let app = TestApp::new(db).await;
    let service = service(&app);
    let token = app.user("ada").await;
    let id = app.get("/auth/me").bearer(&token).send().await.body["id"].as_str().unwrap().to_owned();
    let answer = Call::new(&service, Method::GET, "/whoami").bearer(&token).send().await.expect(StatusCode::OK);
    assert_eq!(answer.bytes, id.as_bytes());
    Call::new(&service, Method::GET, "/whoami").send().await.expect_problem(401, "unauthenticated");
    app.post("/auth/logout").bearer(&token).send().await.expect(StatusCode::NO_CONTENT);
    Call::new(&service, Method::GET, "/whoami").bearer(&token).send().await.expect_problem(401, "invalid_token");
}

async fn a_guarded_router_takes_the_account_routes_in(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let service = GuardedRouter::new()
        .route("/", get(async || "home"), RouteRule::public())
        .route("/whoami", get(async |user: Principal| user.id().to_owned()), RouteRule::authenticated())
        .route("/admin", get(async || "admin"), RouteRule::scopes(["users:read"]))
        .guard(app.portcullis.guard())
        .merge(app.portcullis.router())
        .into_router();
    let ask = |path| Call::new(&service, Method::GET, path);
    ask("/").send().await.expect(StatusCode::OK);
    ask("/whoami").send().await.expect_problem(401, "unauthenticated");
    ask("/whoami").bearer(&token).send().await.expect(StatusCode::OK);
    ask("/admin").bearer(&token).send().await.expect_problem(403, "insufficient_scope");
    ask("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
    ask("/auth/login").send().await.expect_problem(405, "method_not_allowed");
    ask("/nowhere").send().await.expect_problem(401, "unauthenticated");
    ask("/nowhere").bearer(&token).send().await.expect(StatusCode::NOT_FOUND);
}

async fn br_4_every_bad_token_gets_the_same_answer(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let ended = app.token("ada", crate::app::PASSWORD).await;
    app.post("/auth/logout").bearer(&ended).send().await.expect(StatusCode::NO_CONTENT);
    let stranger = TestApp::new(TestDb::sqlite().await).await;
    let foreign = stranger.user("ada").await;

    let good = app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
    drop(good);
    app.advance(Duration::from_mins(14));
    let reference = look(app.get("/auth/me").bearer(&ended).send().await.expect_problem(401, "invalid_token"));
    let forged = [
        flip_one_bit(&token, token.len() / 2),
        flip_one_bit(&token, token.len() - 10),
        flip_one_bit(&token, 5),
        foreign,
        signed_by_another_key(&app, &token),
        with_header(&token, r#"{"typ":"at+jwt","alg":"none"}"#, ""),
        with_header(&token, r#"{"typ":"at+jwt","alg":"ES256","crit":["x"],"x":1}"#, "AAAA"),
        token.trim_end_matches(|c| c != '.').to_owned(),
        "x".repeat(9 * 1024),
        "a.b.c".to_owned(),
    ];
    for bad in forged {
        assert_eq!(look(app.get("/auth/me").bearer(&bad).send().await), reference, "{bad}");
    }
    app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(60 + LEEWAY - 1));
    app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
    app.advance(Duration::from_secs(1));
    assert_eq!(look(app.get("/auth/me").bearer(&token).send().await), reference, "expired");
}

async fn a_route_that_asks_for_a_second_factor_lets_those_pass_who_showed_one(db: TestDb) {
    let app = TestApp::new(db).await;
    let service = GuardedRouter::new()
        .route("/vault", get(async || "gold"), RouteRule::second_factor())
        .guard(app.portcullis.guard())
        .into_router();
    let ask = async |token: &str| Call::new(&service, Method::GET, "/vault").bearer(token).send().await;
    let token = app.user("ada").await;
    let refused = ask(&token).await.expect(StatusCode::UNAUTHORIZED);
    assert_eq!((refused.code(), &refused.body["acr_values"]), ("insufficient_user_authentication", &"aal2".into()));
    let authenticator = app.enrol(&token).await.authenticator;
    // To have one is not to have shown one.
    ask(&token).await.expect(StatusCode::UNAUTHORIZED);
    let answer = app.login_in_one_call("ada", &authenticator.next_code(&app)).await.expect(StatusCode::OK);
    ask(answer.body["access_token"].as_str().unwrap()).await.expect(StatusCode::OK);
}

async fn a_token_for_another_audience_is_refused(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let app = app.reopened(|config| config.audience = "another".into()).await;
    app.get("/auth/me").bearer(&token).send().await.expect_problem(401, "invalid_token");
}

async fn br_4_a_user_who_is_gone_looks_like_a_bad_token(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let reference = look(app.get("/auth/me").bearer("a.b.c").send().await);
    app.db.remove_user("ada").await;
    for (method, path) in [(Method::GET, "/auth/me"), (Method::POST, "/auth/logout"), (Method::DELETE, "/auth/me")] {
        assert_eq!(look(app.request(method, path).bearer(&token).send().await), reference, "{path}");
    }
}

async fn a_lifetime_of_half_a_second_more_is_no_longer_than_itself(db: TestDb) {
    let app = TestApp::with(db, |config| config.access_token_ttl = Duration::from_millis(90_500)).await;
    app.advance(Duration::from_millis(600));
    let token = app.user("ada").await;
    app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
}

/// The verifier's default, in seconds.
const LEEWAY: u64 = 5;

fn look(answer: Answer) -> (StatusCode, Vec<(String, String)>, Vec<u8>) {
    assert!(answer.header("www-authenticate").contains(r#"error="invalid_token""#));
    (answer.status, comparable_headers(&answer.headers), answer.bytes)
}

/// Changes one bit of the byte that a character stands for, so that the text stays base64url.
fn flip_one_bit(token: &str, at: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = token.as_bytes().to_vec();
    let index = ALPHABET.iter().position(|c| *c == bytes[at]).unwrap();
    bytes[at] = ALPHABET[index ^ 0b10_0000];
    String::from_utf8(bytes).unwrap()
}

/// The same claims under the same key id, signed by someone else.
fn signed_by_another_key(app: &TestApp, token: &str) -> String {
    let claims = app.portcullis.verifier().verify(token).unwrap();
    let kid = app.portcullis.public_jwk_set()["keys"][0]["kid"].as_str().unwrap().to_owned();
    let key = SigningKey::generate(Algorithm::Es256).unwrap().with_kid(kid).unwrap();
    JwtIssuer::new(KeyRing::new([key]).unwrap()).sign(&claims).unwrap()
}

fn with_header(token: &str, header: &str, signature: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    format!("{}.{claims}.{signature}", URL_SAFE_NO_PAD.encode(header))
}
