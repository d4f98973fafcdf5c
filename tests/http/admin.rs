//! The routes of those who run the service.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use futures_util::future::join_all;
use portcullis::{
    Scopes,
    access::{Role, RoleName},
    account::UserId,
    session::Device,
};
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    az_1_a_plain_user_is_told_which_scope_is_missing,
    an_administrator_finds_users,
    an_administrator_makes_an_account_whose_password_has_to_be_changed,
    an_administrator_shuts_opens_and_deletes_accounts,
    an_administrator_resets_a_password_and_all_that_hangs_on_it,
    an_administrator_makes_and_deletes_roles,
    az_3_nobody_gives_a_scope_that_they_lack,
    az_3_nobody_takes_anything_from_someone_who_runs_more,
    the_last_administrator_cannot_be_removed,
    of_two_administrators_a_race_to_remove_both_leaves_one,
    what_administrators_do_takes_a_recent_login,
    lo_1_the_trail_tells_who_did_what_to_whom,
    se_4_other_roles_are_in_force_on_the_users_next_request,
];

async fn call(app: &TestApp, token: &str, method: Method, path: &str, body: Value) -> Answer {
    app.request(method, &format!("/auth/admin/{path}")).bearer(token).json(&body).send().await
}

async fn get(app: &TestApp, token: &str, path: &str) -> Value {
    app.get(&format!("/auth/admin/{path}")).bearer(token).send().await.expect(StatusCode::OK).body
}

/// An administrator: their token and their id.
pub async fn admin(app: &TestApp, username: &str) -> (String, String) {
    let (_, id) = user(app, username).await;
    give(app, &id, &["admin"]).await;
    (app.token(username, PASSWORD).await, id)
}

async fn user(app: &TestApp, username: &str) -> (String, String) {
    let token = app.user(username).await;
    let id = app.get("/auth/me").bearer(&token).send().await.body["id"].as_str().unwrap().to_owned();
    (token, id)
}

/// Someone who may do this and nothing else.
async fn helper(app: &TestApp, username: &str, scopes: &str) -> (String, String) {
    let (_, id) = user(app, username).await;
    let role = Role { name: RoleName::parse(username).unwrap(), scopes: Scopes::parse(scopes) };
    app.portcullis.accounts().set_role(role, &Device::default()).await.unwrap();
    give(app, &id, &[username]).await;
    (app.token(username, PASSWORD).await, id)
}

async fn give(app: &TestApp, user: &str, roles: &[&str]) {
    let roles = roles.iter().map(|role| RoleName::parse(role).unwrap()).collect();
    let user = UserId::parse(user).unwrap();
    app.portcullis.accounts().set_user_roles(user, roles, &Device::default()).await.unwrap();
}

fn names(list: &Value) -> Vec<String> {
    let name = |user: &Value| user["username"].as_str().unwrap().to_owned();
    list["items"].as_array().unwrap().iter().map(name).collect()
}

async fn az_1_a_plain_user_is_told_which_scope_is_missing(db: TestDb) {
    let app = TestApp::new(db).await;
    let (token, id) = user(&app, "ada").await;
    let mut asked = 0;
    for stated in portcullis::http::stated_rules() {
        let (path, method) = (stated.path(), stated.method().unwrap());
        if !path.starts_with("/auth/admin/") && path != "/auth/revocations" {
            continue;
        }
        let scope = match path.split('/').nth(3).unwrap_or_default() {
            "events" => "events:read",
            "users" if path.ends_with("/roles") => "roles:write",
            "users" if method == Method::GET => "users:read",
            "users" => "users:write",
            "" => "revocations:read",
            _ => "roles:write",
        };
        let call = app.request(method.clone(), &path.replace("{id}", &id)).bearer(&token);
        let answer = call.json(&json!({})).send().await.expect_problem(403, "insufficient_scope");
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains(&format!("scope=\"{scope}\"")), "{method} {path}: {challenge}");
        asked += 1;
    }
    assert!(asked >= 14, "{asked}");
}

