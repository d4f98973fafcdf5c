//! Everything in a SQLite file is moved to PostgreSQL, and goes on there.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use portcullis::{
    Scopes,
    access::{Role, RoleName},
    account::UserId,
    mail::{MailKind, MailRequest, MailTo},
    secret::SealingKey,
    session::Device,
    store::{self, TransferError},
};
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    authenticator::Authenticator,
    cluster::text,
    db::TestDb,
};

/// What was in use when the service moved.
struct InUse {
    access: String,
    refresh: String,
    ended: String,
    key: String,
    authenticator: Authenticator,
    flow: String,
}

async fn live(app: &TestApp) -> InUse {
    let accounts = app.portcullis.accounts();
    let role = Role { name: RoleName::parse("reader").unwrap(), scopes: Scopes::parse("notes:read") };
    accounts.set_role(role, &Device::default()).await.unwrap();
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let login = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    let user = UserId::parse(&text(&login["user"], "id")).unwrap();
    accounts.set_user_roles(user, vec![RoleName::parse("reader").unwrap()], &Device::default()).await.unwrap();

    let login = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    let ended = text(&login, "access_token");
    let login = app.login("ada", PASSWORD).await.expect(StatusCode::OK).body;
    let (access, refresh) = (text(&login, "access_token"), text(&login, "refresh_token"));
    let key = json!({"name": "backup", "scopes": ["notes:read"]});
    let key = app.post("/auth/api-keys").bearer(&access).json(&key).send().await.expect(StatusCode::CREATED).body;
    app.post("/auth/logout").bearer(&ended).json(&json!({})).send().await.expect(StatusCode::NO_CONTENT);
    let authenticator = app.enrol(&access).await.authenticator;
    app.login("ada", "not the password").await.expect_problem(401, "invalid_credentials");
    let flow = app.flow_of("ada").await;

    let gone = app.user("eve").await;
    app.request(Method::DELETE, "/auth/me").bearer(&gone).send().await.expect(StatusCode::NO_CONTENT);
    app.set_up(&app.user("bob").await).await;
    app.mailbox.fail(Some(portcullis::mail::SendError::Temporary("down".to_owned())));
    let mail = MailRequest::new(MailKind::PasswordChanged, MailTo::User(user), app.now(), &Device::default());
    app.db.store.post_mail(&mail).await.unwrap();
    // All has been tried, and the app's own worker leaves the rows as they are.
    accounts.deliver_mail().await.unwrap();
    InUse { access, refresh, ended, key: text(&key, "key"), authenticator, flow }
}

