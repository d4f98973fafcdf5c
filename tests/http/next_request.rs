//! What ends a session or changes what a user may do is in force on the next request, whatever tokens say.

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get,
};
use portcullis::{
    Principal, Scopes,
    access::{Role, RoleName},
    account::UserId,
    session::Device,
};
use serde_json::{Value, json};

use crate::{
    app::{Call, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    se_4_every_end_is_in_force_on_the_next_request,
    se_4_other_roles_are_in_force_on_the_next_request_and_the_session_goes_on,
    se_4_a_role_that_changes_is_in_force_for_everyone_who_has_it,
    roles_that_cannot_be_are_refused,
];

async fn tokens(app: &TestApp, username: &str) -> (Value, UserId) {
    app.register(username, &format!("{username}@example.com")).await.expect(StatusCode::CREATED);
    let tokens = app.login(username, PASSWORD).await.expect(StatusCode::OK).body;
    let id = UserId::parse(tokens["user"]["id"].as_str().unwrap()).unwrap();
    (tokens, id)
}

async fn refreshed(app: &TestApp, tokens: &Value) -> Value {
    let body = json!({"refresh_token": tokens["refresh_token"]});
    app.post("/auth/refresh").json(&body).send().await.expect(StatusCode::OK).body
}

/// What a service of one's own behind the guard answers: the scopes of the one who asks.
async fn scopes(app: &TestApp, tokens: &Value) -> Result<String, u16> {
    let service = app.guarding(Router::new().route("/scopes", get(async |user: Principal| user.scopes().to_string())));
    let call = Call::new(&service, Method::GET, "/scopes").bearer(tokens["access_token"].as_str().unwrap());
    let answer = call.send().await;
    match answer.status {
        StatusCode::OK => Ok(String::from_utf8(answer.bytes).unwrap()),
        status => Err(status.as_u16()),
    }
}

fn name(text: &str) -> RoleName {
    RoleName::parse(text).unwrap()
}

async fn set_role(app: &TestApp, text: &str, scopes: &str) {
    let role = Role { name: name(text), scopes: Scopes::parse(scopes) };
    app.portcullis.accounts().set_role(role, &Device::default()).await.unwrap();
}

async fn se_4_every_end_is_in_force_on_the_next_request(db: TestDb) {
    let app = TestApp::new(db).await;
    let accounts = app.portcullis.accounts();
    for end in ["logout", "logout-all", "disable", "delete", "password"] {
        let (this, id) = tokens(&app, end).await;
        assert_eq!(scopes(&app, &this).await, Ok(String::new()));
        let other = app.token(end, PASSWORD).await;
        let bearer = this["access_token"].as_str().unwrap();
        let status = match end {
            "logout" | "logout-all" => app.post(&format!("/auth/{end}")).bearer(bearer).send().await.status,
            "delete" => app.request(Method::DELETE, "/auth/me").bearer(bearer).send().await.status,
            "password" => {
                let body = json!({"old_password": PASSWORD, "new_password": "a quite different password"});
                app.post("/auth/change-password").bearer(&other).json(&body).send().await.status
            }
            _ => {
                accounts.disable_user(id, &Device::default()).await.unwrap();
                StatusCode::NO_CONTENT
            }
        };
        assert_eq!(status, StatusCode::NO_CONTENT, "{end}");
        assert_eq!(scopes(&app, &this).await, Err(401), "{end}");
    }
    let (eve, id) = tokens(&app, "eve").await;
    accounts.disable_user(id, &Device::default()).await.unwrap();
    app.login("eve", PASSWORD).await.expect_problem(401, "invalid_credentials");
    accounts.enable_user(id, &Device::default()).await.unwrap();
    assert_eq!(scopes(&app, &eve).await, Err(401), "what has ended stays so");
    app.login("eve", PASSWORD).await.expect(StatusCode::OK);
}

async fn se_4_other_roles_are_in_force_on_the_next_request_and_the_session_goes_on(db: TestDb) {
    let app = TestApp::new(db).await;
    let accounts = app.portcullis.accounts();
    set_role(&app, "reader", "notes:read").await;
    let (before, id) = tokens(&app, "ada").await;
    let user = accounts.set_user_roles(id, vec![name("reader")], &Device::default()).await.unwrap();
    assert_eq!((user.roles, user.generation), (vec!["reader".to_owned()], 2));
    assert_eq!(scopes(&app, &before).await, Err(401));
    let after = refreshed(&app, &before).await;
    assert_eq!(scopes(&app, &after).await.unwrap(), "notes:read");
    assert_eq!(after["user"]["roles"], json!(["reader"]));
    let sid = |tokens: &Value| app.portcullis.verifier().verify(tokens["access_token"].as_str().unwrap()).unwrap().sid;
    let before_last = sid(&after);
    accounts.set_user_roles(id, Vec::new(), &Device::default()).await.unwrap();
    assert_eq!(scopes(&app, &after).await, Err(401));
    let last = refreshed(&app, &after).await;
    assert_eq!(scopes(&app, &last).await.unwrap(), "");
    assert_eq!(sid(&last), before_last);
}

async fn se_4_a_role_that_changes_is_in_force_for_everyone_who_has_it(db: TestDb) {
    let app = TestApp::new(db).await;
    let accounts = app.portcullis.accounts();
    set_role(&app, "reader", "notes:read").await;
    let ((ada, ada_id), (eve, _)) = (tokens(&app, "ada").await, tokens(&app, "eve").await);
    accounts.set_user_roles(ada_id, vec![name("reader")], &Device::default()).await.unwrap();
    let ada = refreshed(&app, &ada).await;
    set_role(&app, "reader", "notes:list").await;
    assert_eq!((scopes(&app, &ada).await, scopes(&app, &eve).await), (Err(401), Ok(String::new())));
    let ada = refreshed(&app, &ada).await;
    assert_eq!(scopes(&app, &ada).await.unwrap(), "notes:list");
    accounts.delete_role(name("reader"), &Device::default()).await.unwrap();
    assert_eq!(scopes(&app, &ada).await, Err(401));
    let ada = refreshed(&app, &ada).await;
    assert_eq!((scopes(&app, &ada).await.unwrap(), &ada["user"]["roles"]), (String::new(), &json!([])));
}

async fn roles_that_cannot_be_are_refused(db: TestDb) {
    let app = TestApp::new(db).await;
    let accounts = app.portcullis.accounts();
    let (_, ada) = tokens(&app, "ada").await;
    let nobody = UserId::new(portcullis::clock::Timestamp::from_secs(1));
    let device = Device::default();
    let code = |outcome: Result<(), portcullis::Error>| match outcome.unwrap_err() {
        portcullis::Error::InvalidFields(fields) => format!("{}: {}", fields[0].field, fields[0].code),
        other => other.code().to_owned(),
    };
    let give = async |user, role| accounts.set_user_roles(user, vec![name(role)], &device).await.map(drop);
    assert_eq!(code(give(ada, "reader").await), "roles: unknown_role");
    assert_eq!(code(give(nobody, "admin").await), "not_found");
    assert_eq!(code(accounts.delete_role(name("admin"), &device).await), "role: built_in");
    assert_eq!(code(accounts.delete_role(name("reader"), &device).await), "not_found");
    let scopes = ["two words"].into_iter().collect();
    assert_eq!(code(accounts.set_role(Role { name: name("x"), scopes }, &device).await), "scopes: invalid_scope");
    assert_eq!(code(accounts.disable_user(nobody, &device).await), "not_found");
    assert_eq!(code(accounts.enable_user(nobody, &device).await), "not_found");
    let admin = accounts.roles().await.unwrap().remove(0);
    assert!(admin.name == name("admin") && admin.scopes.contains("roles:write"));
}
