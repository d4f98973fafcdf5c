//! What the figures tell of what was done. That they are served is in `tests/server`.

use std::time::Duration;

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get,
};
use portcullis::{guard::RouteRule, testing::TestIssuer};
use serde_json::json;

use crate::{
    app::{Call, PASSWORD, TestApp},
    both,
    db::TestDb,
    prometheus::Scrape,
};

both![
    metrics_count_logins_by_outcome_and_factor,
    metrics_count_verdicts_of_the_guard_by_reason,
    metrics_count_requests_by_route_and_status,
    metrics_tell_of_mail_sweeps_revocations_and_the_database,
    lo_1_metrics_name_nobody,
];

async fn scrape(app: &TestApp) -> Scrape {
    Scrape::of(app.portcullis.metrics().await)
}

fn logins(outcome: &str, factor: &str) -> String {
    format!(r#"portcullis_logins_total{{outcome="{outcome}",factor="{factor}"}}"#)
}

fn verdicts(verdict: &str, reason: &str) -> String {
    format!(r#"portcullis_guard_verdicts_total{{verdict="{verdict}",reason="{reason}"}}"#)
}

async fn metrics_count_logins_by_outcome_and_factor(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    app.login("ada", "a wrong password").await.expect_problem(401, "invalid_credentials");
    app.login("nobody", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let enrolled = app.enrol(&token).await;
    let asked = app.login("ada", PASSWORD).await.expect_problem(403, "second_factor_required");
    let flow = asked.body["flow"].as_str().unwrap();
    app.finish(flow, "two_fa_code", &enrolled.authenticator.wrong_code(&app))
        .await
        .expect_problem(401, "invalid_second_factor");
    app.finish(flow, "two_fa_code", &enrolled.authenticator.next_code(&app)).await.expect(StatusCode::OK);

    let scrape = scrape(&app).await;
    for (outcome, factor, count) in [
        ("success", "pwd", 1.0),
        ("failure", "pwd", 2.0),
        ("pending", "pwd", 1.0),
        ("failure", "otp", 1.0),
        ("success", "pwd+otp", 1.0),
        ("success", "hwk", 0.0),
    ] {
        let series = logins(outcome, factor);
        assert!(scrape.has(&series));
        assert!((scrape.value(&series) - count).abs() < 0.1, "{series}: {}", scrape.text());
    }
    assert!(scrape.value(r#"portcullis_events_total{kind="totp_enabled"}"#) > 0.9);
    assert!(scrape.value("portcullis_hashes_total") > 3.9);
    assert!(scrape.value("portcullis_password_ratings_total") > 0.9);
    assert!(scrape.value("portcullis_hash_queue_limit") > 0.9);
    assert!(scrape.value("portcullis_turned_away_total") < 0.1);

    for _ in 0..6 {
        app.login("ada", "a wrong password").await;
    }
    app.login("ada", "a wrong password").await.expect_problem(429, "too_many_attempts");
    assert!(self::scrape(&app).await.value("portcullis_turned_away_total") > 0.9);
}

async fn metrics_count_verdicts_of_the_guard_by_reason(db: TestDb) {
    let app = TestApp::new(db).await;
    app.user("ada").await;
    app.db.give_role("ada", "admin").await;
    let token = app.token("ada", PASSWORD).await;
    let key = json!({"name": "robot", "scopes": ["users:read"]});
    let key = app.post("/auth/api-keys").bearer(&token).json(&key).send().await.expect(StatusCode::CREATED);
    let key = key.body["key"].as_str().unwrap();
    // A guard of one's own counts in the same figures.
    let guard = app.portcullis.guard_builder().default_rule(RouteRule::scopes(["notes:read"])).build().unwrap();
    let notes = Router::new().route("/notes", get(async || "notes")).layer(guard);
    Call::new(&notes, Method::GET, "/notes").bearer(&token).send().await.expect(StatusCode::FORBIDDEN);

    let before = scrape(&app).await;
    let me = |bearer: &str| app.get("/auth/me").bearer(bearer).send();
    me(&token).await.expect(StatusCode::OK);
    me(key).await.expect(StatusCode::OK);
    me(&TestIssuer::new().token_for("ada").sign()).await.expect(StatusCode::UNAUTHORIZED);
    me("nonsense").await.expect(StatusCode::UNAUTHORIZED);
    app.get("/auth/me").send().await.expect(StatusCode::UNAUTHORIZED);
    app.get("/auth/me").bearer(&token).header("x-api-key", key).send().await.expect(StatusCode::BAD_REQUEST);
    app.get("/auth/methods").send().await.expect(StatusCode::OK);
    app.post("/auth/totp/setup").json(&json!({})).send().await.expect(StatusCode::UNAUTHORIZED);
    app.post("/auth/logout").bearer(&token).send().await.expect(StatusCode::NO_CONTENT);
    me(&token).await.expect(StatusCode::UNAUTHORIZED);
    let fresh = app.token("ada", PASSWORD).await;
    app.advance(Duration::from_hours(1));
    me(&fresh).await.expect(StatusCode::UNAUTHORIZED);

    let after = scrape(&app).await;
    for (verdict, reason, more) in [
        ("admitted", "access_token", 2.0),
        ("admitted", "api_key", 1.0),
        ("invalid_token", "unknown_key", 1.0),
        ("invalid_token", "malformed", 1.0),
        ("invalid_token", "revoked", 1.0),
        ("invalid_token", "expired", 1.0),
        ("unauthenticated", "no_credential", 1.0),
        ("public", "", 2.0),
        ("anonymous", "", 1.0),
        ("insufficient_scope", "missing_scope", 0.0),
    ] {
        let series = verdicts(verdict, reason);
        let (before, after) = (before.value(&series), after.value(&series));
        assert!((after - before - more).abs() < 0.1, "{series}: {before}, {after}");
    }
    assert!(after.value(&verdicts("insufficient_scope", "missing_scope")) > 0.9);
    assert!(after.text().contains(r#"{verdict="invalid_request",reason=""#));
}

async fn metrics_count_requests_by_route_and_status(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let session = "00000000-0000-7000-8000-000000000000";
    for _ in 0..2 {
        let end = app.request(Method::DELETE, &format!("/auth/sessions/{session}?token=secret"));
        end.bearer(&token).send().await.expect(StatusCode::NOT_FOUND);
    }
    app.get(&format!("/nowhere/{token}")).send().await.expect(StatusCode::NOT_FOUND);
    app.request(Method::from_bytes(b"BREW").unwrap(), "/auth/login").send().await;

    let scrape = scrape(&app).await;
    for (method, route, status, count) in [
        ("DELETE", "/auth/sessions/{id}", "4xx", 2.0),
        ("POST", "/auth/login", "2xx", 1.0),
        ("POST", "/auth/register", "2xx", 1.0),
        ("GET", "(none)", "4xx", 1.0),
        ("other", "/auth/login", "4xx", 1.0),
    ] {
        let labels = format!(r#"method="{method}",route="{route}""#);
        let series = format!(r#"portcullis_http_requests_total{{{labels},status="{status}"}}"#);
        assert!((scrape.value(&series) - count).abs() < 0.1, "{series}: {}", scrape.text());
        let timed = format!("portcullis_http_request_duration_seconds_count{{{labels}}}");
        assert!((scrape.value(&timed) - count).abs() < 0.1, "{timed}");
    }
    assert!(!scrape.text().contains("BREW") && !scrape.text().contains(&token) && !scrape.text().contains(session));
}

async fn metrics_tell_of_mail_sweeps_revocations_and_the_database(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    app.portcullis.accounts().deliver_mail().await.unwrap();
    app.post("/auth/logout").bearer(&token).send().await.expect(StatusCode::NO_CONTENT);
    app.portcullis.accounts().forget_expired().await.unwrap();
    let figures = scrape(&app).await;
    for series in ["portcullis_mail_sent_total", "portcullis_revocations", "portcullis_database_up"] {
        assert!((figures.value(series) - 1.0).abs() < 0.1, "{series}: {}", figures.text());
    }
    for series in ["portcullis_mail_waiting", "portcullis_revocations_stale", "portcullis_hook_events_missed_total"] {
        assert!(figures.has(series) && figures.value(series) < 0.1, "{series}: {}", figures.text());
    }
    let swept = figures.value("portcullis_last_sweep_timestamp_seconds");
    assert!((swept - 1_790_000_000.0).abs() < 0.1);
    assert!((figures.value(r#"portcullis_sweeps_total{outcome="success"}"#) - 1.0).abs() < 0.1);
    let pools = if app.db.url().starts_with("sqlite:") { ["writer", "reader"] } else { ["all", "all"] };
    for pool in pools {
        let of = |state| figures.value(&format!(r#"portcullis_database_connections{{pool="{pool}",state="{state}"}}"#));
        let limit = figures.value(&format!(r#"portcullis_database_connections_limit{{pool="{pool}"}}"#));
        assert!((1.0..=limit).contains(&(of("idle") + of("used"))), "{pool}: {}", figures.text());
    }

    app.mailbox.fail(Some(portcullis::mail::SendError::Temporary("on purpose".to_owned())));
    app.post("/auth/forgot-password").json(&json!({"username": "ada"})).send().await.expect(StatusCode::ACCEPTED);
    app.portcullis.accounts().deliver_mail().await.unwrap();
    // Too early for the app's own worker to try it again.
    app.advance(Duration::from_secs(2));
    let figures = scrape(&app).await;
    assert!((figures.value("portcullis_mail_waiting") - 1.0).abs() < 0.1);
    assert!((figures.value("portcullis_mail_oldest_seconds") - 2.0).abs() < 0.1);
    assert!((figures.value("portcullis_mail_put_off_total") - 1.0).abs() < 0.1);
}

async fn lo_1_metrics_name_nobody(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada-lovelace").await;
    let me = app.get("/auth/me").bearer(&token).send().await;
    app.login("ada-lovelace@example.com", "a wrong password").await;
    app.portcullis.accounts().deliver_mail().await.unwrap();
    let scrape = scrape(&app).await;
    for name in ["lovelace", "example.com", "192.0.2", me.body["id"].as_str().unwrap()] {
        assert!(!scrape.text().contains(name), "{name}: {}", scrape.text());
    }
    // What the documentation lists is what there is.
    let documented = include_str!("../../src/metrics/mod.rs");
    for family in scrape.families() {
        let last = family.rsplit_once("mail_").map_or(family, |(_, last)| last);
        assert!(documented.contains(last), "{family} is not documented");
    }
}
