//! A fresh database of either kind for one test, gone when the test is over, also when it fails.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::{env, str::FromStr, sync::Arc, thread};

use portcullis::store::{self, Store};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, postgres::PgConnectOptions};
use tempfile::TempDir;
use uuid::Uuid;

/// A database of its own, opened as a store.
pub struct TestDb {
    /// The store, as the server would open it.
    pub store: Arc<dyn Store>,
    url: String,
    /// By which URL stores open it, if not by that one.
    by: Option<String>,
    home: Arc<Home>,
}

/// What holds the database, and removes it when dropped.
enum Home {
    Folder { _folder: TempDir },
    Server { options: Box<PgConnectOptions>, name: String },
}

impl TestDb {
    /// A file in a folder of its own.
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/portcullis.db", folder.path().display());
        Self::open(url, None, Home::Folder { _folder: folder }).await
    }

    /// A database of its own on the server that `PORTCULLIS_TEST_POSTGRES` names.
    ///
    /// Where `PORTCULLIS_TEST_THROUGH_POOLER` is set, it is reached through the pooler.
    pub async fn postgres() -> Self {
        if env::var_os("PORTCULLIS_TEST_THROUGH_POOLER").is_some() {
            return Self::pooled().await;
        }
        let (url, home) = Self::made().await;
        Self::open(url, None, home).await
    }

    /// The same, reached through the pooler that `PORTCULLIS_TEST_POOLER` names.
    pub async fn pooled() -> Self {
        let (url, home) = Self::made().await;
        let by = through_pooler(&url);
        Self::open(url, Some(by), home).await
    }

    /// The same, with nothing in it; the store is that of a file.
    pub async fn empty_postgres() -> Self {
        let (url, home) = Self::made().await;
        Self { store: Self::sqlite().await.store, url, by: None, home: Arc::new(home) }
    }

    /// The same, to be reached through the pooler.
    pub async fn empty_pooled() -> Self {
        let empty = Self::empty_postgres().await;
        Self { by: Some(through_pooler(&empty.url)), ..empty }
    }

    async fn made() -> (String, Home) {
        let server = env::var("PORTCULLIS_TEST_POSTGRES")
            .expect("no PostgreSQL to test on: run scripts/test (or set PORTCULLIS_TEST_POSTGRES)");
        let options = PgConnectOptions::from_str(&server).unwrap();
        let name = format!("portcullis_test_{}", Uuid::now_v7().simple());
        execute(&options, format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        let url = options.clone().database(&name).to_url_lossy().to_string();
        (url, Home::Server { options: Box::new(options), name })
    }

    async fn open(url: String, by: Option<String>, home: Home) -> Self {
        // The home is held already, so it is removed even if the store does not open.
        let home = Arc::new(home);
        Self { store: store::connect(by.as_ref().unwrap_or(&url)).await.unwrap(), url, by, home }
    }

    /// The same database with another store, as another process has it. It is there until both are gone.
    pub async fn shared(&self) -> Self {
        self.shared_by(self.by()).await
    }

    /// The same with a store that goes by another URL, such as one through a proxy.
    pub async fn shared_by(&self, url: &str) -> Self {
        let by = Some(url.to_owned());
        Self { store: store::connect(url).await.unwrap(), url: self.url.clone(), by, home: Arc::clone(&self.home) }
    }

    /// What the server would be configured with to use this database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// By which URL the store goes to it.
    pub fn by(&self) -> &str {
        self.by.as_ref().unwrap_or(&self.url)
    }

    /// Another store on the same database, as another process would open it.
    pub async fn another(&self) -> Arc<dyn Store> {
        store::connect(self.by()).await.unwrap()
    }
}

/// The URL of this database by way of the pooler.
fn through_pooler(url: &str) -> String {
    let pooler = env::var("PORTCULLIS_TEST_POOLER")
        .expect("no pooler to test with: run scripts/test (or set PORTCULLIS_TEST_POOLER)");
    let name = PgConnectOptions::from_str(url).unwrap();
    let by = pooler.replacen("/postgres?", &format!("/{}?", name.get_database().unwrap()), 1);
    assert_ne!(by, pooler, "PORTCULLIS_TEST_POOLER must be of the form postgres://user@host/postgres?…");
    format!("{by}&pooler=transaction")
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Self::Server { options, name } = self {
            let (options, statement) = (options.clone(), format!("DROP DATABASE {name} WITH (FORCE)"));
            // On a thread of its own: dropping happens inside the test's runtime, which cannot be waited for here.
            let dropped = thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(execute(&options, statement));
            });
            let failed = dropped.join().is_err();
            assert!(!failed || thread::panicking(), "the test's database was not dropped");
        }
    }
}

async fn execute(server: &PgConnectOptions, statement: String) {
    let mut connection = server.connect().await.unwrap();
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Makes of each `async fn name(db: TestDb)` two tests, `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                super::$name($crate::db::TestDb::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                super::$name($crate::db::TestDb::postgres().await).await;
            }
        }
    )+};
}

/// The same, and a third one through the pooler, `name::pooled`.
#[macro_export]
macro_rules! both_and_pooled {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                super::$name($crate::db::TestDb::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                super::$name($crate::db::TestDb::postgres().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn pooled() {
                super::$name($crate::db::TestDb::pooled().await).await;
            }
        }
    )+};
}
