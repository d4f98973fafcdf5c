//! API keys: who makes them, what they open, and what ends them.

use std::{collections::BTreeSet, time::Duration};

use axum::{
    Router,
    http::{Method, StatusCode},
    routing::get,
};
use portcullis::{
    Principal, Scopes,
    access::{Role, RoleName},
    account::UserId,
    axum::GuardedRouter,
    guard::RouteRule,
    mail::MailKind,
    session::Device,
};
use serde_json::{Value, json};

use crate::{
    app::{Answer, Call, PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed::{self, change_email, forget, spend},
};

both![
    ak_1_a_key_is_shown_once_and_stored_as_a_hash,
    ak_1_a_wrong_key_is_a_bad_credential_whatever_is_wrong_with_it,
    ak_2_a_key_may_do_what_its_owner_may_at_each_call,
    ak_2_whatever_ends_a_key_is_in_force_on_the_next_request,
    ak_2_a_key_is_no_person,
    ak_2_a_key_expires,
    ak_2_that_a_key_was_used_is_noted_now_and_then,
    ak_2_another_process_learns_what_ends_a_key,
    ak_3_a_key_and_a_token_at_once_are_refused,
    az_2_a_key_of_someone_else_is_not_there,
    az_3_a_key_cannot_have_a_scope_that_its_owner_lacks,
    a_user_has_so_many_keys_and_no_more_not_even_in_a_race,
    a_key_is_asked_for_field_by_field,
    a_key_made_while_its_session_ends_is_not_made,
];

/// A user who may read and write notes, with the answer to their login.
async fn author(app: &TestApp, username: &str) -> (String, UserId) {
    set_role(app, "author", "notes:read notes:write").await;
    app.register(username, &format!("{username}@example.com")).await.expect(StatusCode::CREATED);
    let id = app.login(username, PASSWORD).await.body["user"]["id"].as_str().unwrap().to_owned();
    let id = UserId::parse(&id).unwrap();
    give(app, id, &["author"]).await;
    (app.token(username, PASSWORD).await, id)
}

async fn set_role(app: &TestApp, name: &str, scopes: &str) {
    let role = Role { name: RoleName::parse(name).unwrap(), scopes: Scopes::parse(scopes) };
    app.portcullis.accounts().set_role(role, &Device::default()).await.unwrap();
}

async fn give(app: &TestApp, user: UserId, roles: &[&str]) {
    let roles = roles.iter().map(|role| RoleName::parse(role).unwrap()).collect();
    app.portcullis.accounts().set_user_roles(user, roles, &Device::default()).await.unwrap();
}

async fn make(app: &TestApp, token: &str, scopes: &[&str]) -> Answer {
    app.post("/auth/api-keys").bearer(token).json(&json!({"name": "backup", "scopes": scopes})).send().await
}

async fn key(app: &TestApp, token: &str, scopes: &[&str]) -> (String, String) {
    let body = make(app, token, scopes).await.expect(StatusCode::CREATED).body;
    (body["key"].as_str().unwrap().to_owned(), body["id"].as_str().unwrap().to_owned())
}

fn service(app: &TestApp) -> Router {
    let scopes = get(async |user: Principal| format!("{} {}", user.id(), user.scopes()));
    let routes = GuardedRouter::new()
        .route("/scopes", scopes, RouteRule::authenticated())
        .route("/write", get(async || ""), RouteRule::scopes(["notes:write"]))
        .route("/fresh", get(async || ""), RouteRule::fresh(Duration::from_hours(1)))
        .route("/second", get(async || ""), RouteRule::second_factor())
        .route("/role", get(async || ""), RouteRule::role("author"))
        .route("/person", get(async || ""), RouteRule::in_person());
    routes.guard(app.portcullis.guard()).into_router()
}

/// What a service behind the guard lets a key do.
async fn scopes(app: &TestApp, key: &str) -> Result<String, u16> {
    let answer = Call::new(&service(app), Method::GET, "/scopes").bearer(key).send().await;
    match answer.status {
        StatusCode::OK => Ok(String::from_utf8(answer.bytes).unwrap().split_once(' ').unwrap().1.to_owned()),
        status => Err(status.as_u16()),
    }
}

async fn ak_1_a_key_is_shown_once_and_stored_as_a_hash(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, user) = author(&app, "ada").await;
    let made = make(&app, &token, &["notes:read"]).await.expect(StatusCode::CREATED).body;
    let (key, id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
    let (start, secret) = (format!("pc_{}_", id.replace('-', "")), key.split('_').nth(2).unwrap());
    assert!(key.starts_with(&start) && secret.len() == 64, "{key}");
    let mut expected = json!({
        "id": id, "name": "backup", "scopes": ["notes:read"], "created_at": "2026-09-21T14:13:20Z",
        "expires_at": "2027-09-21T14:13:20Z", "last_used_at": null,
    });
    let listed = app.get("/auth/api-keys").bearer(&token).send().await.expect(StatusCode::OK);
    assert_eq!(listed.body, json!({"items": [expected], "next": null}));
    expected["key"] = key.into();
    assert_eq!(made, expected);
    assert!(!app.db.dump().await.to_lowercase().contains(secret), "the secret is in the database");

    for source in [("authorization", format!("Bearer {key}")), ("x-api-key", key.to_owned())] {
        let answer = Call::new(&service(&app), Method::GET, "/scopes").header(source.0, &source.1).send().await;
        assert_eq!(answer.expect(StatusCode::OK).bytes, format!("{user} notes:read").as_bytes());
    }
    let access = app.portcullis.accounts().api_access(key).await.unwrap().unwrap();
    assert_eq!(
        (access.user.id, access.scopes.to_string(), access.key.to_string()),
        (user, "notes:read".into(), id.into())
    );
    let me = app.get("/auth/me").header("x-api-key", key).send().await.expect(StatusCode::OK);
    assert_eq!(me.body["username"], "ada");
}

async fn ak_1_a_wrong_key_is_a_bad_credential_whatever_is_wrong_with_it(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, _) = author(&app, "ada").await;
    let (first, id) = key(&app, &token, &["notes:read"]).await;
    let (second, _) = key(&app, &token, &["notes:read"]).await;
    let reference = app.get("/auth/me").bearer("a.b.c").send().await.expect_problem(401, "invalid_token");
    // The id of one key and the secret of another, with a checksum that is right.
    let mixed = format!("pc_{}_{}", id.replace('-', ""), second.split('_').nth(2).unwrap());
    let sum = portcullis::secret::TokenHash::of(mixed.as_bytes());
    let sum = format!("{:08x}", u32::from_be_bytes(sum.as_bytes()[..4].try_into().unwrap()));
    let mixed = format!("{mixed}_{sum}");
    assert_eq!(mixed.len(), first.len());
    app.get("/auth/me").bearer(&first).send().await.expect(StatusCode::OK);
    for bad in [mixed, first.to_uppercase(), first[..first.len() - 1].to_owned(), "pc_".into(), format!("{first}0")] {
        for (header, value) in [("authorization", format!("Bearer {bad}")), ("x-api-key", bad.clone())] {
            let answer = app.get("/auth/me").header(header, &value).send().await;
            assert_eq!((answer.status, &answer.bytes), (reference.status, &reference.bytes), "{bad}");
            assert!(app.portcullis.accounts().api_access(&bad).await.unwrap().is_none());
        }
    }
}