async fn an_administrator_finds_users(db: TestDb) {
    let app = TestApp::new(db).await;
    let (root, id) = admin(&app, "root1").await;
    for name in ["ada", "Bob_100", "carl"] {
        user(&app, name).await;
    }
    assert_eq!(names(&get(&app, &root, "users").await), ["carl", "Bob_100", "ada", "root1"]);
    for (query, found) in [
        ("?q=ADA", vec!["ada"]),
        ("?q=bob%5F", vec!["Bob_100"]),
        ("?q=%25", vec![]),
        ("?q=%5C", vec![]),
        ("?q=carl%40EXAMPLE.com", vec!["carl"]),
        ("?q=nobody", vec![]),
        ("?q='+OR+1=1--", vec![]),
        ("?limit=1&q=r", vec!["carl"]),
    ] {
        assert_eq!(names(&get(&app, &root, &format!("users{query}")).await), found, "{query}");
    }
    let first = get(&app, &root, "users?limit=3").await;
    let next = first["next"].as_str().unwrap();
    assert_eq!(names(&get(&app, &root, &format!("users?limit=3&cursor={next}")).await), ["root1"]);
    let expected = json!({
        "id": id, "username": "root1", "email": "root1@example.com", "name": "", "email_verified": false,
        "email_verified_at": null, "roles": ["admin"], "disabled": false, "disabled_at": null,
        "created_at": "2026-09-21T14:13:20Z", "second_factor": false, "must_change_password": false,
        "pending": false,
    });
    assert_eq!(get(&app, &root, &format!("users/{id}")).await, expected);
    for missing in ["00000000-0000-7000-8000-000000000000", "nonsense", "%ff"] {
        let call = app.get(&format!("/auth/admin/users/{missing}")).bearer(&root);
        call.send().await.expect_problem(404, "not_found");
    }
    let call = app.get("/auth/admin/users?q=%00").bearer(&root);
    assert_eq!(call.send().await.expect_problem(422, "invalid_fields").field_errors(), ["q: invalid_query"]);
}

async fn an_administrator_makes_an_account_whose_password_has_to_be_changed(db: TestDb) {
    let app = TestApp::with(db, |config| config.registration = "closed".parse().unwrap()).await;
    let registration = app.portcullis.accounts().registration("root1", "root@example.com", PASSWORD, "").unwrap();
    let roles = vec!["admin".to_owned()];
    app.portcullis.accounts().create_user(registration, roles, &Device::default()).await.unwrap();
    let root = app.token("root1", PASSWORD).await;
    let body =
        json!({"username": "ada", "email": "ada@example.com", "password": PASSWORD, "name": "Ada", "roles": ["admin"]});
    let made = call(&app, &root, Method::POST, "users", body.clone()).await.expect(StatusCode::CREATED).body;
    let shown = (&made["username"], &made["name"], &made["roles"], &made["must_change_password"]);
    assert_eq!(shown, (&json!("ada"), &json!("Ada"), &json!(["admin"]), &json!(true)));
    call(&app, &root, Method::POST, "users", body).await.expect_problem(409, "username_taken");
    let body = json!({"username": "a", "email": "no", "password": "short", "roles": ["nonsense"]});
    let errors =
        call(&app, &root, Method::POST, "users", body).await.expect_problem(422, "invalid_fields").field_errors();
    assert_eq!(errors, ["email: invalid_email", "password: password_too_short", "username: invalid_username"]);
    let body = json!({"username": "bob", "email": "bob@example.com", "password": PASSWORD, "roles": ["nonsense"]});
    let answer = call(&app, &root, Method::POST, "users", body).await.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["roles: unknown_role"]);
}

