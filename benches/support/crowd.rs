//! Many users, each with a session and an API key.

use std::{
    cell::RefCell,
    fs::{self, File},
    future::Future,
    io::{BufWriter, Write},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use portcullis::{
    Portcullis,
    account::{Accounts, Credentials, Email, UserId, Username},
    api_key::ApiKeyId,
    clock::{Clock, SystemClock},
    config::Config,
    password::{Password, hash_password},
    secret::TokenHash,
    session::{Device, RefreshToken, SessionId},
    store::{self, Store},
};
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::{runtime::Runtime, task::JoinSet};
use uuid::Uuid;

use crate::process::run;

const PASSWORD: &str = "correct horse battery staple";
/// How many act at once.
const CONCURRENCY: usize = 8;
/// How many of each kind are known, to be asked for.
const KNOWN: usize = 20_000;
/// How many sessions each of those who act at once refreshes in turn.
const SESSIONS: usize = 8;

/// What there is to be found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    UserByName,
    UserByAddress,
    UserById,
    Session,
    RefreshToken,
    ApiKey,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::UserByName, Self::UserByAddress, Self::UserById, Self::Session, Self::RefreshToken, Self::ApiKey];
}

/// Makes this many users by the importer, with one hash for all, and says how long that took; then what they have.
pub(crate) fn load(folder: &Path, url: &str, users: usize) {
    let hash = hash_password(PASSWORD).unwrap();
    let mut file = BufWriter::new(File::create(folder.join("users.jsonl")).unwrap());
    for number in 0..users {
        let name = format!("\"username\": \"user{number}\", \"email\": \"{number}@example.org\"");
        writeln!(file, "{{{name}, \"password_hash\": \"{hash}\"}}").unwrap();
    }
    file.into_inner().unwrap();
    let start = Instant::now();
    let imported = run(folder, &["import", "users.jsonl", "--database-url", url], "");
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    println!("{users} users imported in {:.1?}", start.elapsed());
    fs::remove_file(folder.join("users.jsonl")).unwrap();
    Runtime::new().unwrap().block_on(furnish(url));
}

async fn furnish(url: &str) {
    // What is random, as an id and as a hash; and what a database does by itself after a while.
    let (id, hash, tidy) = if url.starts_with("sqlite:") {
        ("randomblob(16)", "randomblob(32)", "PRAGMA wal_checkpoint(TRUNCATE)")
    } else {
        ("gen_random_uuid()", "decode(md5(random()::text) || md5(random()::text), 'hex')", "VACUUM ANALYZE")
    };
    let (now, later) = (SystemClock.now().as_millis(), SystemClock.now().as_millis() + 86_400_000);
    let statements = [
        format!(
            "INSERT INTO sessions (id, user_id, created_at, last_seen_at, idle_until, expires_at, auth_time, amr)
             SELECT {id}, id, {now}, {now}, {later}, {later}, {now}, 'pwd' FROM users"
        ),
        format!("INSERT INTO refresh_tokens (hash, session_id) SELECT {hash}, id FROM sessions"),
        format!(
            "INSERT INTO api_keys (id, user_id, hash, name, scopes, created_at, expires_at)
             SELECT {id}, id, {hash}, 'key', 'notes:read', {now}, {later} FROM users"
        ),
        tidy.to_owned(),
    ];
    for statement in statements {
        let statement = sqlx::AssertSqlSafe(statement);
        if url.starts_with("sqlite:") {
            let mut file = SqliteConnection::connect(url).await.unwrap();
            sqlx::raw_sql(statement).execute(&mut file).await.unwrap();
        } else {
            let mut server = PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql(statement).execute(&mut server).await.unwrap();
        }
    }
}

/// One size, open.
pub(crate) struct Site<'a> {
    runtime: &'a Runtime,
    store: Arc<dyn Store>,
    accounts: Accounts,
    users: usize,
    ids: Vec<UserId>,
    sessions: Vec<SessionId>,
    tokens: Vec<TokenHash>,
    keys: Vec<ApiKeyId>,
    next: RefCell<u64>,
    held: RefCell<Vec<Vec<RefreshToken>>>,
}