async fn ak_2_a_key_may_do_what_its_owner_may_at_each_call(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, user) = author(&app, "ada").await;
    let (key, _) = key(&app, &token, &["notes:read", "notes:write"]).await;
    assert_eq!(scopes(&app, &key).await.as_deref(), Ok("notes:read notes:write"));
    set_role(&app, "author", "notes:read users:read").await;
    assert_eq!(scopes(&app, &key).await.as_deref(), Ok("notes:read"));
    give(&app, user, &[]).await;
    assert_eq!(scopes(&app, &key).await.as_deref(), Ok(""));
    give(&app, user, &["author"]).await;
    assert_eq!(scopes(&app, &key).await.as_deref(), Ok("notes:read"));
}

async fn ak_2_whatever_ends_a_key_is_in_force_on_the_next_request(db: TestDb) {
    let app = TestApp::new(db).await;
    let accounts = app.portcullis.accounts();
    for end in ["deleted", "all-deleted", "disabled", "reset", "undone", "gone"] {
        let (token, user) = author(&app, end).await;
        let (key, id) = key(&app, &token, &["notes:read"]).await;
        assert_eq!(scopes(&app, &key).await.as_deref(), Ok("notes:read"));
        match end {
            "deleted" => {
                let call = app.request(Method::DELETE, &format!("/auth/api-keys/{id}"));
                call.bearer(&token).send().await.expect(StatusCode::NO_CONTENT);
            }
            "all-deleted" => assert_eq!(accounts.end_api_keys(user, &Device::default()).await.unwrap(), 1),
            "disabled" => accounts.disable_user(user, &Device::default()).await.unwrap(),
            "reset" => {
                forget(&app, "reset@example.com").await;
                let mailed = mailed::token(&app, "reset@example.com", MailKind::ResetPassword).await;
                spend(&app, "/auth/reset-password", &mailed).await.expect(StatusCode::NO_CONTENT);
            }
            "undone" => undo(&app, &token).await,
            _ => {
                let call = app.request(Method::DELETE, "/auth/me").bearer(&token);
                call.send().await.expect(StatusCode::NO_CONTENT);
            }
        }
        assert_eq!(scopes(&app, &key).await, Err(401), "{end}");
        if end == "disabled" {
            accounts.enable_user(user, &Device::default()).await.unwrap();
            assert_eq!(scopes(&app, &key).await.as_deref(), Ok("notes:read"), "it is theirs again");
        }
    }
    let (token, _) = author(&app, "eve").await;
    let (key, _) = key(&app, &token, &["notes:read"]).await;
    app.post("/auth/logout-all").bearer(&token).send().await.expect(StatusCode::NO_CONTENT);
    assert_eq!(scopes(&app, &key).await.as_deref(), Ok("notes:read"), "a key is no session");
}

