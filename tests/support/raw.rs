//! A look past the store, straight into a test's database.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use portcullis::account::Username;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};
use uuid::Uuid;

use crate::db::TestDb;

impl TestDb {
    /// Disables a user, as an administrator will.
    pub async fn disable_user(&self, username: &str) {
        let key = Username::parse(username).unwrap().key().to_owned();
        self.execute(format!("UPDATE users SET disabled_at = 1 WHERE username_key = '{key}'")).await;
    }

    /// Removes a user behind the back of everyone, as a request that was faster does.
    pub async fn remove_user(&self, username: &str) {
        let key = Username::parse(username).unwrap().key().to_owned();
        self.execute(format!("DELETE FROM users WHERE username_key = '{key}'")).await;
    }

    /// Makes a user's stored hash one that nothing can be checked against.
    pub async fn spoil_password_hash(&self, username: &str) {
        let key = Username::parse(username).unwrap().key().to_owned();
        self.execute(format!("UPDATE users SET password_hash = 'spoilt' WHERE username_key = '{key}'")).await;
    }

    /// The stored hash of a user's password.
    pub async fn password_hash(&self, username: &str) -> String {
        let key = Username::parse(username).unwrap().key().to_owned();
        self.text(format!("SELECT password_hash FROM users WHERE username_key = '{key}'")).await
    }

    /// Everything in a row of the outbox but its id.
    pub async fn outbox_row(&self, id: Uuid) -> String {
        let columns =
            ["kind", "asked_at", "to_email", "to_username", "about", "address", "user_agent", "lane", "due_at"];
        let columns = columns.map(|column| format!("COALESCE(CAST({column} AS TEXT), 'none')")).join(" || ' ' || ");
        self.text(format!("SELECT {columns} FROM outbox WHERE {}", self.has_id(id))).await
    }

    /// When a mail in the outbox may be taken.
    pub async fn outbox_due(&self, id: Uuid) -> i64 {
        self.text(format!("SELECT CAST(due_at AS TEXT) FROM outbox WHERE {}", self.has_id(id))).await.parse().unwrap()
    }

    fn has_id(&self, id: Uuid) -> String {
        if self.url().starts_with("sqlite:") { format!("id = x'{}'", id.simple()) } else { format!("id = '{id}'") }
    }

    /// How many attempts are counted and how many events are recorded, together.
    pub async fn count_rows(&self) -> i64 {
        self.count("events").await + self.count("attempts").await
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        self.text(format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}")).await.parse().unwrap()
    }

    /// The same database, opened anew.
    pub async fn reopened(mut self) -> Self {
        self.store = self.another().await;
        self
    }

    async fn execute(&self, statement: String) {
        if self.url().starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(self.url()).await.unwrap();
            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = PgConnection::connect(self.url()).await.unwrap();
            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        }
    }

    async fn text(&self, query: String) -> String {
        if self.url().starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(self.url()).await.unwrap();
            sqlx::query(AssertSqlSafe(query)).fetch_one(&mut connection).await.unwrap().get(0)
        } else {
            let mut connection = PgConnection::connect(self.url()).await.unwrap();
            sqlx::query(AssertSqlSafe(query)).fetch_one(&mut connection).await.unwrap().get(0)
        }
    }
}
