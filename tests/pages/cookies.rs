//! The cookies of pages, and what they are good for.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use portcullis::config::SecondFactorPolicy;
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    visitor::Visitor,
};

both![
    ck_1_every_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts,
    a_cookie_opens_what_a_token_opens,
    cs_3_a_cookie_changes_nothing_for_another_site,
    se_2_a_session_set_before_a_login_is_not_taken_over,
    se_3_a_session_in_a_cookie_ends_when_it_is_not_used_and_at_last,
    se_4_what_ends_a_session_ends_its_cookie_on_the_next_request,
    se_4_a_change_of_roles_counts_on_the_next_request,
    se_1_the_database_knows_no_cookie,
    se_6_a_logout_takes_everything_back,
    jwt_10_nothing_else_opens_anything_in_the_place_of_a_cookie,
];

const COOKIE: &str = "__Host-portcullis";

/// Registers someone and logs them in with this browser.
async fn log_in(app: &TestApp, visitor: &Visitor<'_>, name: &str) -> String {
    app.register(name, &format!("{name}@example.com")).await.expect(StatusCode::CREATED);
    visitor.log_in(name, PASSWORD).await.leads_to("/account");
    visitor.cookie(COOKIE).unwrap()
}

async fn me(visitor: &Visitor<'_>) -> Answer {
    visitor.get("/auth/me").await
}

fn set_cookies(answer: &Answer) -> Vec<String> {
    answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

async fn ck_1_every_cookie_is_for_this_host_alone_and_out_of_reach_of_scripts(db: TestDb) {
    let app = TestApp::with(db, |config| config.second_factor = SecondFactorPolicy::Admins).await;
    let visitor = Visitor::new(&app);
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.db.give_role("ada", "admin").await;
    let mut cookies = set_cookies(&visitor.log_in("ada", PASSWORD).await);
    app.register("bob", "bob@example.com").await.expect(StatusCode::CREATED);
    for remember in [&[][..], &[("remember", "on")]] {
        let fields = [&[("name", "bob"), ("password", PASSWORD)], remember].concat();
        let answer = Visitor::new(&app).post("/login", &fields).await;
        let cookie = set_cookies(&answer).pop().unwrap();
        assert_eq!(cookie.contains("Max-Age=2592000"), !remember.is_empty(), "{cookie}");
        cookies.push(cookie);
    }
    cookies.extend(set_cookies(&visitor.post("/forgot-password", &[("name", "bob")]).await));
    cookies.extend(set_cookies(&visitor.get("/forgot-password").await));
    cookies.extend(set_cookies(&visitor.post("/logout", &[]).await));
    assert!(cookies.len() >= 6, "{cookies:?}");
    for cookie in cookies {
        assert!(cookie.starts_with("__Host-portcullis"), "{cookie}");
        for attribute in ["; Path=/;", "; HttpOnly;", "; SameSite=Lax;", "; Secure"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain") && cookie.len() < 4096, "{cookie}");
    }
}

async fn a_cookie_opens_what_a_token_opens(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    me(&visitor).await.expect_problem(401, "unauthenticated");
    log_in(&app, &visitor, "ada").await;
    for _ in 0..2 {
        assert_eq!(me(&visitor).await.expect(StatusCode::OK).body["username"], "ada");
    }
    let sessions = visitor.get("/auth/sessions").await.expect(StatusCode::OK).body;
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1);
    assert_eq!(sessions["items"][0]["current"], true);
    let rename = |name: &str| {
        let call = app.request(Method::PATCH, "/auth/me").json(&json!({"name": name}));
        visitor.send(call.header("sec-fetch-site", "same-origin"))
    };
    assert_eq!(rename("Ada").await.expect(StatusCode::OK).body["name"], "Ada");
    // Whoever sends a credential on purpose means that one.
    let token = app.user("bob").await;
    assert_eq!(visitor.send(app.get("/auth/me").bearer(&token)).await.body["username"], "bob");
    visitor.send(app.get("/auth/me").bearer("x")).await.expect_problem(401, "invalid_token");
}

async fn cs_3_a_cookie_changes_nothing_for_another_site(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    log_in(&app, &visitor, "ada").await;
    for headers in [
        &[][..],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "https://id.example")],
        &[("sec-fetch-site", "none")],
    ] {
        let call = app.post("/auth/logout");
        let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        visitor.send(call).await.expect_problem(403, "cross_origin");
    }
    me(&visitor).await.expect(StatusCode::OK);
    let call = app.request(Method::PATCH, "/auth/me").header("sec-fetch-site", "same-origin");
    let call = call.header("content-type", "text/plain").body(r#"{"name": "Eve"}"#);
    visitor.send(call).await.expect_problem(415, "unsupported_media_type");
}

async fn se_2_a_session_set_before_a_login_is_not_taken_over(db: TestDb) {
    let app = TestApp::new(db).await;
    let (attacker, victim) = (Visitor::new(&app), Visitor::new(&app));
    let planted = log_in(&app, &attacker, "eve").await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    victim.set_cookie(COOKIE, &planted);
    victim.log_in("ada", PASSWORD).await.leads_to("/account");
    assert_ne!(victim.cookie(COOKIE).unwrap(), planted);
    assert_eq!(me(&victim).await.body["username"], "ada");
    me(&attacker).await.expect_problem(401, "invalid_token");
    let made_up = format!("pcs_{}", "A".repeat(43));
    victim.set_cookie(COOKIE, &made_up);
    victim.log_in("ada", PASSWORD).await.leads_to("/account");
    assert_ne!(victim.cookie(COOKIE).unwrap(), made_up);
    let stranger = Visitor::new(&app);
    stranger.set_cookie(COOKIE, &made_up);
    me(&stranger).await.expect_problem(401, "invalid_token");
}

