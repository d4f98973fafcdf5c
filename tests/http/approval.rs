//! Accounts that wait to be let in, and what everyone gets who registers.

use axum::http::{Method, StatusCode};
use portcullis::{access::RoleName, audit::EventKind, mail::MailKind, session::Device};
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp, comparable_headers},
    both,
    db::TestDb,
    mailed::{self, forget},
};

both![
    lg_1_an_account_that_waits_is_like_a_wrong_password,
    an_administrator_lets_someone_in_who_waits,
    an_administrator_shuts_and_deletes_who_waits,
    everyone_who_registers_gets_the_default_role,
];

async fn asking(db: TestDb) -> TestApp {
    TestApp::with(db, |config| config.registration = "approval".parse().unwrap()).await
}

async fn administrator(app: &TestApp) -> String {
    let accounts = app.portcullis.accounts();
    let registration = accounts.registration("root1", "root@example.com", PASSWORD, "").unwrap();
    accounts.create_user(registration, vec!["admin".to_owned()], &Device::default()).await.unwrap();
    app.token("root1", PASSWORD).await
}

async fn listed(app: &TestApp, root: &str, query: &str) -> Vec<Value> {
    let answer = app.get(&format!("/auth/admin/users{query}")).bearer(root).send().await.expect(StatusCode::OK);
    answer.body["items"].as_array().unwrap().clone()
}

async fn patch(app: &TestApp, root: &str, id: &str, body: &Value) -> Answer {
    app.request(Method::PATCH, &format!("/auth/admin/users/{id}")).bearer(root).json(body).send().await
}

async fn lg_1_an_account_that_waits_is_like_a_wrong_password(db: TestDb) {
    let app = asking(db).await;
    assert_eq!(app.get("/auth/methods").send().await.body["registration"], "approval");
    let made = app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    assert_eq!(made.body, json!({"username": "ada", "email": "ada@example.com", "email_verified": false}));
    let (right, unknown) = (app.login("ada", PASSWORD).await, app.login("nobody", PASSWORD).await);
    assert_eq!((right.status, &right.bytes), (unknown.status, &unknown.bytes));
    assert_eq!(comparable_headers(&right.headers), comparable_headers(&unknown.headers));
    forget(&app, "ada@example.com").await;
    app.portcullis.accounts().deliver_mail().await.unwrap();
    assert_eq!(app.mailbox.to("ada@example.com").len(), 0, "nobody is written to who has not been let in");
}

async fn an_administrator_lets_someone_in_who_waits(db: TestDb) {
    let app = asking(db).await;
    let root = administrator(&app).await;
    for name in ["ada", "eve"] {
        app.register(name, &format!("{name}@example.com")).await.expect(StatusCode::CREATED);
    }
    let names = |list: &[Value]| list.iter().map(|user| user["username"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&listed(&app, &root, "?state=pending").await), ["eve", "ada"]);
    assert_eq!(names(&listed(&app, &root, "?state=pending&limit=1").await), ["eve"]);
    assert_eq!(names(&listed(&app, &root, "?state=active").await), ["root1"]);
    assert!(listed(&app, &root, "?state=disabled").await.is_empty());
    let bad = app.get("/auth/admin/users?state=open").bearer(&root).send().await;
    assert_eq!(bad.expect_problem(422, "invalid_fields").field_errors(), ["state: invalid_state"]);

    let waiting = listed(&app, &root, "?q=ada").await.remove(0);
    assert_eq!((&waiting["pending"], &waiting["disabled"]), (&json!(true), &json!(true)));
    let id = waiting["id"].as_str().unwrap();
    let opened = patch(&app, &root, id, &json!({"disabled": false})).await.expect(StatusCode::OK).body;
    assert_eq!((&opened["pending"], &opened["disabled"]), (&json!(false), &json!(false)));
    app.token("ada", PASSWORD).await;
    mailed::token(&app, "ada@example.com", MailKind::VerifyEmail).await;
    let approved = app.events_of(id).await.into_iter().find(|event| event.kind == EventKind::UserApproved);
    assert!(approved.unwrap().actor.is_some());
    assert_eq!(names(&listed(&app, &root, "?state=pending").await), ["eve"]);
    app.login("eve", PASSWORD).await.expect_problem(401, "invalid_credentials");
}

async fn an_administrator_shuts_and_deletes_who_waits(db: TestDb) {
    let app = asking(db).await;
    let root = administrator(&app).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let id = listed(&app, &root, "?state=pending").await[0]["id"].as_str().unwrap().to_owned();
    let shut = patch(&app, &root, &id, &json!({"disabled": true})).await.expect(StatusCode::OK).body;
    assert_eq!((&shut["pending"], &shut["disabled"]), (&json!(true), &json!(true)));
    let call = app.request(Method::DELETE, &format!("/auth/admin/users/{id}")).bearer(&root);
    call.send().await.expect(StatusCode::NO_CONTENT);
    app.register("ada", "ada@other.example").await.expect_problem(409, "username_taken");
}

async fn everyone_who_registers_gets_the_default_role(db: TestDb) {
    let app = TestApp::with(db, |config| config.default_role = RoleName::parse("member")).await;
    let roles = app.portcullis.accounts().roles().await.unwrap();
    assert!(roles.iter().any(|role| role.name.as_str() == "member" && role.scopes.is_empty()), "it is made");
    let token = app.user("ada").await;
    assert_eq!(app.get("/auth/me").bearer(&token).send().await.body["roles"], json!(["member"]));
    let root = administrator(&app).await;
    assert_eq!(app.get("/auth/me").bearer(&root).send().await.body["roles"], json!(["admin"]), "not by the operator");
    let set = json!({"scopes": ["roles:write"]});
    let call = app.request(Method::PUT, "/auth/admin/roles/member").bearer(&root).json(&set);
    assert!(call.send().await.status.is_success());
    let app = app.reopened(|config| config.default_role = RoleName::parse("member")).await;
    let roles = app.portcullis.accounts().roles().await.unwrap();
    assert!(roles.iter().any(|role| role.name.as_str() == "member" && role.scopes.contains("roles:write")), "it stays");
}
