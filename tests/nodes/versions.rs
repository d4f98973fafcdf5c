//! Nodes that start at once, and nodes of two versions on one database.

use std::sync::Arc;

use axum::http::StatusCode;
use portcullis::store;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::sync::Barrier;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    cluster::{Cluster, text},
    db::TestDb,
};

both![an_older_node_goes_on_beside_a_newer_one];

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
async fn eight_nodes_start_at_once_on_an_empty_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/portcullis.db", folder.path().display());
    start_at_once(&url).await;
    let mut file = SqliteConnection::connect(&url).await.unwrap();
    each_migration_was_applied_once(
        sqlx::query_scalar("SELECT COUNT(*) FROM _sqlx_migrations").fetch_one(&mut file).await.unwrap(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_nodes_start_at_once_on_an_empty_postgres() {
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
