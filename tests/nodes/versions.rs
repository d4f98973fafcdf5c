//! Nodes that start at once, and nodes of two versions on one database.

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use portcullis::{mail::MailKind, store};
use serde_json::json;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::{
    app::{PASSWORD, TestApp},
    both_and_pooled,
    cluster::{Cluster, text},
    db::TestDb,
};

both_and_pooled![an_older_node_goes_on_beside_a_newer_one, an_older_node_passes_over_what_it_has_no_word_for,];

/// A word that only the next version has, wherever the database keeps words.
const NEWER: &str = "of_the_next_version";

const NODES: usize = 8;

/// Opens this database from many nodes at once, each with connections of its own.
async fn start_at_once(url: &str) {
    let start = Arc::new(Barrier::new(NODES));
    let nodes: Vec<_> = (0..NODES)
        .map(|_| {
            let (start, url) = (Arc::clone(&start), url.to_owned());
            tokio::spawn(async move {
                start.wait().await;
                store::connect(&url).await.map(drop)
            })
        })
        .collect();
    for node in nodes {
        node.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_nodes_race_to_start_on_an_empty_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/portcullis.db", folder.path().display());
    start_at_once(&url).await;
    let mut file = SqliteConnection::connect(&url).await.unwrap();
    each_migration_was_applied_once(
        sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations").fetch_one(&mut file).await.unwrap(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_nodes_race_to_start_through_a_pooler() {
    // It is there and migrated once; what is tried is that nobody trips over what another one has prepared.
    let db = TestDb::pooled().await;
    start_at_once(db.by()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_nodes_race_to_start_on_an_empty_postgres() {
    let db = TestDb::empty_postgres().await;
    start_at_once(db.url()).await;
    let mut server = PgConnection::connect(db.url()).await.unwrap();
    each_migration_was_applied_once(
        sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations").fetch_one(&mut server).await.unwrap(),
    );
}

fn each_migration_was_applied_once(applied: i64) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    assert_eq!(applied, i64::try_from(std::fs::read_dir(folder).unwrap().count()).unwrap());
}

/// What the next version's migration may do under the rule to expand first: a column that may be empty on every table, a
/// table and an index.
async fn expand(db: &TestDb) {
    for table in db.tables().await {
        db.execute(format!("ALTER TABLE {table} ADD COLUMN of_the_next_version TEXT")).await;
    }
    db.execute("CREATE TABLE newer (id BIGINT PRIMARY KEY)".to_owned()).await;
    db.execute("CREATE INDEX newer_index ON users (of_the_next_version)".to_owned()).await;
    let applied = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)";
    db.execute(format!("{applied} SELECT 9999, 'newer', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1"))
        .await;
}

async fn an_older_node_goes_on_beside_a_newer_one(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let before = text(&nodes.user("ada").await, "access_token");
    // Under the running nodes, whose statements are prepared.
    expand(&nodes.nodes[0].db).await;
    nodes.is_good_everywhere(&before).await;
    for node in &nodes.nodes {
        node.token("ada", PASSWORD).await;
    }
    let after = text(&nodes.user("bob").await, "access_token");
    nodes.is_good_everywhere(&after).await;
    // One of the older version can still be started.
    let started: TestApp = nodes.nodes[0].another_process().await;
    started.get("/auth/me").bearer(&before).send().await.expect(StatusCode::OK);
    started.user("eve").await;
    started.post("/auth/logout-all").bearer(&before).send().await.expect(StatusCode::NO_CONTENT);
    nodes.is_refused_everywhere(&before).await;
}

/// The ids of all that is told of the trail, in pieces of this size.
async fn trail(nodes: &Cluster, token: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/auth/admin/events?limit={limit}{cursor}");
        let piece = nodes.next().get(&path).bearer(token).send().await.expect(StatusCode::OK).body;
        ids.extend(piece["items"].as_array().unwrap().iter().map(|row| text(row, "id")));
        match piece["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

async fn an_older_node_passes_over_what_it_has_no_word_for(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let (node, db) = (&nodes.nodes[0], &nodes.nodes[0].db);
    let login = nodes.user("ada").await;
    let authenticator = node.enrol(&text(&login, "access_token")).await.authenticator;
    nodes.user("eve").await;
    db.make_admin("eve").await;
    expand(db).await;

    // Rows of the trail before all others, amid them, and behind them.
    node.advance(Duration::from_secs(1));
    let amid = u128::try_from(node.now().as_millis()).unwrap() << 80;
    for id in [1, 2, 3, amid, amid + 1, u128::MAX - 3, u128::MAX - 2, u128::MAX - 1] {
        db.newer_event(Uuid::from_u128(id), NEWER, "ada").await;
    }
    let admin = node.token("eve", PASSWORD).await;
    let known = db.count(&format!("events WHERE kind <> '{NEWER}'")).await;
    let whole = trail(&nodes, &admin, 100).await;
    assert_eq!(i64::try_from(whole.len()).unwrap(), known);
    for limit in 1..5 {
        assert_eq!(trail(&nodes, &admin, limit).await, whole);
    }
    assert!(!node.events_of(&text(&login["user"], "id")).await.is_empty());

    // A mail, which waits for whoever can read it and holds up nobody else's.
    db.newer_mail(Uuid::from_u128(1), NEWER, "nobody@example.com").await;
    nodes.post("/auth/forgot-password", &json!({"email": "ada@example.com"})).await.expect(StatusCode::ACCEPTED);
    nodes.mailed("ada@example.com", MailKind::ResetPassword).await;
    assert_eq!(db.count(&format!("outbox WHERE kind = '{NEWER}'")).await, 1);

    // A login that waits for a step, and a ceremony.
    let asked = nodes.login("ada", PASSWORD).await.expect_problem(403, "second_factor_required");
    let flow = text(&asked.body, "flow");
    db.execute(format!("UPDATE flows SET step = '{NEWER}'")).await;
    let code = json!({"flow": flow, "two_fa_code": authenticator.next_code(node)});
    nodes.post("/auth/login/second-factor", &code).await.expect_problem(401, "flow_invalid");
    let password = json!({"flow": flow, "new_password": "a quite different password"});
    nodes.post("/auth/login/new-password", &password).await.expect_problem(401, "flow_invalid");
    let begun = nodes.post("/auth/login/passkey/start", &json!({})).await.expect(StatusCode::OK).body;
    db.execute(format!("UPDATE passkey_challenges SET ceremony = '{NEWER}'")).await;
    let answer = json!({"flow": begun["flow"], "webauthn_response": {}});
    nodes.post("/auth/login/passkey/finish", &answer).await.expect_problem(401, "flow_invalid");
}
