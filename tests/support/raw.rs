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

    /// Takes a user's password away, as if they had made the account without one.
    pub async fn remove_password(&self, username: &str) {
        let key = Username::parse(username).unwrap().key().to_owned();
        self.execute(format!("UPDATE users SET password_hash = NULL WHERE username_key = '{key}'")).await;
    }

    /// Makes a user's stored hash one that nothing can be checked against.
    pub async fn spoil_password_hash(&self, username: &str) {
        let key = Username::parse(username).unwrap().key().to_owned();
        self.execute(format!("UPDATE users SET password_hash = 'spoilt' WHERE username_key = '{key}'")).await;
    }

    /// Makes a user one of those who run the service.
    pub async fn make_admin(&self, username: &str) {
        let key = Username::parse(username).unwrap().key().to_owned();
        let rows = format!("SELECT id, 'admin' FROM users WHERE username_key = '{key}'");
        self.execute(format!("INSERT INTO user_roles (user_id, role) {rows}")).await;
    }

    /// As many sessions that were revoked, and whose tokens have expired, as the only entries of the journal.
    pub async fn expired_revocations(&self, count: i64) {
        let rows = format!("{} SELECT 'session', CAST(n AS TEXT), NULL, n, n FROM numbers", numbers_to(count));
        self.execute(format!("INSERT INTO revocations (kind, subject, minimum, until, change) {rows}")).await;
        self.execute(format!("UPDATE revocation_journal SET last_change = {count}")).await;
    }

    /// As many rows of the trail that are from long ago, and mails that were given up then.
    pub async fn long_ago(&self, count: i64) {
        let is_file = self.url().starts_with("sqlite:");
        let id = if is_file { "unhex(printf('%032x', n))" } else { "CAST(lpad(to_hex(n), 32, '0') AS UUID)" };
        let numbers = numbers_to(count);
        let rows = format!("{numbers} SELECT {id}, n, 'login_failed' FROM numbers");
        self.execute(format!("INSERT INTO events (id, happened_at, kind) {rows}")).await;
        let rows = format!("{numbers} SELECT {id}, 'reset_unknown', n, 'nobody', 1, n, n FROM numbers");
        let columns = "id, kind, asked_at, lane, attempts, due_at, given_up_at";
        self.execute(format!("INSERT INTO outbox ({columns}) {rows}")).await;
    }

    /// Takes a table away, as a database that is down does, and nothing else.
    pub async fn hide(&self, table: &str) {
        self.execute(format!("ALTER TABLE {table} RENAME TO hidden")).await;
    }

    /// Gives it back.
    pub async fn show(&self, table: &str) {
        self.execute(format!("ALTER TABLE hidden RENAME TO {table}")).await;
    }

    /// Makes a signing key one that cannot be opened.
    pub async fn spoil_signing_key(&self, kid: &str) {
        self.execute(format!("UPDATE signing_keys SET sealed = (SELECT sealed FROM data_keys) WHERE kid = '{kid}'"))
            .await;
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
        format!("id = {}", self.literal(id))
    }

    fn literal(&self, id: Uuid) -> String {
        if self.url().starts_with("sqlite:") { format!("x'{}'", id.simple()) } else { format!("'{id}'") }
    }

    /// Writes a row of the trail as a program may that is newer than this one: of this kind, and at the time of its id.
    pub async fn newer_event(&self, id: Uuid, kind: &str, username: &str) {
        let (key, at) = (Username::parse(username).unwrap().key().to_owned(), id.as_u128() >> 80);
        let id = self.literal(id);
        let row = format!("SELECT {id}, {at}, '{kind}', id FROM users WHERE username_key = '{key}'");
        self.execute(format!("INSERT INTO events (id, happened_at, kind, user_id) {row}")).await;
    }

    /// Asks for a mail in the same way.
    pub async fn newer_mail(&self, id: Uuid, kind: &str, address: &str) {
        let row = format!("VALUES ({}, '{kind}', 0, '{address}', '{address}', 0, 0)", self.literal(id));
        self.execute(format!("INSERT INTO outbox (id, kind, asked_at, to_email, lane, attempts, due_at) {row}")).await;
    }

    /// How many attempts are counted and how many events are recorded, together.
    pub async fn count_rows(&self) -> i64 {
        self.count("events").await + self.count("attempts").await
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        self.text(format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}")).await.parse().unwrap()
    }

    /// Asks for a new password at the user's next login, as an administrator will.
    pub async fn must_change_password(&self, username: &str) {
        let key = Username::parse(username).unwrap().key().to_owned();
        self.execute(format!("UPDATE users SET must_change_password = TRUE WHERE username_key = '{key}'")).await;
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

    /// Everything in the tables that know of users and tokens, as text.
    pub async fn dump(&self) -> String {
        let mut dump = String::new();
        let of_users =
            ["users", "sessions", "refresh_tokens", "api_keys", "revocations", "attempts", "events", "signing_keys"];
        let of_factors = ["flows", "totp", "totp_setups", "recovery_codes"];
        let of_mails = ["one_time_tokens", "outbox", "known_devices"];
        for table in of_users.into_iter().chain(of_factors).chain(of_mails) {
            dump += &self.rows(table).await;
        }
        dump
    }

    /// Every table but the one that remembers migrations.
    pub async fn tables(&self) -> Vec<String> {
        let names = if self.url().starts_with("sqlite:") {
            "SELECT group_concat(name, ' ') FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        } else {
            "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'"
        };
        let names = self.text(names.to_owned()).await;
        names.split(' ').filter(|name| *name != "_sqlx_migrations").map(str::to_owned).collect()
    }

    /// Puts a row into a table of a SQLite file: of anything that its columns take, with what others it refers to.
    pub async fn make_row(&self, table: &str) {
        let referred = "'(SELECT ' || refers.\"to\" || ' FROM ' || refers.\"table\" || ' LIMIT 1)'";
        let made = "CASE columns.type WHEN 'BLOB' THEN 'randomblob(16)' WHEN 'TEXT' THEN '''text''' ELSE '1' END";
        let values = self.text(format!(
            "SELECT group_concat(COALESCE(
                (SELECT {referred} FROM pragma_foreign_key_list('{table}') AS refers WHERE refers.\"from\" = columns.name),
                {made}), ', ')
             FROM pragma_table_info('{table}') AS columns"
        ));
        let values = values.await;
        self.execute(format!("INSERT INTO {table} VALUES ({values})")).await;
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

    /// Runs a statement that the program would not.
    pub async fn execute(&self, statement: String) {
        self.try_execute(&statement).await.unwrap();
    }

    /// Runs a statement that the database may refuse.
    pub async fn try_execute(&self, statement: &str) -> sqlx::Result<()> {
        let statement = AssertSqlSafe(statement.to_owned());
        if self.url().starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(self.url()).await?;
            sqlx::query(statement).execute(&mut connection).await?;
        } else {
            let mut connection = PgConnection::connect(self.url()).await?;
            sqlx::query(statement).execute(&mut connection).await?;
        }
        Ok(())
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

/// Begins a statement that has a table of the numbers from 1 to this one.
fn numbers_to(count: i64) -> String {
    format!("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})")
}