/// Moves the address of `undone`, and lets its owner take that back.
async fn undo(app: &TestApp, access: &str) {
    let (old, new) = ("undone@example.com", "undone@other.example");
    let mailed = mailed::token(app, old, MailKind::VerifyEmail).await;
    spend(app, "/auth/verify-email", &mailed).await.expect(StatusCode::OK);
    change_email(app, access, new).await;
    let mailed = mailed::token(app, new, MailKind::ConfirmEmail).await;
    spend(app, "/auth/confirm-email", &mailed).await.expect(StatusCode::OK);
    let mailed = mailed::token(app, old, MailKind::EmailChanged).await;
    spend(app, "/auth/undo-email", &mailed).await.expect(StatusCode::OK);
}

async fn ak_2_a_key_is_no_person(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, user) = author(&app, "ada").await;
    set_role(&app, "author", "notes:read notes:write users:read users:write roles:write events:read").await;
    let all = ["notes:write", "users:read", "users:write", "roles:write", "events:read", "notes:read"];
    let token = {
        drop(token);
        app.token("ada", PASSWORD).await
    };
    let (key, id) = key(&app, &token, &all).await;
    let service = service(&app);
    let ask = async |path| Call::new(&service, Method::GET, path).bearer(&key).send().await;
    ask("/write").await.expect(StatusCode::OK);
    ask("/fresh").await.expect_problem(401, "insufficient_user_authentication");
    ask("/second").await.expect_problem(401, "insufficient_user_authentication");
    ask("/person").await.expect_problem(401, "insufficient_user_authentication");
    ask("/role").await.expect_problem(403, "insufficient_scope");

    // Every account route there is, with a key that holds every scope.
    let open: BTreeSet<_> = ["GET /auth/me", "GET /auth/verify"].into();
    let document = serde_json::to_value(portcullis::http::openapi()).unwrap();
    let mut refused = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let to = path.replace("{id}", &id).replace("{user_id}", &user.to_string());
        for (verb, operation) in item.as_object().unwrap() {
            let name = format!("{} {path}", verb.to_uppercase());
            let is_public = operation["security"].as_array().unwrap().is_empty();
            let is_admin_read = verb == "get" && path.starts_with("/auth/admin/");
            if is_public || is_admin_read || open.contains(name.as_str()) || path == "/auth/revocations" {
                continue;
            }
            let call = app.request(verb.to_uppercase().parse().unwrap(), &to).bearer(&key);
            let answer = call.json(&json!({})).send().await;
            answer.expect_problem(401, "insufficient_user_authentication");
            refused += 1;
        }
    }
    assert!(refused > 20, "{refused}");
    app.get("/auth/admin/users").bearer(&key).send().await.expect(StatusCode::OK);
    app.get("/auth/admin/events").bearer(&key).send().await.expect(StatusCode::OK);
}