async fn an_administrator_shuts_opens_and_deletes_accounts(db: TestDb) {
    let app = TestApp::new(db).await;
    let (root, _) = admin(&app, "root1").await;
    let (ada, id) = user(&app, "ada").await;
    let path = format!("users/{id}");
    let shut = call(&app, &root, Method::PATCH, &path, json!({"disabled": true})).await.expect(StatusCode::OK);
    assert_eq!((&shut.body["disabled"], &shut.body["disabled_at"]), (&json!(true), &json!("2026-09-21T14:13:20Z")));
    app.get("/auth/me").bearer(&ada).send().await.expect_problem(401, "invalid_token");
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let same = call(&app, &root, Method::PATCH, &path, json!({})).await.expect(StatusCode::OK);
    assert_eq!(same.body, shut.body);
    let answer = call(&app, &root, Method::PATCH, &path, json!({"disabled": "no"})).await;
    assert_eq!(answer.expect_problem(422, "invalid_fields").field_errors(), ["disabled: wrong_type"]);
    call(&app, &root, Method::PATCH, &path, json!({"disabled": false})).await.expect(StatusCode::OK);
    let ada = app.token("ada", PASSWORD).await;

    call(&app, &root, Method::DELETE, &path, json!({})).await.expect(StatusCode::NO_CONTENT);
    app.get("/auth/me").bearer(&ada).send().await.expect_problem(401, "invalid_token");
    call(&app, &root, Method::DELETE, &path, json!({})).await.expect_problem(404, "not_found");
    call(&app, &root, Method::PATCH, &path, json!({"disabled": true})).await.expect_problem(404, "not_found");
    app.register("ada", "other@example.com").await.expect_problem(409, "username_taken");
}

async fn an_administrator_resets_a_password_and_all_that_hangs_on_it(db: TestDb) {
    let app = TestApp::new(db).await;
    let (root, own) = admin(&app, "root1").await;
    let (ada, id) = helper(&app, "ada", "notes:read").await;
    let body = json!({"name": "k", "scopes": ["notes:read"]});
    let key = app.post("/auth/api-keys").bearer(&ada).json(&body).send().await.expect(StatusCode::CREATED).body;
    let key = key["key"].as_str().unwrap();
    app.get("/auth/me").bearer(key).send().await.expect(StatusCode::OK);

    let (path, new) = (format!("users/{id}/reset-password"), "a quite different passphrase");
    let answer = call(&app, &root, Method::POST, &path, json!({"new_password": "short"})).await;
    assert_eq!(answer.expect_problem(422, "invalid_fields").field_errors(), ["new_password: password_too_short"]);
    let body = json!({"new_password": new});
    call(&app, &root, Method::POST, &path, body.clone()).await.expect(StatusCode::NO_CONTENT);
    app.get("/auth/me").bearer(&ada).send().await.expect_problem(401, "invalid_token");
    app.get("/auth/me").bearer(key).send().await.expect_problem(401, "invalid_token");
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    assert_eq!(get(&app, &root, &format!("users/{id}")).await["must_change_password"], true);

    for other in [&own, "00000000-0000-7000-8000-000000000000"] {
        let answer = call(&app, &root, Method::POST, &format!("users/{other}/reset-password"), body.clone()).await;
        let expected = if other == own { (403, "insufficient_scope") } else { (404, "not_found") };
        answer.expect_problem(expected.0, expected.1);
    }
    let (root2, _) = admin(&app, "root2").await;
    let answer = call(&app, &root2, Method::POST, &format!("users/{own}/reset-password"), body).await;
    answer.expect_problem(403, "insufficient_scope");
}

async fn an_administrator_makes_and_deletes_roles(db: TestDb) {
    let app = TestApp::new(db).await;
    let (root, _) = admin(&app, "root1").await;
    // An administrator holds the service's own scopes, and what else is listed for the role.
    let own = ["users:read", "users:write", "roles:write", "events:read", "revocations:read"];
    let role = Role { name: RoleName::parse("admin").unwrap(), scopes: Scopes::parse("notes:read notes:write") };
    app.portcullis.accounts().set_role(role, &Device::default()).await.unwrap();
    let root = {
        drop(root);
        app.token("root1", PASSWORD).await
    };
    let set = async |name: &str, body| call(&app, &root, Method::PUT, &format!("roles/{name}"), body).await;
    let made = set("editor", json!({"scopes": ["notes:write", "notes:read"]})).await.expect(StatusCode::OK);
    assert_eq!(made.body, json!({"name": "editor", "scopes": ["notes:read", "notes:write"]}));
    let roles = get(&app, &root, "roles").await;
    let all: Vec<_> = own.into_iter().chain(["notes:read", "notes:write"]).collect();
    let expected = json!([{"name": "admin", "scopes": all}, made.body]);
    assert_eq!(roles, json!({"items": expected, "next": null}));

    set("editor", json!({"scopes": []})).await.expect(StatusCode::OK);
    for (name, body, error) in [
        ("two%20words", json!({"scopes": []}), "role: invalid_role"),
        ("editor", json!({}), "scopes: missing"),
        ("editor", json!({"scopes": [1]}), "scopes: wrong_type"),
    ] {
        assert_eq!(set(name, body).await.expect_problem(422, "invalid_fields").field_errors(), [error]);
    }
    let delete = async |name: &str| call(&app, &root, Method::DELETE, &format!("roles/{name}"), json!({})).await;
    delete("editor").await.expect(StatusCode::NO_CONTENT);
    delete("editor").await.expect_problem(404, "not_found");
    assert_eq!(delete("admin").await.expect_problem(422, "invalid_fields").field_errors(), ["role: built_in"]);
}

