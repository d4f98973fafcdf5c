//! Keys for programs.

use std::time::Duration;

use axum::http::StatusCode;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    visitor::{Visitor, between},
};

both![
    a_key_is_shown_once_and_does_what_it_may,
    what_is_wrong_with_a_key_is_told_field_by_field,
    a_successor_takes_over_while_the_old_one_is_still_good,
    a_key_that_is_deleted_is_refused_at_once,
    nobody_sees_or_changes_the_key_of_someone_else,
    whoever_may_do_nothing_is_told_so,
    ht_1_names_of_keys_are_text,
];

const NEW: &str = "/account/api-keys/new";

/// The browser of an administrator, who has something to give to a key.
async fn admin(app: &TestApp) -> Visitor<'_> {
    app.register("boss", "boss@example.com").await.expect(StatusCode::CREATED);
    app.db.make_admin("boss").await;
    let visitor = Visitor::new(app);
    visitor.log_in("boss", PASSWORD).await.leads_to("/account");
    visitor
}

/// Makes a key and answers its text.
async fn make(visitor: &Visitor<'_>, name: &str) -> String {
    let fields = [("name", name), ("scopes", "users:read"), ("scopes", "events:read"), ("days", "30")];
    text(visitor.post(NEW, &fields).await)
}

fn text(answer: Answer) -> String {
    let page = answer.expect(StatusCode::OK).page();
    between(&page, "<code id=\"key\">", "</code>").to_owned()
}

/// The page of the only key that there is.
async fn only(visitor: &Visitor<'_>) -> String {
    let page = visitor.get("/account/api-keys").await.expect(StatusCode::OK).page();
    let list = between(&page, "<ul class=\"rows", "</ul>");
    format!("/account/api-keys/{}", between(list, "href=\"/account/api-keys/", "\""))
}

async fn users(app: &TestApp, key: &str) -> StatusCode {
    app.get("/auth/admin/users").header("x-api-key", key).send().await.status
}