async fn ak_2_a_key_expires(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, _) = author(&app, "ada").await;
    let body = json!({"name": "short", "scopes": ["notes:read"], "expires_in": 60});
    let made = app.post("/auth/api-keys").bearer(&token).json(&body).send().await.expect(StatusCode::CREATED).body;
    let key = made["key"].as_str().unwrap();
    assert_eq!(made["expires_at"], "2026-09-21T14:14:20Z");
    assert_eq!(scopes(&app, key).await.as_deref(), Ok("notes:read"));
    app.advance(Duration::from_secs(59));
    assert_eq!(scopes(&app, key).await.as_deref(), Ok("notes:read"));
    app.advance(Duration::from_secs(1));
    assert_eq!(scopes(&app, key).await, Err(401));
    let list = app.get("/auth/api-keys").bearer(&token).send().await.expect(StatusCode::OK);
    assert_eq!(list.body["items"], json!([]));
    assert!(app.db.dump().await.contains("short"));
    app.portcullis.accounts().forget_expired().await.unwrap();
    assert!(!app.db.dump().await.contains("short"), "it is forgotten");
}

async fn ak_2_that_a_key_was_used_is_noted_now_and_then(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, _) = author(&app, "ada").await;
    let (key, _) = key(&app, &token, &["notes:read"]).await;
    let last_used = async || {
        let token = app.token("ada", PASSWORD).await;
        app.get("/auth/api-keys").bearer(&token).send().await.body["items"][0]["last_used_at"].clone()
    };
    assert_eq!(last_used().await, Value::Null);
    scopes(&app, &key).await.unwrap();
    assert_eq!(last_used().await, "2026-09-21T14:13:20Z");
    app.advance(Duration::from_mins(59));
    scopes(&app, &key).await.unwrap();
    assert_eq!(last_used().await, "2026-09-21T14:13:20Z");
    app.advance(Duration::from_mins(30));
    scopes(&app, &key).await.unwrap();
    assert_eq!(last_used().await, "2026-09-21T15:42:20Z");
}

async fn ak_2_another_process_learns_what_ends_a_key(db: TestDb) {
    let app = TestApp::new(db).await;
    let other = app.another_process().await;
    let (token, _) = author(&app, "ada").await;
    let (key, id) = key(&app, &token, &["notes:read"]).await;
    assert_eq!(scopes(&other, &key).await.as_deref(), Ok("notes:read"));
    let call = app.request(Method::DELETE, &format!("/auth/api-keys/{id}")).bearer(&token);
    call.send().await.expect(StatusCode::NO_CONTENT);
    // It learns of it by itself: nobody tells it, and only the test's own limit ends this.
    while scopes(&other, &key).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn ak_3_a_key_and_a_token_at_once_are_refused(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, _) = author(&app, "ada").await;
    let (key, _) = key(&app, &token, &["notes:read"]).await;
    for (bearer, api_key) in [(&token, &key), (&key, &key), (&key, &token), (&token, &token)] {
        let call = app.get("/auth/me").bearer(bearer).header("x-api-key", api_key);
        call.send().await.expect_problem(400, "invalid_request");
    }
    let call = app.get("/auth/me").header("x-api-key", &key).header("x-api-key", &key);
    call.send().await.expect_problem(400, "invalid_request");
}

async fn az_2_a_key_of_someone_else_is_not_there(db: TestDb) {
    let app = TestApp::new(db).await;
    let ((ada, _), (eve, _)) = (author(&app, "ada").await, author(&app, "eve").await);
    let (hers, id) = key(&app, &app.token("ada", PASSWORD).await, &["notes:read"]).await;
    let eve = {
        drop((ada, eve));
        app.token("eve", PASSWORD).await
    };
    for other in [id.as_str(), "00000000-0000-7000-8000-000000000000", "nonsense", "%ff"] {
        let call = app.request(Method::DELETE, &format!("/auth/api-keys/{other}")).bearer(&eve);
        call.send().await.expect_problem(404, "not_found");
    }
    assert_eq!(scopes(&app, &hers).await.as_deref(), Ok("notes:read"));
    let list = app.get("/auth/api-keys").bearer(&eve).send().await.expect(StatusCode::OK);
    assert_eq!(list.body["items"], json!([]));
}

