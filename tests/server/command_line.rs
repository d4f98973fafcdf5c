//! The commands beside `serve`.

use std::{
    fs,
    process::{Command, Stdio},
};

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};
use tempfile::tempdir;

use crate::{
    client::{get_as, login, register, token},
    db::TestDb,
    mail::mails,
    process::{Server, run},
};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_user_is_added_with_a_password_from_standard_input() {
    let folder = tempdir().unwrap();
    let password = " with spaces around ";
    let arguments = ["user", "add", "root", "root@example.org", "--admin", "--password-stdin", "--json"];
    let added = run(folder.path(), &arguments, &format!("{password}\n"));
    assert!(added.status.success(), "{}", text(&added.stderr));
    let user: Value = serde_json::from_slice(&added.stdout).unwrap();
    assert_eq!((&user["username"], &user["roles"]), (&json!("root"), &json!(["admin"])));

    let server = Server::start(folder.path(), &[]);
    let me = get_as(server.address, "/auth/me", &token(server.address, "root", password));
    assert_eq!((&me.json()["id"], &me.json()["roles"]), (&user["id"], &json!(["admin"])));

    let again = run(folder.path(), &arguments, &format!("{password}\n"));
    assert!(!again.status.success());
    assert_eq!(text(&again.stderr).trim(), "the user name is taken");
}

#[test]
fn a_user_that_cannot_be_is_refused_in_words() {
    let folder = tempdir().unwrap();
    let short = run(folder.path(), &["user", "add", "a b", "nowhere", "--password-stdin"], "short\n");
    assert!(!short.status.success());
    let said = text(&short.stderr);
    for words in ["3 to 32 ASCII letters", "not an e-mail address", "at least 10 characters"] {
        assert!(said.contains(words), "{said}");
    }
    let common = run(folder.path(), &["user", "add", "ada", "ada@example.org", "--password-stdin"], "Password123\n");
    assert_eq!(text(&common.stderr).trim(), "the password is one that many would try first");
    let arguments = ["user", "add", "ada", "ada@example.org", "--password-stdin", "--password-preset", "nist"];
    let short_for_nist = run(folder.path(), &arguments, "seven quiet ge\n");
    assert!(text(&short_for_nist.stderr).contains("at least 15 characters"));
    let no_terminal = run(folder.path(), &["user", "add", "ada", "ada@example.org"], "correct horse battery staple\n");
    assert!(text(&no_terminal.stderr).contains("--password-stdin"));
    let argument = run(folder.path(), &["user", "add", "ada", "ada@example.org", "--password", "x"], "");
    assert!(text(&argument.stderr).contains("unexpected argument"));
}

