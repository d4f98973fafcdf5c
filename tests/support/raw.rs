//! A look past the store, straight into a test's database.

use portcullis::account::Username;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

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

    /// How many attempts are counted and how many events are recorded, together.
    pub async fn count_rows(&self) -> i64 {
        self.count("events").await + self.count("attempts").await
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        self.text(format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}")).await.parse().unwrap()
    }

    /// Everything in the tables that know of users and tokens, as text.
    pub async fn dump(&self) -> String {
        let mut dump = String::new();
        for table in ["users", "sessions", "refresh_tokens", "revocations", "attempts", "events", "signing_keys"] {
            dump += &self.rows(table).await;
        }
        dump
    }

    async fn rows(&self, table: &str) -> String {
        if !self.url().starts_with("sqlite:") {
            return self.text(format!("SELECT COALESCE(string_agg(t::text, ' '), '') FROM {table} t")).await;
        }
        let columns = "SELECT group_concat('quote(' || name || ')', ' || ') FROM pragma_table_info";
        let columns = self.text(format!("{columns}('{table}')")).await;
        self.text(format!("SELECT COALESCE(group_concat({columns}, ' '), '') FROM {table}")).await
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