async fn az_3_nobody_gives_a_scope_that_they_lack(db: TestDb) {
    let app = TestApp::new(db).await;
    let (_, root) = admin(&app, "root1").await;
    let (helper_token, own) = helper(&app, "helper", "roles:write users:write notes:read").await;
    let (_, ada) = user(&app, "ada").await;
    helper(&app, "writer", "notes:write").await;
    helper(&app, "reader", "notes:read").await;
    let put = async |path: String, body| call(&app, &helper_token, Method::PUT, &path, body).await;
    for (user, roles) in [(&ada, "writer"), (&ada, "admin"), (&own, "admin"), (&own, "writer")] {
        let answer = put(format!("users/{user}/roles"), json!({"roles": ["helper", roles]})).await;
        answer.expect_problem(403, "insufficient_scope");
    }
    put("roles/helper".into(), json!({"scopes": ["roles:write", "events:read"]}))
        .await
        .expect_problem(403, "insufficient_scope");
    put("roles/new".into(), json!({"scopes": ["notes:write"]})).await.expect_problem(403, "insufficient_scope");
    put("roles/new".into(), json!({"scopes": ["notes:read"]})).await.expect(StatusCode::OK);
    put("roles/admin".into(), json!({"scopes": []})).await.expect_problem(403, "insufficient_scope");
    put("roles/writer".into(), json!({"scopes": ["notes:write", "notes:read"]})).await.expect(StatusCode::OK);
    put(format!("users/{ada}/roles"), json!({"roles": ["reader", "new"]})).await.expect(StatusCode::OK);
    let body = json!({"username": "bob", "email": "bob@example.com", "password": PASSWORD, "roles": ["admin"]});
    call(&app, &helper_token, Method::POST, "users", body).await.expect_problem(403, "insufficient_scope");
    assert_eq!(app.portcullis.accounts().user(UserId::parse(&root).unwrap()).await.unwrap().user.roles, ["admin"]);
}

async fn az_3_nobody_takes_anything_from_someone_who_runs_more(db: TestDb) {
    let app = TestApp::new(db).await;
    let ((_, one), (_, _)) = (admin(&app, "root1").await, admin(&app, "root2").await);
    let (token, _) = helper(&app, "helper", "users:write roles:write").await;
    let (_, auditor) = helper(&app, "auditor", "events:read").await;
    for target in [one, auditor] {
        let new = json!({"new_password": "a quite different passphrase"});
        for (method, path, body) in [
            (Method::PATCH, format!("users/{target}"), json!({"disabled": true})),
            (Method::DELETE, format!("users/{target}"), json!({})),
            (Method::POST, format!("users/{target}/reset-password"), new),
            (Method::PUT, format!("users/{target}/roles"), json!({"roles": []})),
        ] {
            let name = format!("{method} {path}");
            let answer = call(&app, &token, method, &path, body).await;
            assert_eq!((answer.status.as_u16(), answer.code()), (403, "insufficient_scope"), "{name}");
        }
    }
    call(&app, &token, Method::DELETE, "roles/auditor", json!({})).await.expect_problem(403, "insufficient_scope");
}