#[test]
fn a_command_given_where_no_accounts_are_says_that_it_makes_them() {
    let folder = tempdir().unwrap();
    let listed = run(folder.path(), &["user", "list"], "");
    assert!(listed.status.success() && text(&listed.stderr).contains("made the data folder"), "{listed:?}");
    let again = run(folder.path(), &["user", "list"], "");
    assert!(again.status.success() && again.stderr.is_empty(), "{again:?}");
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    let output = command.arg("openapi").stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn roles_are_made_given_and_taken_and_an_account_is_shut() {
    let folder = tempdir().unwrap();
    let password = "correct horse battery staple";
    let json = |arguments: &[&str]| -> Value {
        let output = run(folder.path(), &[arguments, &["--json"]].concat(), &format!("{password}\n"));
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let refused = |arguments: &[&str]| {
        let output = run(folder.path(), arguments, "");
        assert!(!output.status.success(), "{arguments:?}");
        text(&output.stderr).trim().to_owned()
    };
    json(&["user", "add", "ada", "ada@example.org", "--password-stdin"]);
    json(&["role", "set", "reader", "notes:read", "notes:list"]);
    let roles = json(&["role", "list"]);
    let names: Vec<_> = roles["roles"].as_array().unwrap().iter().map(|role| &role["name"]).collect();
    assert_eq!(names, ["admin", "reader"]);
    assert_eq!(roles["roles"][1]["scopes"], json!(["notes:list", "notes:read"]));
    assert_eq!(json(&["user", "roles", "ADA", "reader", "admin"])["roles"], json!(["admin", "reader"]));
    json(&["role", "delete", "reader"]);
    assert_eq!(refused(&["user", "roles", "ada"]), "this is the last administrator");
    json(&["user", "add", "root", "root@example.org", "--admin", "--password-stdin"]);
    assert_eq!(json(&["user", "roles", "ada@example.org"])["roles"], json!([]));

    assert_eq!(json(&["user", "disable", "ada"])["disabled"], true);
    let server = Server::start(folder.path(), &[]);
    assert_eq!(login(server.address, "ada", password).code(), "invalid_credentials");
    assert_eq!(json(&["user", "enable", "ada"])["disabled"], false);
    assert_eq!(login(server.address, "ada", password).status, 200);

    assert_eq!(refused(&["user", "disable", "nobody"]), "there is no user `nobody`");
    assert!(refused(&["user", "roles", "ada", "reader"]).contains("does not exist"));
    assert!(refused(&["role", "set", "two words"]).contains("cannot be a role"));
    assert!(refused(&["role", "set", "x", "two words"]).contains("not a scope"));
    assert_eq!(refused(&["role", "delete", "admin"]), "the role `admin` is built in");
    assert_eq!(refused(&["role", "delete", "reader"]), "there is no role `reader`");
}

#[tokio::test]
async fn a_password_that_is_kept_elsewhere_is_not_set_here() {
    let folder = tempdir().unwrap();
    let password = "correct horse battery staple";
    let added = run(folder.path(), &["user", "add", "ada", "ada@example.org", "--password-stdin"], password);
    assert!(added.status.success(), "{}", text(&added.stderr));
    let file = folder.path().join("portcullis-data/portcullis.db");
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let known = "INSERT INTO external_users (user_id, backend, subject) SELECT id, 'directory', 'uid=1' FROM users";
    sqlx::query(known).execute(&mut connection).await.unwrap();
    drop(connection);
    let refused = run(folder.path(), &["user", "reset-password", "ada", "--password-stdin"], password);
    assert!(text(&refused.stderr).contains("the password is kept elsewhere"), "{}", text(&refused.stderr));
    let listed = run(folder.path(), &["user", "list"], "");
    assert!(text(&listed.stdout).contains("known to `directory`"), "{}", text(&listed.stdout));
    let shown = run(folder.path(), &["user", "show", "ada", "--json"], "");
    assert_eq!(serde_json::from_slice::<Value>(&shown.stdout).unwrap()["backend"], "directory");
}

#[test]
fn members_are_let_in_and_out() {
    let folder = tempdir().unwrap();
    let password = "correct horse battery staple";
    let levels = ["--membership-levels", "reader,writer"];
    let member = |arguments: &[&str]| run(folder.path(), &[&["member"], arguments, &["--json"], &levels].concat(), "");
    let json = |arguments: &[&str]| -> Value {
        let output = member(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let added = run(folder.path(), &["user", "add", "ada", "ada@example.org", "--password-stdin"], password);
    assert!(added.status.success(), "{}", text(&added.stderr));
    let server = Server::start(folder.path(), &levels);
    let groups = || {
        let answer = get_as(server.address, "/auth/verify", &token(server.address, "ada", password));
        answer.header("remote-groups").unwrap().to_owned()
    };
    assert_eq!(json(&["set", "list", "42", "ADA", "writer"])["level"], "writer");
    assert_eq!(groups(), "list-42-reader,list-42-writer");
    json(&["set", "list", "42", "ada@example.org", "reader"]);
    json(&["set", "list", "7", "ada", "reader"]);
    let listed = json(&["list", "ada"])["memberships"].take();
    let of = |id| json!({"resource": "list", "resource_id": id, "level": "reader"});
    assert_eq!(listed, json!([of("42"), of("7")]));
    json(&["end", "list", "42", "ada"]);
    assert_eq!(groups(), "list-7-reader");
    for (arguments, said) in [
        (&["set", "list", "42", "ada", "manager"][..], "one of reader,writer"),
        (&["set", "a-list", "42", "ada", "reader"], "cannot be a membership"),
        (&["set", "list", "42", "bob", "reader"], "there is no user `bob`"),
        (&["end", "list", "42", "ada"], "`ada` is no member of list 42"),
    ] {
        let refused = member(arguments);
        assert!(!refused.status.success() && text(&refused.stderr).contains(said), "{}", text(&refused.stderr));
    }
}

#[test]
fn lo_1_the_trail_is_printed() {
    let folder = tempdir().unwrap();
    let password = "correct horse battery staple\n";
    let run = |arguments: &[&str]| run(folder.path(), arguments, password);
    assert!(run(&["user", "add", "ada", "ada@example.org", "--password-stdin"]).status.success());
    assert!(run(&["user", "disable", "ada"]).status.success());
    assert!(run(&["role", "set", "reader", "notes:read"]).status.success());

    let printed = run(&["events"]);
    let lines: Vec<_> = text(&printed.stdout).lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].ends_with("Z role_changed about=\"reader: notes:read\""), "{lines:?}");
    assert!(lines[1].contains(" user_disabled user=") && lines[2].contains(" user_registered user="), "{lines:?}");
    let events: Value = serde_json::from_slice(&run(&["events", "--user", "ADA", "--json"]).stdout).unwrap();
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["user_disabled", "user_registered"]);
    let user = events["events"][0]["user"].as_str().unwrap();
    let one = run(&["events", "--user", user, "--kind", "user_registered", "--limit", "1"]);
    assert_eq!(text(&one.stdout).lines().count(), 1);
    for (arguments, error) in
        [(["--user", "nobody"], "there is no user `nobody`"), (["--kind", "x"], "`x` is no kind of event")]
    {
        let refused = run(&[&["events"], arguments.as_slice()].concat());
        assert!(!refused.status.success());
        assert_eq!(text(&refused.stderr).trim(), error);
    }
}

#[test]
fn the_operator_does_what_administrators_do() {
    let folder = tempdir().unwrap();
    let (password, other) = ("correct horse battery staple", "another horse, another battery");
    let run = |arguments: &[&str], input: &str| run(folder.path(), arguments, input);
    let json = |arguments: &[&str], input: &str| -> Value {
        let output = run(&[arguments, &["--json"]].concat(), input);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let names = |list: &Value| -> Vec<String> {
        list["users"].as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect()
    };
    json(&["user", "add", "root", "root@example.org", "--admin", "--password-stdin"], password);
    let server = Server::start(folder.path(), &["--registration", "approval", "--default-role", "member"]);
    register(server.address, "ada", password);
    assert_eq!(names(&json(&["user", "list"], "")), ["ada", "root"]);
    assert_eq!(names(&json(&["user", "list", "--pending"], "")), ["ada"]);
    assert_eq!(names(&json(&["user", "list", "ROOT@"], "")), ["root"]);
    let lines = run(&["user", "list"], "");
    assert!(
        text(&lines.stdout).contains("ada <ada@example.org> ") && text(&lines.stdout).contains("waits to be let in")
    );
    assert_eq!(login(server.address, "ada", password).code(), "invalid_credentials");
    json(&["user", "approve", "ada"], "");
    assert!(!run(&["user", "approve", "ada"], "").status.success());
    assert_eq!(login(server.address, "ada", password).status, 200);
    let shown = json(&["user", "show", "ada@example.org"], "");
    assert_eq!((&shown["roles"], &shown["pending"]), (&json!(["member"]), &json!(false)));

    // Also of an administrator, whom no other administrator may do that to.
    for name in ["ada", "root"] {
        json(&["user", "reset-password", name, "--password-stdin"], other);
        assert_eq!(login(server.address, name, password).code(), "invalid_credentials");
        assert_eq!(login(server.address, name, other).code(), "password_change_required");
        json(&["user", "reset-second-factor", name], "");
    }
    let weak = run(&["user", "reset-password", "ada", "--password-stdin"], "short\n");
    assert!(text(&weak.stderr).contains("at least 10 characters"));
    assert!(!run(&["user", "reset-password", "ada"], "").status.success());
    json(&["user", "delete", "ada"], "");
    assert_eq!(text(&run(&["user", "show", "ada"], "").stderr).trim(), "there is no user `ada`");
    assert_eq!(text(&run(&["user", "delete", "root"], "").stderr).trim(), "this is the last administrator");

    json(&["user", "add", "eve", "eve@example.org", "--invite"], "");
    let letters = mails(folder.path(), 1);
    assert!(
        letters.iter().any(|letter| letter.contains("eve@example.org") && letter.contains("/reset-password?token="))
    );
}

#[test]
fn an_unknown_setting_is_refused_by_name() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("portcullis.toml"), "# mine\npublic_uri = 'https://id.example'\n").unwrap();
    let refused = run(folder.path(), &[], "");
    assert!(!refused.status.success());
    let expected = "portcullis.toml:2: there is no setting `public_uri`; did you mean `public_url`?";
    assert_eq!(text(&refused.stderr).trim(), expected);
    assert!(!folder.path().join("portcullis-data").exists());

    let checked = run(folder.path(), &["config", "check", "--json"], "");
    assert!(!checked.status.success());
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(checked, json!({ "ok": false, "errors": [expected] }));
}