async fn counts(db: &TestDb) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for table in db.tables().await {
        counts.insert(table.clone(), db.count(&table).await);
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_row_of_every_table_is_moved_and_life_goes_on() {
    everything_is_moved_to(TestDb::empty_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_row_of_every_table_is_moved_through_a_pooler() {
    everything_is_moved_to(TestDb::empty_pooled().await).await;
}

async fn everything_is_moved_to(target: TestDb) {
    let master_key = SealingKey::generate().unwrap();
    let clock = TestApp::clock();
    let one = TestApp::at(TestDb::sqlite().await, clock.clone(), master_key.clone(), |_| ()).await;
    let used = live(&one).await;
    for table in one.db.tables().await {
        if one.db.count(&table).await == 0 {
            one.db.make_row(&table).await;
        }
    }
    let (before, url) = (counts(&one.db).await, one.db.url().to_owned());
    assert!(before.values().all(|count| *count > 0), "{before:?}");

    let moved = store::transfer(&url, target.by()).await.unwrap();
    let told: BTreeMap<_, _> =
        moved.tables.iter().map(|table| (table.name.clone(), i64::try_from(table.rows).unwrap())).collect();
    assert_eq!((&told, &counts(&target).await), (&before, &before));
    assert_eq!(counts(&one.db).await, before, "the file stays as it is");

    let two = TestApp::at(target.shared().await, clock, master_key, |_| ()).await;
    two.get("/auth/me").bearer(&used.access).send().await.expect(StatusCode::OK);
    two.get("/auth/me").bearer(&used.ended).send().await.expect_problem(401, "invalid_token");
    let key = two.portcullis.accounts().api_access(&used.key).await.unwrap().unwrap();
    assert_eq!(key.scopes, Scopes::parse("notes:read"));
    let code = used.authenticator.next_code(&two);
    two.finish(&used.flow, "two_fa_code", &code).await.expect(StatusCode::OK);
    let refresh = json!({"refresh_token": used.refresh});
    two.post("/auth/refresh").json(&refresh).send().await.expect(StatusCode::OK);
    two.register("eve", "other@example.com").await.expect_problem(409, "username_taken");
    two.portcullis.accounts().deliver_mail().await.unwrap();
    assert!(two.mailbox.to("ada@example.com").iter().any(|mail| mail.kind() == MailKind::PasswordChanged));

    let again = store::transfer(&url, target.by()).await;
    assert!(matches!(again, Err(TransferError::NotEmpty(_))), "{again:?}");
}

/// A file with one user, and an empty server.
async fn one_user() -> (TestApp, TestDb) {
    let app = TestApp::new(TestDb::sqlite().await).await;
    app.user("ada").await;
    (app, TestDb::empty_postgres().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_does_not_arrive_as_it_was_is_not_kept() {
    let (app, target) = one_user().await;
    store::connect(target.url()).await.unwrap();
    for statement in [
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := 'spoilt'; RETURN NEW; END $$",
        "CREATE TRIGGER spoil BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION spoil()",
    ] {
        target.execute(statement.to_owned()).await;
    }
    let moved = store::transfer(app.db.url(), target.url()).await;
    assert!(matches!(&moved, Err(TransferError::Differs(table)) if table == "users"), "{moved:?}");
    assert_eq!(target.count("users").await + target.count("data_keys").await, 0);
    assert_eq!(target.count("revocation_journal").await, 1, "what it held is still there");
    target.execute("DROP TRIGGER spoil ON users".to_owned()).await;
    store::transfer(app.db.url(), target.url()).await.unwrap();
    assert_eq!(target.count("users").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_value_that_its_column_cannot_hold_is_told_by_its_table() {
    let (app, target) = one_user().await;
    for statement in ["DROP TRIGGER events_stay_as_they_are", "UPDATE events SET user_id = x'01'"] {
        app.db.execute(statement.to_owned()).await;
    }
    let moved = store::transfer(app.db.url(), target.url()).await;
    assert!(matches!(&moved, Err(TransferError::Table { table, .. }) if table == "events"), "{moved:?}");
    assert_eq!(target.count("users").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn schemas_that_are_not_the_same_are_refused() {
    let (app, target) = one_user().await;
    app.db.execute("CREATE TABLE newer (id BIGINT)".to_owned()).await;
    let moved = store::transfer(app.db.url(), target.url()).await;
    assert!(matches!(&moved, Err(TransferError::Schema(what)) if what.contains("newer.id")), "{moved:?}");
    app.db.execute("DROP TABLE newer".to_owned()).await;
    app.db.execute("DELETE FROM _sqlx_migrations WHERE version > 3".to_owned()).await;
    let moved = store::transfer(app.db.url(), target.url()).await;
    assert!(matches!(&moved, Err(TransferError::Version { file: 3, .. })), "{moved:?}");
    assert_eq!(target.count("users").await, 0);
}

#[tokio::test]
async fn urls_that_are_not_those_of_a_file_and_a_server_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = format!("sqlite:{}/nothing.db", folder.path().display());
    for (from, to) in [(missing.as_str(), "postgres://db.example/p"), ("postgres://db.example/p", "sqlite:a.db")] {
        let moved = store::transfer(from, to).await;
        assert!(matches!(moved, Err(TransferError::Url(_))), "{moved:?}");
    }
    assert!(!folder.path().join("nothing.db").exists());
}