impl<'a> Site<'a> {
    pub(crate) fn open(runtime: &'a Runtime, folder: &Path, url: &str, users: usize) -> Self {
        runtime.block_on(async {
            let mut config = Config::new("http://localhost:8400".parse().unwrap());
            config.insecure_no_limits = true;
            let builder = Portcullis::builder().config(config).database(url);
            let portcullis = builder.master_key_file(folder.join("portcullis-data/master.key")).build().await.unwrap();
            let ids: Vec<Uuid> = some(url, "SELECT id FROM users").await;
            let sessions: Vec<Uuid> = some(url, "SELECT id FROM sessions").await;
            let keys: Vec<Uuid> = some(url, "SELECT id FROM api_keys").await;
            let hashes: Vec<Vec<u8>> = some(url, "SELECT hash FROM refresh_tokens").await;
            let site = Self {
                runtime,
                store: store::connect(url).await.unwrap(),
                accounts: portcullis.accounts().clone(),
                users,
                ids: ids.into_iter().map(UserId).collect(),
                sessions: sessions.into_iter().map(SessionId).collect(),
                tokens: hashes.iter().map(|hash| TokenHash::from_stored(hash).unwrap()).collect(),
                keys: keys.into_iter().map(ApiKeyId).collect(),
                next: RefCell::new(1),
                held: RefCell::default(),
            };
            for _ in 0..CONCURRENCY {
                let mut held = Vec::new();
                for _ in 0..SESSIONS {
                    held.push(log_in(&site.accounts, site.any(users)).await);
                }
                site.held.borrow_mut().push(held);
            }
            site
        })
    }

    /// A number below this, in no order that anything could foresee.
    fn any(&self, limit: usize) -> usize {
        let mut state = self.next.borrow_mut();
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*state >> 33).unwrap() % limit
    }

    /// Finds so many, one after the other.
    pub(crate) fn find(&self, kind: Kind, times: usize) -> Duration {
        let now = SystemClock.now();
        self.timed(async {
            for _ in 0..times {
                let is_found = match kind {
                    Kind::UserByName => {
                        let name = Username::parse(&name(self.any(self.users))).unwrap();
                        self.store.user_by_username(&name).await.unwrap().is_some()
                    }
                    Kind::UserByAddress => {
                        let email = Email::parse(&format!("{}@example.org", self.any(self.users))).unwrap();
                        self.store.user_by_email(&email).await.unwrap().is_some()
                    }
                    Kind::UserById => self.store.user(self.one_of(&self.ids)).await.unwrap().is_some(),
                    Kind::Session => self.store.session(self.one_of(&self.sessions), now).await.unwrap().is_some(),
                    Kind::RefreshToken => {
                        let token = &self.tokens[self.any(self.tokens.len())];
                        self.store.session_of_refresh_token(token).await.unwrap().is_some()
                    }
                    Kind::ApiKey => self.store.api_key(self.one_of(&self.keys), now).await.unwrap().is_some(),
                };
                assert!(is_found);
            }
        })
    }

    fn one_of<T: Copy>(&self, all: &[T]) -> T {
        all[self.any(all.len())]
    }

    /// So many logins of anyone.
    pub(crate) fn log_in(&self, times: usize) -> Duration {
        self.timed(async {
            let mut all = JoinSet::new();
            for _ in 0..CONCURRENCY {
                let (accounts, whom) = (self.accounts.clone(), self.several(times / CONCURRENCY));
                all.spawn(async move {
                    for number in whom {
                        log_in(&accounts, number).await;
                    }
                });
            }
            all.join_all().await;
        })
    }

    /// So many refreshes, of one session after the other.
    pub(crate) fn refresh(&self, times: usize) -> Duration {
        let held = self.held.take();
        let (mut all, mut back) = (JoinSet::new(), Vec::new());
        let took = self.timed(async {
            for mut tokens in held {
                let accounts = self.accounts.clone();
                all.spawn(async move {
                    for turn in 0..times / CONCURRENCY {
                        let token = &mut tokens[turn % SESSIONS];
                        *token = accounts.refresh(token, None, &Device::default()).await.unwrap().refresh_token;
                    }
                    tokens
                });
            }
            back = all.join_all().await;
        });
        *self.held.borrow_mut() = back;
        took
    }

    fn several(&self, count: usize) -> Vec<usize> {
        (0..count).map(|_| self.any(self.users)).collect()
    }

    fn timed(&self, act: impl Future<Output = ()>) -> Duration {
        let start = Instant::now();
        self.runtime.block_on(act);
        start.elapsed()
    }
}

async fn log_in(accounts: &Accounts, number: usize) -> RefreshToken {
    let credentials = Credentials::new(name(number), Password::parse(PASSWORD).unwrap());
    accounts.login(credentials, &Device::default()).await.unwrap().refresh_token
}

fn name(number: usize) -> String {
    format!("user{number}")
}

/// What this finds, of rows here and there in the table.
async fn some<T>(url: &str, query: &str) -> Vec<T>
where
    T: Send + Unpin,
    (T,): for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
{
    let query = sqlx::AssertSqlSafe(format!("{query} ORDER BY random() LIMIT {KNOWN}"));
    if url.starts_with("sqlite:") {
        let mut file = SqliteConnection::connect(url).await.unwrap();
        sqlx::query_scalar(query).fetch_all(&mut file).await.unwrap()
    } else {
        let mut server = PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar(query).fetch_all(&mut server).await.unwrap()
    }
}