#[test]
fn the_settings_in_force_are_shown_with_where_they_come_from() {
    let folder = tempdir().unwrap();
    let file = "database_url = 'postgres://me:hidden@db.example/app'\nregistration = 'closed'\n";
    fs::write(folder.path().join("mine.toml"), file).unwrap();
    let shown = run(folder.path(), &["config", "show", "--json", "--config", "mine.toml", "--hash-threads", "3"], "");
    assert!(shown.status.success() && !text(&shown.stdout).contains("hidden"));
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let row = |key: &str| {
        let rows = shown["settings"].as_array().unwrap();
        let row = rows.iter().find(|row| row["key"] == key).unwrap();
        (row["value"].as_str().unwrap().to_owned(), row["source"].as_str().unwrap().to_owned())
    };
    assert_eq!(row("database_url"), ("postgres://me:***@db.example/app".to_owned(), "mine.toml:1".to_owned()));
    assert_eq!(row("registration"), ("closed".to_owned(), "mine.toml:2".to_owned()));
    assert_eq!(row("hash_threads"), ("3".to_owned(), "--hash-threads".to_owned()));
    assert_eq!(row("session_max"), ("7days".to_owned(), "default".to_owned()));
    assert!(run(folder.path(), &["config", "check"], "").status.success());
}

