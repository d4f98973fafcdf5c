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

    /// Gives a user a role behind the back of everyone.
    pub async fn give_role(&self, username: &str, role: &str) {
        let key = Username::parse(username).unwrap().key().to_owned();
        let user = format!("SELECT id, '{role}' FROM users WHERE username_key = '{key}'");
        self.execute(format!("INSERT INTO user_roles (user_id, role) {user}")).await;
    }

    /// Everything in a column of bytes.
    pub async fn bytes(&self, column: &str, table: &str) -> Vec<Vec<u8>> {
        let query = format!("SELECT {column} FROM {table}");
        if self.url().starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(self.url()).await.unwrap();
            sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap()
        } else {
            let mut connection = PgConnection::connect(self.url()).await.unwrap();
            sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap()
        }
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
