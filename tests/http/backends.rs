//! Logins on the word of a directory or of a proxy, and what a service adds to the answer of a login.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use async_trait::async_trait;
use axum::http::{Method, StatusCode};
use portcullis::{
    BuildError, Portcullis,
    access::RoleName,
    account::{BackendError, CredentialBackend, ExternalUser, LoginData, User},
    audit::EventKind,
    mail::MailKind,
    password::Password,
    secret::SealingKey,
    session::Device,
    testing::Mailbox,
};
use serde_json::{Map, Value, json};

use crate::{
    admin::admin,
    app::{PASSWORD, TestApp, comparable_headers},
    both,
    db::TestDb,
    directory::{IN_THE_DIRECTORY, with_directory},
    key::Key,
    keys::token_of,
    mailed,
};

both![
    a_user_of_a_directory_gets_an_account_at_their_first_login,
    a_user_of_a_directory_waits_where_everyone_does,
    a_directory_takes_no_account_over,
    lg_1_a_directory_that_does_not_know_someone_is_like_a_wrong_password,
    a_directory_is_asked_only_while_an_attempt_is_left,
    a_directory_that_is_down_stops_nobody_who_has_a_password_here,
    a_user_of_a_directory_has_no_password_here,
    a_user_of_a_directory_can_remove_their_last_passkey,
    se_2_a_user_of_a_directory_is_asked_for_their_second_factor,
    a_role_taken_from_a_user_of_a_directory_is_gone_at_the_next_request,
    of_8_first_logins_in_a_race_one_makes_the_account,
    whoever_is_vouched_for_comes_in_without_a_password,
    the_answer_of_a_login_has_what_the_service_adds,
];

