//! Where one is logged in.

use std::time::Duration;

use axum::http::{Method, StatusCode};

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    visitor::{Visitor, between},
};

both![
    every_device_is_listed_and_one_can_be_ended,
    all_other_devices_are_logged_out_at_once,
    whoever_ends_the_session_they_are_in_is_logged_out,
    nobody_ends_the_session_of_someone_else,
    however_many_there_are_all_can_be_seen,
];

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const COOKIE: &str = "__Host-portcullis";

/// Logs someone in with a browser of this name.
async fn log_in<'a>(app: &'a TestApp, name: &str, agent: &str) -> Visitor<'a> {
    let visitor = Visitor::new(app);
    let form = visitor.form("/login", &[("name", name), ("password", PASSWORD)]);
    let form = form.header("sec-fetch-site", "same-origin").header("user-agent", agent);
    visitor.send(form).await.leads_to("/account");
    visitor
}

async fn every_device_is_listed_and_one_can_be_ended(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    app.advance(Duration::from_hours(1));
    let other = log_in(&app, "ada", FIREFOX).await;
    let page = visitor.get("/account/sessions").await.expect(StatusCode::OK).page();
    for part in ["Firefox on Linux", "192.0.2.1", "<time datetime=\"2026-09-21T15:13:20Z\">", "This one"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(page.matches("This one").count(), 1);
    let id = between(&page, "name=\"end\" value=\"", "\"").to_owned();
    visitor.post("/account/sessions", &[("end", &id)]).await.leads_to("/account/sessions");
    let page = visitor.get("/account/sessions").await.page();
    assert!(page.contains("That device is logged out.") && !page.contains("Firefox"), "{page}");
    assert!(!page.contains("Log out all other devices"), "there is no other");
    other.get("/account").await.leads_to("/login?next=%2Faccount");
    visitor.post("/account/sessions", &[("end", &id)]).await.expect(StatusCode::NOT_FOUND);
}

async fn all_other_devices_are_logged_out_at_once(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let others = [log_in(&app, "ada", FIREFOX).await, log_in(&app, "ada", "curl/8").await];
    let eve = Visitor::of(&app, "eve").await;
    let token = app.token("ada", PASSWORD).await;
    for other in &others {
        other.get("/account").await.expect(StatusCode::OK);
    }
    visitor.post("/account/sessions", &[("others", "all")]).await.leads_to("/account/sessions");
    assert!(visitor.get("/account/sessions").await.page().contains("All your other devices are logged out."));
    for other in &others {
        other.get("/account").await.leads_to("/login?next=%2Faccount");
    }
    app.get("/auth/me").bearer(&token).send().await.expect_problem(401, "invalid_token");
    eve.get("/account").await.expect(StatusCode::OK);
    let me = visitor.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let ended = app.events_of(&me).await.into_iter().filter(|event| event.kind.as_str() == "session_ended");
    assert_eq!(ended.filter(|event| event.about.is_some()).count(), 3);
}

async fn whoever_ends_the_session_they_are_in_is_logged_out(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let sessions = visitor.get("/auth/sessions").await.body;
    let id = sessions["items"][0]["id"].as_str().unwrap();
    visitor.post("/account/sessions", &[("end", id)]).await.leads_to("/logout");
    assert_eq!(visitor.cookie(COOKIE), None);
}

async fn nobody_ends_the_session_of_someone_else(db: TestDb) {
    let app = TestApp::new(db).await;
    let (ada, eve) = (Visitor::of(&app, "ada").await, Visitor::of(&app, "eve").await);
    let sessions = ada.get("/auth/sessions").await.body;
    let id = sessions["items"][0]["id"].as_str().unwrap();
    for id in [id, "x", ""] {
        let page = eve.post("/account/sessions", &[("end", id)]).await.expect(StatusCode::NOT_FOUND).page();
        assert!(page.contains("Page not found"), "{page}");
    }
    ada.get("/account").await.expect(StatusCode::OK);
    assert!(!eve.get("/account/sessions").await.page().contains(id));
}

async fn however_many_there_are_all_can_be_seen(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    for _ in 0..3 {
        log_in(&app, "ada", "curl/8").await;
    }
    let mut path = "/account/sessions?limit=2".to_owned();
    let mut ended = 0;
    loop {
        let page = visitor.send(app.request(Method::GET, &path)).await.expect(StatusCode::OK).page();
        ended += page.matches("name=\"end\"").count();
        if !page.contains("rel=\"next\"") {
            break;
        }
        path = format!("{}&limit=2", between(&page, "<p><a href=\"", "\""));
    }
    assert_eq!(ended, 3);
    visitor.get("/account/sessions?cursor=x").await.expect(StatusCode::UNPROCESSABLE_ENTITY);
}
