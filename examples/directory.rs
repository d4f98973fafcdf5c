//! A service whose people are known elsewhere already: they log in with the password that they have there.
//!
//! ```sh
//! cargo run --example directory -- people.txt sqlite:notes.db 127.0.0.1:8080
//! ```
//!
//! The directory here is a text file, a line for each of them: a name, an address, and a hash as
//! `portcullis::password::hash_password` makes it. Log in at `/auth/login`; what comes back says where to go next.
#![expect(clippy::print_stdout, reason = "it tells where it listens")]

use std::{env, error::Error, net::SocketAddr, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use axum::routing::get;
use portcullis::{
    Portcullis, Principal,
    account::{BackendError, CredentialBackend, ExternalUser, LoginData, User},
    axum::GuardedRouter,
    guard::RouteRule,
    password::{Password, verify_password},
};
use serde_json::{Map, Value, json};
use tokio::{fs, net::TcpListener, task};

struct Directory(PathBuf);

#[async_trait]
impl CredentialBackend for Directory {
    fn name(&self) -> &'static str {
        "directory"
    }

    async fn check(&self, name: &str, password: &Password) -> Result<Option<ExternalUser>, BackendError> {
        let people = fs::read_to_string(&self.0).await?;
        let Some((username, email, hash)) = people.lines().filter_map(fields).find(|(known, ..)| *known == name) else {
            return Ok(None);
        };
        let (password, hash) = (password.clone(), hash.to_owned());
        let is_right = task::spawn_blocking(move || verify_password(password.expose(), &hash)).await?;
        // A directory that never gives a name twice can name its people by that; others have an id of their own for them.
        let user = is_right.then(|| ExternalUser::parse(username, username, email)).flatten();
        Ok(user.map(ExternalUser::verified))
    }
}

fn fields(line: &str) -> Option<(&str, &str, &str)> {
    let mut fields = line.split_whitespace();
    Some((fields.next()?, fields.next()?, fields.next()?))
}

struct HomePage;

#[async_trait]
impl LoginData for HomePage {
    async fn data(&self, user: &User) -> Map<String, Value> {
        Map::from_iter([("home".to_owned(), json!(format!("/notes#{}", user.username.as_str())))])
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let people = env::args().nth(1).unwrap_or_else(|| "people.txt".to_owned());
    let database = env::args().nth(2).unwrap_or_else(|| "sqlite:notes.db".to_owned());
    let address = env::args().nth(3).unwrap_or_else(|| "127.0.0.1:8080".to_owned());

    let auth = Portcullis::builder()
        .public_url("http://localhost:8080")
        .database(database)
        .credential_backend(Arc::new(Directory(people.into())))
        .login_data(Arc::new(HomePage))
        .build()
        .await?;
    let app = GuardedRouter::new()
        .route("/notes", get(notes), RouteRule::authenticated())
        .guard(auth.guard())
        .merge(auth.router())
        .merge(auth.pages());

    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

async fn notes(user: Principal) -> String {
    format!("the notes of {}\n", user.name().unwrap_or(user.id()))
}