async fn the_last_administrator_cannot_be_removed(db: TestDb) {
    let app = TestApp::new(db).await;
    let (root, id) = admin(&app, "root1").await;
    let (_, other) = admin(&app, "root2").await;
    call(&app, &root, Method::PATCH, &format!("users/{other}"), json!({"disabled": true})).await.expect(StatusCode::OK);
    let ways = [
        (Method::DELETE, format!("users/{id}"), json!({})),
        (Method::PATCH, format!("users/{id}"), json!({"disabled": true})),
        (Method::PUT, format!("users/{id}/roles"), json!({"roles": []})),
    ];
    for (method, path, body) in ways.clone() {
        call(&app, &root, method, &path, body).await.expect_problem(409, "last_admin");
    }
    app.request(Method::DELETE, "/auth/me").bearer(&root).send().await.expect_problem(409, "last_admin");
    let accounts = app.portcullis.accounts();
    let disabled = accounts.disable_user(UserId::parse(&id).unwrap(), &Device::default()).await;
    assert_eq!(disabled.unwrap_err().code(), "last_admin");
    app.get("/auth/me").bearer(&root).send().await.expect(StatusCode::OK);
    call(&app, &root, Method::DELETE, &format!("users/{other}"), json!({})).await.expect(StatusCode::NO_CONTENT);
    let (_, third) = admin(&app, "root3").await;
    give(&app, &third, &["admin"]).await;
    call(&app, &root, Method::PUT, &format!("users/{id}/roles"), json!({"roles": []})).await.expect(StatusCode::OK);
    app.get("/auth/me").bearer(&root).send().await.expect_problem(401, "invalid_token");
}

async fn of_two_administrators_a_race_to_remove_both_leaves_one(db: TestDb) {
    let app = TestApp::new(db).await;
    let accounts = app.portcullis.accounts();
    let mut left = Vec::new();
    for round in 0..3 {
        let mut both: Vec<String> = std::mem::take(&mut left);
        while both.len() < 2 {
            both.push(admin(&app, &format!("root-{round}-{}", both.len())).await.1);
        }
        let remove = |number: usize| {
            let (accounts, user) = (accounts.clone(), UserId::parse(&both[number % 2]).unwrap());
            let device = Device::default();
            tokio::spawn(async move {
                match number / 2 % 2 {
                    0 => accounts.disable_user(user, &device).await,
                    _ => accounts.set_user_roles(user, Vec::new(), &device).await.map(drop),
                }
            })
        };
        let outcomes = join_all((0..32).map(remove)).await;
        assert!(outcomes.iter().flatten().any(|outcome| matches!(outcome, Err(error) if error.code() == "last_admin")));
        for id in both {
            let user = accounts.user(UserId::parse(&id).unwrap()).await.unwrap().user;
            if user.disabled_at.is_none() && user.roles == ["admin"] {
                left.push(id);
            }
        }
        assert_eq!(left.len(), 1, "round {round}");
    }
}

async fn what_administrators_do_takes_a_recent_login(db: TestDb) {
    let app = TestApp::new(db).await;
    let (root, _) = admin(&app, "root1").await;
    let (_, id) = user(&app, "ada").await;
    app.advance(Duration::from_mins(11));
    for (method, path) in [
        (Method::POST, "users".to_owned()),
        (Method::PATCH, format!("users/{id}")),
        (Method::DELETE, format!("users/{id}")),
        (Method::POST, format!("users/{id}/reset-password")),
        (Method::PUT, format!("users/{id}/roles")),
        (Method::PUT, "roles/x".to_owned()),
        (Method::DELETE, "roles/x".to_owned()),
        (Method::PUT, format!("memberships/list/1/{id}")),
        (Method::DELETE, format!("memberships/list/1/{id}")),
    ] {
        let answer = call(&app, &root, method, &path, json!({"disabled": true})).await;
        let answer = answer.expect_problem(401, "insufficient_user_authentication");
        assert!(answer.header("www-authenticate").contains("max_age=\"600\""), "{path}");
    }
    get(&app, &root, "users").await;
    get(&app, &root, &format!("users/{id}")).await;
}

