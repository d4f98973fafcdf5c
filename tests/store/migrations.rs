//! Both folders in step, and schemas that any number of processes may open.

use std::{fs, path::Path};

use portcullis::store;

use crate::{both, db::TestDb, fixture::*};

both! { a_schema_is_migrated_once_however_many_race_to_open_it }

fn names(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn both_folders_hold_the_same_migrations_without_a_gap() {
    let names = names("sqlite");
    assert_eq!(names, self::names("postgres"));
    for (index, name) in names.iter().enumerate() {
        assert!(name.starts_with(&format!("{:04}_", index + 1)), "{name}");
    }
}

#[tokio::test]
async fn every_file_is_listed_and_applied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("portcullis.db");
    store::SqliteStore::open(&path).await.unwrap();
    let pool = sqlx::SqlitePool::connect_with(sqlx::sqlite::SqliteConnectOptions::new().filename(&path)).await.unwrap();
    let applied: Vec<(i64, String)> =
        sqlx::query_as("SELECT version, description FROM _sqlx_migrations ORDER BY version")
            .fetch_all(&pool)
            .await
            .unwrap();
    let applied: Vec<String> = applied.iter().map(|(number, name)| format!("{number:04}_{name}.sql")).collect();
    assert_eq!(applied, names("sqlite"));
}

async fn a_schema_is_migrated_once_however_many_race_to_open_it(db: TestDb) {
    add_user(&db.store, "ada").await;
    let url = db.url().to_owned();
    let opened = all_at_once(&db.store, |caller, _| {
        let url = url.clone();
        async move {
            // As many as a small fleet: each opens connections of its own.
            if caller < 4 { store::connect(&url).await.map(drop) } else { Ok(()) }
        }
    })
    .await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
}
