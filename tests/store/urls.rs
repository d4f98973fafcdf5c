//! Which database a URL names.

use portcullis::store::{self, StoreError};

async fn failure(url: &str) -> StoreError {
    store::connect(url).await.map(drop).unwrap_err()
}

#[tokio::test]
async fn every_spelling_of_a_file_opens_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    for scheme in ["sqlite:", "sqlite://"] {
        store::connect(&format!("{scheme}{}", path.display())).await.unwrap().ping().await.unwrap();
    }
    assert!(path.is_file());
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_with_a_reason() {
    let refused =
        ["", "notes.db", "mysql://host/db", "sqlite:", "sqlite://", "sqlite::memory:", "sqlite:notes.db?mode=ro"];
    for url in refused {
        assert!(matches!(failure(url).await, StoreError::Url(_)), "{url}");
    }
}

#[tokio::test]
async fn a_password_in_a_url_is_never_told() {
    for url in ["postgres://ada:hunter2@[bad/db", "postgres://ada:hunter2@127.0.0.1:1/db?sslmode=hunter2", "x:hunter2"]
    {
        let failure = failure(url).await;
        assert!(!format!("{failure} {failure:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgres://ada@localhost/db?host={}", folder.path().display());
    assert!(matches!(failure(&url).await, StoreError::Unavailable(_)));
}
