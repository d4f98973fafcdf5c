use std::io;

use axum::http::StatusCode;
use portcullis::{
    account::UserRecord,
    audit::EventKind,
    clock::Timestamp,
    import::{ImportReport, SkipReason},
    session::Device,
};
use serde_json::{Value, json};

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
};

both![
    users_of_django_log_in_with_their_old_passwords_and_are_argon2id_afterwards,
    users_with_bcrypt_log_in_with_their_old_passwords_and_are_argon2id_afterwards,
    in_a_file_of_one_line_the_number_tells_who_was_skipped,
    a_dry_run_tells_the_same_and_writes_nothing,
    nobody_who_is_there_is_changed,
    what_a_hostile_file_holds_is_skipped_with_its_reason,
    a_file_that_breaks_off_leaves_what_came_before,
    an_export_makes_the_same_users_elsewhere,
    an_import_of_many_is_written_in_batches,
];

/// Seven users and a group, as Django 5.2.19 wrote them with `dumpdata auth.group auth.user --indent 2`.
const DJANGO: &str = include_str!("import/django.json");

/// The password of each of them, and of the hash below.
const OLD: &str = "correct horse bättery staple";

/// Made by Python's bcrypt 4.3.0.
const BCRYPT: &str = "$2b$05$BNL/vTISB1IncVOsUm7lDO6h/UOacSyWsKCux9jswYVRJqVR/x2GK";

async fn import(app: &TestApp, file: &[u8]) -> ImportReport {
    app.portcullis.accounts().import(file, false, &Device::default()).await.unwrap()
}

async fn record(app: &TestApp, name: &str) -> UserRecord {
    app.portcullis.accounts().get_user_by_name_or_mail(name).await.unwrap().unwrap()
}

fn told(report: &ImportReport) -> Vec<String> {
    report.skipped.iter().map(ToString::to_string).collect()
}

/// A file of so many users.
fn users(count: u32) -> String {
    let user = |n| json!({"username": format!("user{n}"), "email": format!("user{n}@example.org")}).to_string();
    (0..count).map(user).collect::<Vec<_>>().join("\n")
}

