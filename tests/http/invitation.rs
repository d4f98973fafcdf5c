//! Accounts that administrators make for others.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use portcullis::{audit::EventKind, mail::MailKind, session::Device};
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed,
};

both![
    someone_is_invited_and_sets_a_password_by_the_mailed_link,
    an_invitation_is_good_for_a_week_and_can_be_asked_for_again,
    az_3_nobody_invites_someone_to_more_than_they_have,
];

const NEW_PASSWORD: &str = "another horse, another battery";

async fn root(app: &TestApp) -> String {
    app.user("root1").await;
    app.db.give_role("root1", "admin").await;
    app.token("root1", PASSWORD).await
}

async fn invite(app: &TestApp, root: &str, body: &Value) -> Answer {
    app.post("/auth/admin/users").bearer(root).json(body).send().await
}

async fn set_password(app: &TestApp, token: &str) -> Answer {
    let body = json!({"token": token, "new_password": NEW_PASSWORD});
    app.post("/auth/reset-password").json(&body).send().await
}

async fn someone_is_invited_and_sets_a_password_by_the_mailed_link(db: TestDb) {
    let app = TestApp::with(db, |config| config.registration = "closed".parse().unwrap()).await;
    let accounts = app.portcullis.accounts();
    let registration = accounts.registration("root1", "root@example.com", PASSWORD, "").unwrap();
    accounts.create_user(registration, vec!["admin".to_owned()], &Device::default()).await.unwrap();
    let root = app.token("root1", PASSWORD).await;
    let body = json!({"username": "ada", "email": "ada@example.com", "name": "Ada", "roles": ["admin"]});
    let made = invite(&app, &root, &body).await.expect(StatusCode::CREATED).body;
    assert_eq!((&made["must_change_password"], &made["email_verified"]), (&json!(false), &json!(false)));
    let event = app.events_of(made["id"].as_str().unwrap()).await.pop().unwrap();
    assert!(event.kind == EventKind::UserInvited && event.actor.is_some());
    for guess in ["", PASSWORD, NEW_PASSWORD] {
        assert_ne!(app.login("ada", guess).await.status, StatusCode::OK);
    }
    let token = mailed::token(&app, "ada@example.com", MailKind::Invitation).await;
    set_password(&app, &token).await.expect(StatusCode::NO_CONTENT);
    let bearer = app.token("ada", NEW_PASSWORD).await;
    let me = app.get("/auth/me").bearer(&bearer).send().await.body;
    assert_eq!((&me["email_verified"], &me["roles"], &me["name"]), (&json!(true), &json!(["admin"]), &json!("Ada")));
    set_password(&app, &token).await.expect_problem(400, "token_invalid");
}

async fn an_invitation_is_good_for_a_week_and_can_be_asked_for_again(db: TestDb) {
    let app = TestApp::new(db).await;
    let root = root(&app).await;
    for (name, late, good) in [("ada", 7 * 24 * 3600 - 1, true), ("eve", 7 * 24 * 3600, false)] {
        let root = if good { root.clone() } else { app.token("root1", PASSWORD).await };
        let email = format!("{name}@example.com");
        invite(&app, &root, &json!({"username": name, "email": email})).await.expect(StatusCode::CREATED);
        let token = mailed::token(&app, &email, MailKind::Invitation).await;
        app.advance(Duration::from_secs(late));
        let expected = if good { StatusCode::NO_CONTENT } else { StatusCode::BAD_REQUEST };
        set_password(&app, &token).await.expect(expected);
    }
    mailed::forget(&app, "eve@example.com").await;
    let token = mailed::token(&app, "eve@example.com", MailKind::ResetPassword).await;
    set_password(&app, &token).await.expect(StatusCode::NO_CONTENT);
    app.token("eve", NEW_PASSWORD).await;
}

async fn az_3_nobody_invites_someone_to_more_than_they_have(db: TestDb) {
    let app = TestApp::new(db).await;
    let root = root(&app).await;
    let role = app.request(Method::PUT, "/auth/admin/roles/helper").bearer(&root);
    assert!(role.json(&json!({"scopes": ["users:write"]})).send().await.status.is_success());
    let body = json!({"username": "helper", "email": "helper@example.com", "password": PASSWORD, "roles": ["helper"]});
    invite(&app, &root, &body).await.expect(StatusCode::CREATED);
    app.db.execute("UPDATE users SET must_change_password = FALSE".to_owned()).await;
    let helper = app.token("helper", PASSWORD).await;
    let body = json!({"username": "eve", "email": "eve@example.com", "roles": ["admin"]});
    invite(&app, &helper, &body).await.expect_problem(403, "insufficient_scope");
    let body = json!({"username": "eve", "email": "nowhere", "roles": "admin"});
    let errors = invite(&app, &helper, &body).await.expect_problem(422, "invalid_fields").field_errors();
    assert_eq!(errors, ["email: invalid_email", "roles: wrong_type"]);
    invite(&app, &helper, &json!({"username": "eve", "email": "eve@example.com"})).await.expect(StatusCode::CREATED);
}