struct Named(&'static str);

#[async_trait]
impl CredentialBackend for Named {
    fn name(&self) -> &str {
        self.0
    }

    async fn check(&self, _name: &str, _password: &Password) -> Result<Option<ExternalUser>, BackendError> {
        Ok(None)
    }
}

struct Home;

#[async_trait]
impl LoginData for Home {
    async fn data(&self, user: &User) -> Map<String, Value> {
        Map::from_iter([("home".to_owned(), json!(format!("/~{}", user.username.as_str())))])
    }
}

async fn a_user_of_a_directory_gets_an_account_at_their_first_login(db: TestDb) {
    let (app, _) = with_directory(db, |config| {
        config.registration = "closed".parse().unwrap();
        config.default_role = RoleName::parse("member");
        config.require_verified_email = true;
    })
    .await;
    let first = app.login("ada", IN_THE_DIRECTORY).await.expect(StatusCode::OK).body;
    let user = &first["user"];
    assert_eq!((&user["username"], &user["email"]), (&json!("ada"), &json!("ada@corp.example")));
    assert_eq!((&user["email_verified"], &user["roles"]), (&json!(true), &json!(["member"])));
    let again = app.login("ADA@corp.example", IN_THE_DIRECTORY).await.expect(StatusCode::OK).body;
    assert_eq!(again["user"]["id"], user["id"]);
    let events = app.events_of(user["id"].as_str().unwrap()).await;
    let made = events.iter().find(|event| event.kind == EventKind::UserRegistered).unwrap();
    assert_eq!(made.about.as_deref(), Some("directory"));
    let token = again["access_token"].as_str().unwrap();
    let renewed = json!({"password": IN_THE_DIRECTORY});
    app.post("/auth/reauthenticate").bearer(token).json(&renewed).send().await.expect(StatusCode::OK);
    let token = app.token("ada", IN_THE_DIRECTORY).await;
    let wrong = json!({"password": PASSWORD});
    let answer = app.post("/auth/reauthenticate").bearer(&token).json(&wrong).send().await;
    answer.expect_problem(403, "invalid_password");
}

async fn a_user_of_a_directory_waits_where_everyone_does(db: TestDb) {
    let (app, _) = with_directory(db, |config| {
        config.registration = "approval".parse().unwrap();
        config.require_verified_email = true;
    })
    .await;
    app.login("ada", IN_THE_DIRECTORY).await.expect_problem(401, "invalid_credentials");
    let accounts = app.portcullis.accounts();
    let ada = accounts.get_user_by_name_or_mail("ada").await.unwrap().unwrap();
    assert!(ada.pending);
    accounts.enable_user(ada.user.id, &Device::default()).await.unwrap();
    app.login("ada", IN_THE_DIRECTORY).await.expect(StatusCode::OK);

    app.login("unsure", IN_THE_DIRECTORY).await.expect_problem(401, "invalid_credentials");
    let unsure = accounts.get_user_by_name_or_mail("unsure").await.unwrap().unwrap();
    accounts.enable_user(unsure.user.id, &Device::default()).await.unwrap();
    app.login("unsure", IN_THE_DIRECTORY).await.expect_problem(401, "invalid_credentials");
    let token = mailed::token(&app, "unsure@corp.example", MailKind::VerifyEmail).await;
    app.post("/auth/verify-email").json(&json!({"token": token})).send().await.expect(StatusCode::OK);
    app.login("unsure", IN_THE_DIRECTORY).await.expect(StatusCode::OK);
}

async fn a_directory_takes_no_account_over(db: TestDb) {
    let (app, directory) = with_directory(db, |_| ()).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.login("ada", IN_THE_DIRECTORY).await.expect_problem(401, "invalid_credentials");
    assert_eq!(directory.asked.load(SeqCst), 0, "it is not told the passwords of those who have one here");
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
    // By a name that is nobody's here, the directory knows someone whose address somebody has.
    app.register("eve", "bob@corp.example").await.expect(StatusCode::CREATED);
    app.login("bob", IN_THE_DIRECTORY).await.expect_problem(401, "invalid_credentials");
    app.login("admin", IN_THE_DIRECTORY).await.expect_problem(401, "invalid_credentials");
    assert_eq!(app.db.count("users").await, 2);
}

async fn lg_1_a_directory_that_does_not_know_someone_is_like_a_wrong_password(db: TestDb) {
    let (app, _) = with_directory(db, |_| ()).await;
    app.login("ada", IN_THE_DIRECTORY).await.expect(StatusCode::OK);
    let accounts = app.portcullis.accounts();
    let before = accounts.hashes_computed();
    let wrong = app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let unknown = app.login("nobody", PASSWORD).await.expect_problem(401, "invalid_credentials");
    assert_eq!((wrong.status, &wrong.bytes), (unknown.status, &unknown.bytes));
    assert_eq!(comparable_headers(&wrong.headers), comparable_headers(&unknown.headers));
    assert_eq!(accounts.hashes_computed() - before, 2);
}

async fn a_directory_is_asked_only_while_an_attempt_is_left(db: TestDb) {
    let (app, directory) = with_directory(db, |_| ()).await;
    for _ in 0..5 {
        app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    }
    assert_eq!(directory.asked.load(SeqCst), 5);
    app.login("ada", IN_THE_DIRECTORY).await.expect_problem(429, "too_many_attempts");
    app.login("ADA", IN_THE_DIRECTORY).await.expect_problem(429, "too_many_attempts");
    // What is no name here could be any number of names of one user there.
    for variant in ["CORP\\ada", "ada/1", " ada,dc=corp", ""] {
        app.login(variant, IN_THE_DIRECTORY).await.expect_problem(401, "invalid_credentials");
    }
    assert_eq!(directory.asked.load(SeqCst), 5);
}

async fn a_directory_that_is_down_stops_nobody_who_has_a_password_here(db: TestDb) {
    let (app, directory) = with_directory(db, |_| ()).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    directory.down.store(true, SeqCst);
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
    for _ in 0..20 {
        let answer = app.login("bob", IN_THE_DIRECTORY).await.expect_problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    directory.down.store(false, SeqCst);
    directory.stuck.store(true, SeqCst);
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
    app.login("bob", IN_THE_DIRECTORY).await.expect_problem(503, "unavailable");
    directory.stuck.store(false, SeqCst);
    app.login("bob", IN_THE_DIRECTORY).await.expect(StatusCode::OK);
}

async fn a_user_of_a_directory_has_no_password_here(db: TestDb) {
    let (app, _) = with_directory(db, |_| ()).await;
    let token = app.token("ada", IN_THE_DIRECTORY).await;
    mailed::forget(&app, "ada@corp.example").await;
    app.portcullis.accounts().deliver_mail().await.unwrap();
    let reset = mailed::kinds(&app, "ada@corp.example").await;
    assert!(!reset.contains(&MailKind::ResetPassword), "{reset:?}");
    for body in [json!({"old_password": IN_THE_DIRECTORY, "new_password": PASSWORD}), json!({"new_password": PASSWORD})]
    {
        let answer = app.post("/auth/change-password").bearer(&token).json(&body).send().await;
        let answer = answer.expect_problem(422, "invalid_fields");
        assert_eq!(answer.field_errors(), ["new_password: password_elsewhere"]);
    }
    let ada = app.portcullis.accounts().get_user_by_name_or_mail("ada").await.unwrap().unwrap().user.id;
    let (root, _) = admin(&app, "root1").await;
    let path = format!("/auth/admin/users/{ada}/reset-password");
    let answer = app.post(&path).bearer(&root).json(&json!({"new_password": PASSWORD})).send().await;
    let answer = answer.expect_problem(422, "invalid_fields");
    assert_eq!(answer.field_errors(), ["new_password: password_elsewhere"]);
    // Even where one got there, it opens nothing.
    app.register("eve", "eve@example.com").await.expect(StatusCode::CREATED);
    let copied = "(SELECT password_hash FROM users WHERE username_key = 'eve')";
    app.db.execute(format!("UPDATE users SET password_hash = {copied} WHERE username_key = 'ada'")).await;
    app.login("eve", PASSWORD).await.expect(StatusCode::OK);
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
}

async fn se_2_a_user_of_a_directory_is_asked_for_their_second_factor(db: TestDb) {
    let (app, _) = with_directory(db, |_| ()).await;
    let token = app.token("ada", IN_THE_DIRECTORY).await;
    app.enrol(&token).await;
    app.login("ada", IN_THE_DIRECTORY).await.expect_problem(403, "second_factor_required");
    app.db.disable_user("ada").await;
    app.login("ada", IN_THE_DIRECTORY).await.expect_problem(401, "invalid_credentials");
}

async fn a_user_of_a_directory_can_remove_their_last_passkey(db: TestDb) {
    let (app, _) = with_directory(db, |_| ()).await;
    let token = app.token("ada", IN_THE_DIRECTORY).await;
    let mut key = Key::passkey();
    let added = app.add_key(&token, "passkey", &mut key).await;
    app.login("ada", IN_THE_DIRECTORY).await.expect_problem(403, "second_factor_required");
    let token = token_of(&app.passkey_login(&mut key).await.expect(StatusCode::OK));
    let path = format!("/auth/webauthn/credentials/{}", added["id"].as_str().unwrap());
    app.request(Method::DELETE, &path).bearer(&token).send().await.expect(StatusCode::NO_CONTENT);
    app.login("ada", IN_THE_DIRECTORY).await.expect(StatusCode::OK);
}

async fn a_role_taken_from_a_user_of_a_directory_is_gone_at_the_next_request(db: TestDb) {
    let (app, _) = with_directory(db, |_| ()).await;
    let ada = app.login("ada", IN_THE_DIRECTORY).await.expect(StatusCode::OK).body["user"]["id"].clone();
    app.db.give_role("ada", "admin").await;
    let token = app.token("ada", IN_THE_DIRECTORY).await;
    app.get("/auth/admin/users").bearer(&token).send().await.expect(StatusCode::OK);
    let (root, _) = admin(&app, "root1").await;
    let path = format!("/auth/admin/users/{}/roles", ada.as_str().unwrap());
    app.request(Method::PUT, &path).bearer(&root).json(&json!({"roles": []})).send().await.expect(StatusCode::OK);
    app.get("/auth/admin/users").bearer(&token).send().await.expect_problem(401, "invalid_token");
    let token = app.token("ada", IN_THE_DIRECTORY).await;
    app.get("/auth/admin/users").bearer(&token).send().await.expect_problem(403, "insufficient_scope");
}

async fn of_8_first_logins_in_a_race_one_makes_the_account(db: TestDb) {
    let (app, _) = with_directory(db, |config| config.insecure_no_limits = true).await;
    let logins = (0..8).map(|_| app.login("ada", IN_THE_DIRECTORY));
    for answer in futures_util::future::join_all(logins).await {
        answer.expect(StatusCode::OK);
    }
    assert_eq!(app.db.count("users").await, 1);
}

async fn whoever_is_vouched_for_comes_in_without_a_password(db: TestDb) {
    let app = TestApp::new(db).await;
    let accounts = app.portcullis.accounts();
    let ada = || ExternalUser::parse("uid-1", "ada", "ada@corp.example").unwrap();
    let login = async |user| accounts.login_external("proxy", user, false, &Device::default()).await;
    let first = login(ada()).await.unwrap();
    let named = ExternalUser::parse("uid-1", "renamed", "other@corp.example").unwrap().shown_by("kerberos mfa");
    let again = login(named).await.unwrap();
    assert_eq!((again.user.id, again.user.username.as_str()), (first.user.id, "ada"));
    assert_eq!(again.session.amr, ["kerberos", "mfa"]);
    let other = accounts.login_external("another", ada(), false, &Device::default()).await;
    assert_eq!(other.unwrap_err().code(), "invalid_credentials", "the name is another's");
    app.login("ada", "").await.expect_problem(401, "invalid_credentials");
    accounts.disable_user(first.user.id, &Device::default()).await.unwrap();
    assert_eq!(login(ada()).await.unwrap_err().code(), "invalid_credentials");
    for (subject, username, email) in [
        ("", "bob", "bob@corp.example"),
        ("b\n", "bob", "bob@corp.example"),
        ("b", "root", "b@c.example"),
        ("b", "bob", "b"),
    ] {
        assert_eq!(ExternalUser::parse(subject, username, email), None);
    }
}

async fn the_answer_of_a_login_has_what_the_service_adds(db: TestDb) {
    let resources = BTreeMap::from([("notes".to_owned(), "https://notes.example/api".to_owned())]);
    let builder = Portcullis::builder().login_data(Arc::new(Home));
    let app = TestApp::built(builder, db, |config| config.resources = resources).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let answer = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    assert_eq!(answer["resources"], json!({"notes": "https://notes.example/api"}));
    assert_eq!(answer["data"], json!({"home": "/~ada"}));
    let refreshed = json!({"refresh_token": answer["refresh_token"]});
    let refreshed = app.post("/auth/refresh").json(&refreshed).send().await.expect(StatusCode::OK).body;
    assert_eq!((&refreshed["resources"], &refreshed["data"]), (&Value::Null, &Value::Null), "a refresh is no login");
    let plain = app.reopened(|_| ()).await.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    assert!(!plain.as_object().unwrap().contains_key("data") && !plain.as_object().unwrap().contains_key("resources"));
}

#[tokio::test]
async fn every_backend_has_a_name_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("names.db").display());
    let named = |names: &[&'static str]| {
        let builder = Portcullis::builder().database(&url).master_key(SealingKey::generate().unwrap());
        let builder = builder.public_url("https://id.example").mail_transport(Arc::new(Mailbox::new()));
        names.iter().fold(builder, |builder, name| builder.credential_backend(Arc::new(Named(name)))).build()
    };
    for names in [&["", "b"][..], &["a", "a"], &["a\nb"]] {
        assert!(matches!(named(names).await, Err(BuildError::Backend(_))), "{names:?}");
    }
    named(&["a", "b"]).await.unwrap();
}