async fn az_3_a_key_cannot_have_a_scope_that_its_owner_lacks(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, _) = author(&app, "ada").await;
    for lacking in ["users:write", "notes", "notes:*", "Notes:read", "notes:rea", "notes:reader"] {
        make(&app, &token, &["notes:read", lacking]).await.expect_problem(403, "insufficient_scope");
    }
    let list = app.get("/auth/api-keys").bearer(&token).send().await.expect(StatusCode::OK);
    assert_eq!(list.body["items"], json!([]));
}

async fn a_user_has_so_many_keys_and_no_more_not_even_in_a_race(db: TestDb) {
    let app = TestApp::with(db, |config| config.api_key_cap = 2.try_into().unwrap()).await;
    let (token, _) = author(&app, "ada").await;
    let (_, id) = key(&app, &token, &["notes:read"]).await;
    let racing = futures_util::future::join_all((0..8).map(|_| make(&app, &token, &["notes:read"]))).await;
    let made = racing.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    let refused = racing.iter().filter(|answer| answer.code() == "too_many_api_keys").count();
    assert_eq!((made, refused), (1, 7));
    let call = app.request(Method::DELETE, &format!("/auth/api-keys/{id}")).bearer(&token);
    call.send().await.expect(StatusCode::NO_CONTENT);
    make(&app, &token, &["notes:read"]).await.expect(StatusCode::CREATED);
    let (first, next) = {
        let answer = app.get("/auth/api-keys?limit=1").bearer(&token).send().await.expect(StatusCode::OK).body;
        (answer["items"][0]["id"].clone(), answer["next"].as_str().unwrap().to_owned())
    };
    let second = app.get(&format!("/auth/api-keys?cursor={next}")).bearer(&token).send().await.body;
    assert!(second["items"].as_array().unwrap().len() == 1 && second["items"][0]["id"] != first);
}

async fn a_key_is_asked_for_field_by_field(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, _) = author(&app, "ada").await;
    let many: Vec<_> = (0..33).map(|number| format!("s{number}")).collect();
    for (body, errors) in [
        (json!({}), vec!["name: missing", "scopes: missing"]),
        (json!({"name": 1, "scopes": "a"}), vec!["name: wrong_type", "scopes: wrong_type"]),
        (json!({"name": " ", "scopes": []}), vec!["name: invalid_name", "scopes: invalid_scope"]),
        (json!({"name": "a\nb", "scopes": ["a b"]}), vec!["name: invalid_name", "scopes: invalid_scope"]),
        (json!({"name": "x".repeat(65), "scopes": many}), vec!["name: invalid_name", "scopes: invalid_scope"]),
        (json!({"name": "a", "scopes": ["a", 1]}), vec!["scopes: wrong_type"]),
        (json!({"name": "a", "scopes": ["a"], "expires_in": -1}), vec!["expires_in: wrong_type"]),
        (json!({"name": "a", "scopes": ["a"], "expires_in": 59}), vec!["expires_in: invalid_expires_in"]),
        (json!({"name": "a", "scopes": ["a"], "expires_in": 31_536_001}), vec!["expires_in: invalid_expires_in"]),
    ] {
        let answer = app.post("/auth/api-keys").bearer(&token).json(&body).send().await;
        assert_eq!(answer.expect_problem(422, "invalid_fields").field_errors(), errors, "{body}");
    }
    app.advance(Duration::from_mins(11));
    let answer = make(&app, &token, &["notes:read"]).await;
    answer.expect_problem(401, "insufficient_user_authentication");
}

async fn a_key_made_while_its_session_ends_is_not_made(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, _) = author(&app, "ada").await;
    let principal = app.portcullis.verifier().principal(&token).unwrap();
    let caller = portcullis::account::Caller::of(&principal).unwrap();
    app.post("/auth/logout").bearer(&token).send().await.expect(StatusCode::NO_CONTENT);
    let new = portcullis::api_key::NewKey::parse("late", Scopes::parse("notes:read"), None).unwrap();
    let made = app.portcullis.accounts().create_api_key(caller, principal.scopes(), new, &Device::default()).await;
    assert_eq!(made.unwrap_err().code(), "invalid_token");
}