#[test]
fn migrating_makes_the_database_and_says_so() {
    let folder = tempdir().unwrap();
    for _ in 0..2 {
        let migrated = run(folder.path(), &["migrate", "--json"], "");
        assert_eq!(text(&migrated.stdout).trim(), r#"{"migrated":true}"#, "{}", text(&migrated.stderr));
    }
    assert!(folder.path().join("portcullis-data/portcullis.db").exists());
}

#[test]
fn what_is_insecure_is_said_at_every_start() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &["--insecure-http", "--insecure-no-limits"]);
    server.terminate();
    let (_, log) = server.ended();
    assert!(log.contains("insecure_http is on") && log.contains("insecure_no_limits is on"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_on_postgres_says_nothing_but_what_it_did() {
    let (folder, db) = (tempdir().unwrap(), TestDb::postgres().await);
    fs::create_dir(folder.path().join("portcullis-data")).unwrap();
    for _ in 0..2 {
        let set = run(folder.path(), &["role", "set", "reader", "notes:read", "--database-url", db.url()], "");
        assert_eq!(text(&set.stdout), "the role `reader` may do: notes:read\n");
        assert_eq!(text(&set.stderr), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn se_4_what_a_command_revokes_is_remembered_for_as_long_as_any_token_lives() {
    let folder = tempdir().unwrap();
    let server = Server::start(folder.path(), &["--access-token-ttl", "1h"]);
    register(server.address, "ada", "correct horse battery staple");
    // In a shell that knows nothing of the server's settings.
    assert!(run(folder.path(), &["user", "disable", "ada"], "").status.success());
    let file = folder.path().join("portcullis-data/portcullis.db");
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let lasts: i64 = sqlx::query_scalar("SELECT until - updated_at FROM revocations, users")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert!(lasts >= 24 * 60 * 60 * 1000, "{lasts} ms");
}