async fn lo_1_the_trail_tells_who_did_what_to_whom(db: TestDb) {
    let app = TestApp::new(db).await;
    let (root, own) = admin(&app, "root1").await;
    let (_, ada) = user(&app, "ada").await;
    app.login("ada", "wrong password").await.expect_problem(401, "invalid_credentials");
    call(&app, &root, Method::PUT, "roles/reader", json!({"scopes": []})).await.expect(StatusCode::OK);
    call(&app, &root, Method::PUT, &format!("users/{ada}/roles"), json!({"roles": ["reader"]}))
        .await
        .expect(StatusCode::OK);
    let path = format!("memberships/list/42/{ada}");
    call(&app, &root, Method::PUT, &path, json!({"level": "member"})).await.expect(StatusCode::NO_CONTENT);

    let newest = get(&app, &root, "events?limit=3").await;
    let told =
        |event: &Value| (event["kind"].clone(), event["user"].clone(), event["actor"].clone(), event["about"].clone());
    let told: Vec<_> = newest["items"].as_array().unwrap().iter().map(told).collect();
    assert_eq!(
        told,
        [
            (json!("membership_changed"), json!(ada), json!(own), json!("list-42-member")),
            (json!("user_roles_changed"), json!(ada), json!(own), json!("reader")),
            (json!("role_changed"), Value::Null, json!(own), json!("reader:")),
        ]
    );
    let first = &newest["items"][0];
    assert_eq!((&first["address"], &first["at"]), (&json!("192.0.2.1"), &json!("2026-09-21T14:13:20Z")));
    let next = newest["next"].as_str().unwrap();
    let fourth = get(&app, &root, &format!("events?limit=1&cursor={next}")).await;
    assert_eq!((&fourth["items"][0]["kind"], &fourth["items"][0]["user"]), (&json!("login_failed"), &json!(ada)));

    let kinds = async |query: &str| {
        let items = get(&app, &root, &format!("events?{query}")).await["items"].as_array().unwrap().clone();
        items.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let hers = ["membership_changed", "user_roles_changed", "login_failed", "login_succeeded", "user_registered"];
    assert_eq!(kinds(&format!("user={ada}")).await, hers);
    assert_eq!(kinds(&format!("user={ada}&kind=login_failed")).await, ["login_failed"]);
    assert_eq!(kinds("kind=login_failed").await, ["login_failed"]);
    assert!(kinds(&format!("user={own}&kind=login_failed")).await.is_empty());
    for (query, error) in [
        ("kind=nonsense", "kind: invalid_kind"),
        ("user=nonsense", "user: invalid_user"),
        ("cursor=nonsense", "cursor: invalid_cursor"),
    ] {
        let answer = app.get(&format!("/auth/admin/events?{query}")).bearer(&root).send().await;
        assert_eq!(answer.expect_problem(422, "invalid_fields").field_errors(), [error]);
    }
}

async fn se_4_other_roles_are_in_force_on_the_users_next_request(db: TestDb) {
    let app = TestApp::new(db).await;
    let (root, _) = admin(&app, "root1").await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let tokens = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    let id = tokens["user"]["id"].as_str().unwrap();
    let path = format!("users/{id}/roles");
    let refresh = async |tokens: &Value| {
        let body = json!({"refresh_token": tokens["refresh_token"]});
        app.post("/auth/refresh").json(&body).send().await.expect(StatusCode::OK).body
    };
    let status = async |tokens: &Value, path: &str| {
        app.get(path).bearer(tokens["access_token"].as_str().unwrap()).send().await.status.as_u16()
    };
    assert_eq!(status(&tokens, "/auth/admin/users").await, 403);
    let given = call(&app, &root, Method::PUT, &path, json!({"roles": ["admin"]})).await.expect(StatusCode::OK);
    assert_eq!(given.body["roles"], json!(["admin"]));
    assert_eq!(status(&tokens, "/auth/me").await, 401);
    let tokens = refresh(&tokens).await;
    assert_eq!(status(&tokens, "/auth/admin/users").await, 200);
    call(&app, &root, Method::PUT, &path, json!({"roles": []})).await.expect(StatusCode::OK);
    assert_eq!(status(&tokens, "/auth/admin/users").await, 401);
    let tokens = refresh(&tokens).await;
    assert_eq!(status(&tokens, "/auth/admin/users").await, 403);
}