async fn a_key_is_shown_once_and_does_what_it_may(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = admin(&app).await;
    let page = visitor.get(NEW).await.expect(StatusCode::OK).page();
    for part in ["value=\"users:read\"", "value=\"roles:write\"", "<option value=\"90\" selected>", "<legend>"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let key = make(&visitor, "backup").await;
    assert_eq!(users(&app, &key).await, StatusCode::OK);
    let page = visitor.get("/account/api-keys").await.page();
    assert!(page.contains("backup") && page.contains("events:read") && !page.contains(&key), "{page}");
    assert!(page.contains("2026-10-21"), "30 days from now: {page}");
    let page = visitor.get(&only(&visitor).await).await.expect(StatusCode::OK).page();
    assert!(page.contains("events:read, users:read") || page.contains("users:read, events:read"), "{page}");
    assert!(!page.contains(&key));
    assert!(visitor.get("/account").await.page().contains("<span class=\"value\">1</span>"));
}

async fn what_is_wrong_with_a_key_is_told_field_by_field(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = admin(&app).await;
    let page = visitor.post(NEW, &[("days", "12345")]).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    for field in ["name", "scopes", "expires_in"] {
        assert!(
            page.contains(&format!("<a href=\"#{field}\">")) && page.contains(&format!("id=\"{field}\"")),
            "{page}"
        );
    }
    assert!(page.contains(r#"<fieldset aria-describedby="scopes-error">"#), "{page}");
    let fields = [("name", "backup"), ("scopes", "users:read"), ("scopes", "moon:land"), ("days", "7")];
    let page = visitor.post(NEW, &fields).await.expect(StatusCode::FORBIDDEN).page();
    assert!(page.contains("value=\"backup\"") && page.contains("value=\"users:read\" checked"), "{page}");
    assert!(page.contains("<option value=\"7\" selected>"), "{page}");
    assert!(visitor.get("/account/api-keys").await.page().contains("You have none."));
}

async fn a_successor_takes_over_while_the_old_one_is_still_good(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = admin(&app).await;
    let old = make(&visitor, "backup").await;
    let new = text(visitor.post(&only(&visitor).await, &[("rotate", "yes")]).await);
    assert_ne!(old, new);
    assert_eq!((users(&app, &old).await, users(&app, &new).await), (StatusCode::OK, StatusCode::OK));
    app.advance(Duration::from_hours(25));
    assert_eq!((users(&app, &old).await, users(&app, &new).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
}

async fn a_key_that_is_deleted_is_refused_at_once(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = admin(&app).await;
    let key = make(&visitor, "backup").await;
    assert_eq!(users(&app, &key).await, StatusCode::OK);
    let path = only(&visitor).await;
    visitor.post(&path, &[("delete", "yes")]).await.leads_to("/account/api-keys");
    let page = visitor.get("/account/api-keys").await.page();
    assert!(page.contains("The key backup is deleted.") && page.contains("You have none."), "{page}");
    assert_eq!(users(&app, &key).await, StatusCode::UNAUTHORIZED);
    for answer in [visitor.get(&path).await, visitor.post(&path, &[("delete", "yes")]).await] {
        assert!(answer.expect(StatusCode::NOT_FOUND).page().contains("Page not found"));
    }
}

async fn nobody_sees_or_changes_the_key_of_someone_else(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = admin(&app).await;
    let key = make(&visitor, "backup").await;
    let path = only(&visitor).await;
    let eve = Visitor::of(&app, "eve").await;
    for path in [path.as_str(), "/account/api-keys/x", "/account/api-keys/%ff"] {
        for fields in [&[("rotate", "yes")], &[("delete", "yes")]] {
            let page = eve.post(path, fields).await.expect(StatusCode::NOT_FOUND).page();
            assert!(page.contains("Page not found"), "{page}");
        }
        eve.get(path).await.expect(StatusCode::NOT_FOUND);
    }
    assert_eq!(users(&app, &key).await, StatusCode::OK);
    // A key is no way to its owner's pages.
    for path in ["/account", "/account/api-keys", NEW] {
        let answer = app.get(path).header("x-api-key", &key).send().await;
        answer.leads_to(&format!("/reauthenticate?next={}", path.replace('/', "%2F")));
    }
    app.advance(Duration::from_mins(11));
    visitor.get(&path).await.leads_to(&format!("/reauthenticate?next={}", path.replace('/', "%2F")));
    visitor
        .post(&path, &[("delete", "yes")])
        .await
        .leads_to(&format!("/reauthenticate?next={}", path.replace('/', "%2F")));
    assert_eq!(users(&app, &key).await, StatusCode::OK);
}

async fn whoever_may_do_nothing_is_told_so(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    for path in ["/account/api-keys", NEW] {
        let page = visitor.get(path).await.expect(StatusCode::OK).page();
        assert!(page.contains("no permissions that a key could be given"), "{page}");
    }
    visitor.post(NEW, &[("name", "x"), ("scopes", "users:read"), ("days", "7")]).await.expect(StatusCode::FORBIDDEN);
}

async fn ht_1_names_of_keys_are_text(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = admin(&app).await;
    let markup = "\"><svg onload>'&";
    make(&visitor, markup).await;
    let path = only(&visitor).await;
    for path in ["/account/api-keys", path.as_str()] {
        let page = visitor.get(path).await.page();
        assert!(page.contains("&quot;&gt;&lt;svg onload&gt;&#39;&amp;") && !page.contains("<svg onload"), "{page}");
    }
    visitor.post(&path, &[("delete", "yes")]).await.leads_to("/account/api-keys");
    assert!(!visitor.get("/account/api-keys").await.page().contains("<svg"));
    let fields = [("name", markup), ("scopes", markup), ("days", markup)];
    assert!(!visitor.post(NEW, &fields).await.page().contains("<svg"));
}
