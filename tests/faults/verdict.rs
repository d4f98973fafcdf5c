//! What is there, held against what was acknowledged.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::{
    fleet::Fleet,
    ledger::{Ledger, Session, State},
    people::{CONFIRMATION, RESET, Town},
};

/// How long a refresh token that was exchanged may be repeated, with a margin.
const GRACE: Duration = Duration::from_secs(31);

/// How long a revocation may take to reach a node that hears no notices.
const TO_ALL: Duration = Duration::from_secs(2);

/// How long the mail that still waits may take.
const FOR_MAIL: Duration = Duration::from_mins(2);

/// How many mails a node may have in hand. Each of those may come a further time if the node, or the database it writes to,
/// is cut off before it is noted that they have left.
const IN_HAND: usize = 16;

/// One in how many sessions may be left in the dark by an outage: whoever waited too long cannot tell whether it lives.
const IN_THE_DARK: usize = 10;

/// What must not be found: each query counts it.
const IMPOSSIBLE: [(&str, &str); 3] = [
    (
        "sessions with two refresh tokens that are not spent",
        "SELECT COUNT(*) FROM (SELECT session_id FROM refresh_tokens WHERE spent_at IS NULL
            GROUP BY session_id HAVING COUNT(*) > 1) AS double",
    ),
    (
        "sessions without one, that have not ended",
        "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL AND NOT EXISTS
            (SELECT 1 FROM refresh_tokens WHERE session_id = sessions.id AND spent_at IS NULL)",
    ),
    (
        "sessions that were opened and are not in the trail",
        "SELECT COUNT(*) FROM sessions WHERE NOT EXISTS
            (SELECT 1 FROM events WHERE events.session_id = sessions.id)",
    ),
];

/// What came of it, with so many times that a node was cut off.
pub fn pronounce(name: &str, fleet: &Fleet, town: &Town<'_>, ledgers: &[Ledger], database: &str, cuts: usize) {
    if !fleet.is_healthy() {
        town.wrong("a node is not healthy by itself");
    }
    if fleet.logs().contains("panicked") {
        town.wrong("a node has panicked");
    }
    empty_outbox(town, database);
    thread::sleep(TO_ALL);
    for person in ledgers {
        for session in &person.sessions {
            is_as_told(fleet, town, session);
        }
    }
    thread::sleep(GRACE);
    for person in ledgers {
        goes_on(town, person);
    }
    for (what, query) in IMPOSSIBLE {
        let count = count(database, query);
        if count > 0 {
            town.wrong(format!("{count} {what}"));
        }
    }
    for person in ledgers {
        got_their_mails(fleet, town, person);
    }
    let (mails, again) = fleet.post_office.count();
    if again > cuts * IN_HAND {
        town.wrong(format!("mails came {again} further times, and nodes were cut off {cuts} times"));
    }
    let sessions = || ledgers.iter().flat_map(|person| &person.sessions);
    let (all, dark) = (sessions().count(), sessions().filter(|session| session.state == State::Unknown).count());
    if dark * IN_THE_DARK > all {
        town.wrong(format!("of {all} sessions {dark} may be alive or not"));
    }
    let tally = format!("{:?}; {mails} mails, {again} further times; {all} sessions, {dark} unknown", town.tally());
    println!("{name}, {cuts} cuts: {tally}");
    let wrongs = town.wrongs();
    assert!(wrongs.is_empty(), "{name}: {} wrongs:\n{}", wrongs.len(), wrongs.join("\n"));
    assert!(!ledgers.is_empty() && town.tally().reset > 0, "{name}: nobody got far enough to be asked");
}

/// Waits until every mail has left.
fn empty_outbox(town: &Town<'_>, database: &str) {
    let start = Instant::now();
    while count(database, "SELECT COUNT(*) FROM outbox") > 0 {
        if start.elapsed() > FOR_MAIL {
            return town.wrong("mail still waits");
        }
        thread::sleep(Duration::from_millis(500));
    }
}

/// Every mail that was acknowledged, and none that was not asked for.
fn got_their_mails(fleet: &Fleet, town: &Town<'_>, person: &Ledger) {
    for (page, asked) in [(CONFIRMATION, &person.confirmations), (RESET, &person.resets)] {
        let came = fleet.post_office.count_of(&person.email, page);
        if !(asked.acknowledged..=asked.sent).contains(&came) {
            town.wrong(format!("{} asked for mails to {page}: {asked:?}, and {came} came", person.name));
        }
    }
}

/// Alive or ended, on every node.
fn is_as_told(fleet: &Fleet, town: &Town<'_>, session: &Session) {
    for node in 0..fleet.len() {
        let me = town.ask_node(node, "GET", "/auth/me", Some(&session.access), &json!({}));
        let status = me.map(|answer| answer.status);
        match session.state {
            State::Alive if status != Some(200) => town.wrong(format!("a session that lives is answered {status:?}")),
            State::Ended if status != Some(401) => {
                town.wrong(format!("a session that was ended is answered {status:?}"));
            }
            _ => (),
        }
    }
}

/// The password opens the account, what lives can be refreshed, and what was spent opens nothing.
fn goes_on(town: &Town<'_>, person: &Ledger) {
    let status = |path: &str, body| town.ask("POST", path, None, &body).map(|answer| answer.status);
    let login = status("/auth/login", json!({"name": person.name, "password": person.password}));
    if login != Some(200) {
        town.wrong(format!("{} was acknowledged a password and is answered {login:?}", person.name));
    }
    for token in &person.spent_resets {
        let again = status("/auth/reset-password", json!({"token": token, "new_password": "yet another password"}));
        if again != Some(400) {
            town.wrong(format!("a reset token that was spent is answered {again:?}"));
        }
    }
    for session in person.sessions.iter().filter(|session| session.state != State::Unknown) {
        let expected = if session.state == State::Alive { 200 } else { 401 };
        let refreshed = status("/auth/refresh", json!({"refresh_token": session.refresh}));
        if refreshed != Some(expected) {
            town.wrong(format!("a session that is {:?} is refreshed with {refreshed:?}", session.state));
        }
        if let Some(spent) = session.spent.last() {
            let again = status("/auth/refresh", json!({"refresh_token": spent}));
            if again != Some(401) {
                town.wrong(format!("a refresh token that was spent is answered {again:?}"));
            }
        }
    }
}

fn count(database: &str, query: &'static str) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let query = AssertSqlSafe(query);
        if database.starts_with("sqlite:") {
            let mut file = SqliteConnection::connect(database).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut file).await.unwrap()
        } else {
            let mut server = PgConnection::connect(database).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut server).await.unwrap()
        }
    })
}