async fn se_3_a_session_in_a_cookie_ends_when_it_is_not_used_and_at_last(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    log_in(&app, &visitor, "ada").await;
    for _ in 0..13 {
        app.advance(Duration::from_hours(12));
        me(&visitor).await.expect(StatusCode::OK);
    }
    app.advance(Duration::from_hours(12));
    me(&visitor).await.expect_problem(401, "invalid_token");
    visitor.log_in("ada", PASSWORD).await.leads_to("/account");
    app.advance(Duration::from_hours(25));
    me(&visitor).await.expect_problem(401, "invalid_token");
    visitor.get("/account").await.leads_to("/login?next=%2Faccount");
}

async fn se_4_what_ends_a_session_ends_its_cookie_on_the_next_request(db: TestDb) {
    let app = TestApp::new(db).await;
    let (one, other) = (Visitor::new(&app), Visitor::new(&app));
    log_in(&app, &one, "ada").await;
    other.log_in("ada", PASSWORD).await.leads_to("/account");
    let sessions = one.get("/auth/sessions").await.body["items"].as_array().unwrap().clone();
    let id = sessions.iter().find(|session| session["current"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    me(&other).await.expect(StatusCode::OK);
    let end = app.request(Method::DELETE, &format!("/auth/sessions/{id}")).header("sec-fetch-site", "same-origin");
    one.send(end).await.expect(StatusCode::NO_CONTENT);
    me(&other).await.expect_problem(401, "invalid_token");
    me(&one).await.expect(StatusCode::OK);

    other.log_in("ada", PASSWORD).await.leads_to("/account");
    me(&other).await.expect(StatusCode::OK);
    let change = json!({"old_password": PASSWORD, "new_password": "a quite different password"});
    let change = app.post("/auth/change-password").json(&change).header("sec-fetch-site", "same-origin");
    one.send(change).await.expect(StatusCode::NO_CONTENT);
    me(&other).await.expect_problem(401, "invalid_token");
    me(&one).await.expect(StatusCode::OK);

    one.post("/logout", &[("everywhere", "on")]).await.leads_to("/logout");
    let gone = Visitor::new(&app);
    gone.set_cookie(COOKIE, &one.cookie(COOKIE).unwrap_or_default());
    me(&gone).await.expect(StatusCode::UNAUTHORIZED);
}

async fn se_4_a_change_of_roles_counts_on_the_next_request(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    log_in(&app, &visitor, "ada").await;
    app.register("boss", "boss@example.com").await.expect(StatusCode::CREATED);
    app.db.make_admin("boss").await;
    let users = || visitor.get("/auth/admin/users");
    users().await.expect_problem(403, "insufficient_scope");
    let id = me(&visitor).await.body["id"].as_str().unwrap().to_owned();
    let admin = app.token("boss", PASSWORD).await;
    let give = |roles: serde_json::Value| {
        let path = format!("/auth/admin/users/{id}/roles");
        app.request(Method::PUT, &path).bearer(&admin).json(&json!({"roles": roles})).send()
    };
    give(json!(["admin"])).await.expect(StatusCode::OK);
    users().await.expect(StatusCode::OK);
    give(json!([])).await.expect(StatusCode::OK);
    users().await.expect_problem(403, "insufficient_scope");
}

async fn se_1_the_database_knows_no_cookie(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    let cookie = log_in(&app, &visitor, "ada").await;
    let dump = app.db.dump().await;
    assert!(!dump.contains(&cookie) && !dump.contains(cookie.trim_start_matches("pcs_")));
}

async fn se_6_a_logout_takes_everything_back(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    let cookie = log_in(&app, &visitor, "ada").await;
    assert!(visitor.get("/logout").await.page().contains("Log out?"));
    me(&visitor).await.expect(StatusCode::OK);
    let answer = visitor.post("/logout", &[]).await;
    answer.leads_to("/logout");
    assert_eq!(answer.header("clear-site-data"), r#""cookies", "storage""#);
    assert_eq!(visitor.cookie(COOKIE), None);
    assert!(visitor.get("/logout").await.page().contains("You are logged out"));
    visitor.set_cookie(COOKIE, &cookie);
    me(&visitor).await.expect_problem(401, "invalid_token");
    visitor.post("/logout", &[]).await.leads_to("/logout");
}

async fn jwt_10_nothing_else_opens_anything_in_the_place_of_a_cookie(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    let secret = log_in(&app, &visitor, "ada").await;
    app.db.make_admin("ada").await;
    let tokens = app.login("ada", PASSWORD).await.body;
    let key = json!({"name": "key", "scopes": ["users:read"]});
    let key = app.post("/auth/api-keys").bearer(tokens["access_token"].as_str().unwrap()).json(&key).send().await;
    let key = key.expect(StatusCode::CREATED).body["key"].as_str().unwrap().to_owned();
    for other in [tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap(), &key] {
        let visitor = Visitor::new(&app);
        visitor.set_cookie(COOKIE, other);
        for _ in 0..2 {
            me(&visitor).await.expect_problem(401, "invalid_token");
        }
    }
    for name in ["portcullis", "__Host-portcullis-pre", "__Secure-portcullis"] {
        let visitor = Visitor::new(&app);
        visitor.set_cookie(name, &secret);
        me(&visitor).await.expect_problem(401, "unauthenticated");
    }
    app.get("/auth/me").bearer(&secret).send().await.expect_problem(401, "invalid_token");
    app.get("/auth/me").header("x-api-key", &secret).send().await.expect_problem(401, "invalid_token");
    let body = json!({"refresh_token": secret});
    app.post("/auth/refresh").json(&body).send().await.expect_problem(401, "refresh_invalid");
}