async fn users_of_django_log_in_with_their_old_passwords_and_are_argon2id_afterwards(db: TestDb) {
    let app = TestApp::new(db).await;
    let report = import(&app, DJANGO.as_bytes()).await;
    assert_eq!((report.imported, report.passed_over), (5, 1));
    assert_eq!(
        told(&report),
        ["line 100, record 7: `username` is not valid", "line 118, record 8 (nomail): `email` is not valid"]
    );

    let ada = record(&app, "ADA").await.user;
    assert_eq!((ada.email.as_str(), ada.name.as_str()), ("ada@example.org", "Ada Lovelace"));
    assert_eq!(ada.created_at, Timestamp::from_millis(1_557_126_489_123));
    // Whoever was a superuser there is nobody special here, and Django never confirmed an address.
    assert_eq!((ada.roles, ada.email_verified_at), (vec![], None));

    for (name, kind) in [("ada", "pbkdf2_sha256$"), ("barbara", "$argon2id$v=19$m=102400"), ("carol", "scrypt$")] {
        assert!(app.db.password_hash(name).await.starts_with(kind), "{name}");
        app.login(name, PASSWORD).await.expect_problem(401, "invalid_credentials");
        app.login(name, OLD).await.expect(StatusCode::OK);
        assert!(app.db.password_hash(name).await.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{name}");
        app.login(name, OLD).await.expect(StatusCode::OK);
    }
    let trail = app.events_of(&ada.id.to_string()).await;
    let trail: Vec<_> = trail.iter().map(|event| event.kind).collect();
    let (imported, failed, came, renewed) =
        (EventKind::UserImported, EventKind::LoginFailed, EventKind::LoginSucceeded, EventKind::PasswordRehashed);
    assert_eq!(trail, [came, renewed, came, failed, imported]);

    // Grace is not active, and Dora has no password.
    app.login("grace.hopper", OLD).await.expect_problem(401, "invalid_credentials");
    app.login("dora", "!UiLHqR7kAABW1WxTrCOYQUbym1H7gel9y5QkrTeV").await.expect_problem(401, "invalid_credentials");
}

async fn users_with_bcrypt_log_in_with_their_old_passwords_and_are_argon2id_afterwards(db: TestDb) {
    let app = TestApp::new(db).await;
    let file = json!({
        "username": "ada", "email": "ada@example.org", "email_verified": true, "name": "Ada", "password_hash": BCRYPT,
        "roles": ["admin", "notes-7-owner"], "created_at": "2019-05-06T07:08:09Z",
    });
    assert_eq!(import(&app, file.to_string().as_bytes()).await.imported, 1);
    let before = app.portcullis.accounts().hashes_computed();
    app.login("ada", "wrong").await.expect_problem(401, "invalid_credentials");
    assert_eq!(app.portcullis.accounts().hashes_computed() - before, 1);
    let user = app.login("ada", OLD).await.expect(StatusCode::OK).body["user"].clone();
    assert_eq!((&user["roles"], &user["email_verified"]), (&json!(["admin", "notes-7-owner"]), &json!(true)));
    assert!(app.db.password_hash("ada").await.starts_with("$argon2id$"));
    app.login("ada", OLD).await.expect(StatusCode::OK);
}

async fn in_a_file_of_one_line_the_number_tells_who_was_skipped(db: TestDb) {
    let app = TestApp::new(db).await;
    let users = json!([
        {"username": "ada", "email": "ada@example.org"},
        {"username": "ada", "email": "other@example.org"},
        {"username": "b", "email": "b@example.org"},
    ]);
    let report = import(&app, users.to_string().as_bytes()).await;
    let expected = [
        "line 1, record 2 (ada): its user name or address is that of record 1",
        "line 1, record 3: `username` is not valid",
    ];
    assert_eq!(told(&report), expected);
}

async fn a_dry_run_tells_the_same_and_writes_nothing(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("carol", "carol@example.com").await.expect(StatusCode::CREATED);
    let rows = app.db.count_rows().await;
    let dry = app.portcullis.accounts().import(DJANGO.as_bytes(), true, &Device::default()).await.unwrap();
    assert_eq!((dry.dry_run, dry.imported, app.db.count("users").await), (true, 4, 1));
    assert_eq!(app.db.count_rows().await, rows);
    let report = import(&app, DJANGO.as_bytes()).await;
    assert_eq!(report, ImportReport { dry_run: false, ..dry });
    assert_eq!(app.db.count("users").await, 5);
}

async fn nobody_who_is_there_is_changed(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let before = record(&app, "ada").await;
    let file = format!(
        "{}\n{}\n{}\n",
        json!({"username": "ADA", "email": "new@example.org", "password_hash": BCRYPT}),
        json!({"username": "new", "email": "ADA@example.com", "password_hash": BCRYPT}),
        json!({"username": "other", "email": "other@example.org", "id": before.user.id.to_string()}),
    );
    for _ in 0..2 {
        let report = import(&app, file.as_bytes()).await;
        let expected = [
            "line 1 (ADA): the user name is taken",
            "line 2 (new): the e-mail address is taken",
            "line 3 (other): the id is taken",
        ];
        assert_eq!((report.imported, told(&report)), (0, expected.map(str::to_owned).to_vec()));
    }
    let after = record(&app, "ada").await;
    assert_eq!((after.user, after.password), (before.user, before.password));
    app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
}

async fn what_a_hostile_file_holds_is_skipped_with_its_reason(db: TestDb) {
    let app = TestApp::new(db).await;
    let with = |field: &str, value: Value| {
        let mut user = json!({"username": "mallory", "email": "mallory@example.org"});
        user[field] = value;
        user.to_string().into_bytes()
    };
    let costly = BCRYPT.replace("$05$", "$31$");
    let huge = with("name", json!("x".repeat(1 << 20)));
    let deep = "[".repeat(100_000).into_bytes();
    let lines: Vec<(Vec<u8>, SkipReason)> = vec![
        (huge, SkipReason::TooLong),
        (b"{\"username\": \"\xff\xfe\"}".to_vec(), SkipReason::NotUtf8),
        (b"{\"username\": \"ada".to_vec(), SkipReason::NotJson),
        (b"\0".to_vec(), SkipReason::NotJson),
        (format!("{{\"a\": {}", String::from_utf8(deep).unwrap()).into_bytes(), SkipReason::TooLong),
        (format!("{{\"a\": {}", "[".repeat(1000)).into_bytes(), SkipReason::NotJson),
        (b"7".to_vec(), SkipReason::NotAnObject),
        (b"{}".to_vec(), SkipReason::Missing("username")),
        (with("email", json!(null)), SkipReason::Missing("email")),
        (with("username", json!(["mallory"])), SkipReason::WrongType("username")),
        (with("username", json!("mal\0lory")), SkipReason::Invalid("username")),
        (with("email", json!("a@b.example,c@d.example")), SkipReason::Invalid("email")),
        (with("email", json!("a@b.example\r\nBcc: c@d.example")), SkipReason::Invalid("email")),
        (with("name", json!("Mal\0lory")), SkipReason::Invalid("name")),
        (with("roles", json!("admin")), SkipReason::WrongType("roles")),
        (with("roles", json!(["staff\nadmin"])), SkipReason::Invalid("roles")),
        (with("roles", json!([""])), SkipReason::Invalid("roles")),
        (with("disabled", json!("no")), SkipReason::WrongType("disabled")),
        (with("created_at", json!("yesterday")), SkipReason::Invalid("created_at")),
        (with("created_at", json!("9999-99-99T99:99:99Z")), SkipReason::Invalid("created_at")),
        (with("id", json!("7")), SkipReason::Invalid("id")),
        (with("id", json!("00000000-0000-0000-0000-000000000000")), SkipReason::Invalid("id")),
        (with("password_hash", json!(costly)), SkipReason::CostlyHash),
        (
            with(
                "password_hash",
                json!("$argon2id$v=19$m=4194304,t=9,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"),
            ),
            SkipReason::CostlyHash,
        ),
        (with("password_hash", json!("$1$salt$qJH7.N4xYta3aEG/dfqo/0")), SkipReason::UnknownHash),
        (with("password_hash", json!(format!("{BCRYPT}\0"))), SkipReason::UnknownHash),
        (with("password_hash", json!("correct horse battery staple")), SkipReason::UnknownHash),
    ];
    let mut file = Vec::new();
    for (line, _) in &lines {
        file.extend_from_slice(line);
        file.push(b'\n');
    }
    let twice = [with("name", json!("One")), with("name", json!("Other")), with("username", json!("MALLORY"))];
    file.extend_from_slice(&twice.join(&b'\n'));

    let report = import(&app, &file).await;
    let first = lines.len() as u64 + 1;
    let mut expected: Vec<_> = (1..).zip(lines.iter().map(|(_, reason)| *reason)).collect();
    expected.extend([(first + 1, SkipReason::Repeats(first)), (first + 2, SkipReason::Repeats(first))]);
    let found: Vec<_> = report.skipped.iter().map(|skipped| (skipped.line, skipped.reason)).collect();
    assert_eq!((report.imported, found), (1, expected));
    assert_eq!(record(&app, "mallory").await.user.name, "One");
    // No report quotes a hash, or a name that could mean something to a terminal.
    let told = serde_json::to_string(&report).unwrap() + &told(&report).concat();
    assert!(
        !told.contains("$2b$") && !told.contains("nf65EOgLrQMR") && !told.contains('\0') && !told.contains("\\u0000")
    );
}

async fn a_file_that_breaks_off_leaves_what_came_before(db: TestDb) {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let app = TestApp::new(db).await;
    let lines = users(700);
    let file = io::BufReader::new(io::Read::chain(lines.as_bytes(), Broken));
    let stopped = app.portcullis.accounts().import(file, false, &Device::default()).await.unwrap_err();
    assert_eq!(stopped.report.imported, u64::try_from(app.db.count("users").await).unwrap());
    assert!(stopped.report.imported >= 500 && stopped.to_string().contains("stopped after"));
    let again = import(&app, lines.as_bytes()).await;
    assert_eq!(again.imported + stopped.report.imported, 700);
}

async fn an_export_makes_the_same_users_elsewhere(db: TestDb) {
    let (app, elsewhere) = (TestApp::new(db).await, TestApp::new(TestDb::sqlite().await).await);
    import(&app, DJANGO.as_bytes()).await;
    let told = json!({
        "username": "full", "email": "full@BÜCHER.example", "email_verified_at": "2020-01-02T03:04:05.678Z",
        "name": "Fülle", "password_hash": BCRYPT, "must_change_password": true, "roles": ["admin", "two words"],
        "disabled_at": "2021-01-02T03:04:05Z", "created_at": "2019-01-02T03:04:05.006Z",
    });
    assert_eq!(import(&app, told.to_string().as_bytes()).await.imported, 1);
    app.user("ours").await;

    let mut file = Vec::new();
    assert_eq!(app.portcullis.accounts().export(&mut file, &Device::default()).await.unwrap(), 7);
    let report = import(&elsewhere, &file).await;
    assert_eq!((report.imported, report.skipped), (7, vec![]));
    for name in ["ada", "grace.hopper", "barbara", "carol", "dora", "full", "ours"] {
        let (here, there) = (record(&app, name).await, record(&elsewhere, name).await);
        assert_eq!((&here.user, here.password), (&there.user, there.password), "{name}");
        assert_eq!(here.must_change_password, there.must_change_password);
    }
    assert!(record(&elsewhere, "full").await.must_change_password);
    elsewhere.login("ours", PASSWORD).await.expect(StatusCode::OK);
    elsewhere.login("ada", OLD).await.expect(StatusCode::OK);

    let mut again = Vec::new();
    let nobody = TestApp::new(TestDb::sqlite().await).await;
    import(&nobody, &file).await;
    nobody.portcullis.accounts().export(&mut again, &Device::default()).await.unwrap();
    assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(file).unwrap());
}

async fn an_import_of_many_is_written_in_batches(db: TestDb) {
    let app = TestApp::new(db).await;
    let lines = users(1050);
    assert_eq!(import(&app, lines.as_bytes()).await.imported, 1050);
    let mut file = Vec::new();
    assert_eq!(app.portcullis.accounts().export(&mut file, &Device::default()).await.unwrap(), 1050);
    assert_eq!(file.split(|byte| *byte == b'\n').count(), 1051);
}
