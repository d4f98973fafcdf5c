//! `kill -9`: what was answered is remembered, and the database is whole.

use std::{net::SocketAddr, path::Path, sync::Mutex, thread};

use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use tempfile::tempdir;

use crate::{
    client::{login, register, try_post},
    db::TestDb,
    process::Server,
};

const PASSWORD: &str = "correct horse battery staple";
const CLIENTS: usize = 8;

/// How many registrations must have been answered before the server is killed.
const ENOUGH: usize = 16;

/// Registers people from many clients until the server is killed in the middle of it; who was answered 201.
fn register_until_killed(server: &mut Server) -> Vec<String> {
    let answered = Mutex::new(Vec::new());
    let address = server.address;
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let answered = &answered;
            scope.spawn(move || {
                (0..)
                    .map(|turn| format!("user-{client}-{turn}"))
                    .try_for_each(|name| was_registered(address, &name).then(|| answered.lock().unwrap().push(name)))
            });
        }
        while answered.lock().unwrap().len() < ENOUGH {
            thread::yield_now();
        }
        server.kill();
    });
    answered.into_inner().unwrap()
}

/// `false` once the server is gone; any answer but 201 fails the test.
fn was_registered(address: SocketAddr, name: &str) -> bool {
    let body = json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD });
    match try_post(address, "/auth/register", &body) {
        Ok(answer) => {
            assert_eq!(answer.status, 201, "{answer:?}");
            true
        }
        Err(_) => false,
    }
}

fn all_who_were_answered_are_there(folder: &Path, flags: &[&str]) {
    let mut server = Server::start(folder, flags);
    let names = register_until_killed(&mut server);
    let server = Server::start(folder, flags);
    for name in &names {
        assert_eq!(login(server.address, name, PASSWORD).status, 200, "{name} was answered 201 and is lost");
    }
    assert_eq!(register(server.address, "afterwards", PASSWORD).status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answered_registration_is_lost_on_sqlite() {
    let folder = tempdir().unwrap();
    all_who_were_answered_are_there(folder.path(), &["--insecure-no-limits"]);
    let file = folder.path().join("portcullis-data/portcullis.db");
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let check: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(check, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answered_registration_is_lost_on_postgres() {
    let (folder, db) = (tempdir().unwrap(), TestDb::postgres().await);
    all_who_were_answered_are_there(folder.path(), &["--insecure-no-limits", "--database-url", db.url()]);
}
