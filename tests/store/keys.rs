//! The data key and the signing keys.

use std::time::Duration;

use portcullis::{
    audit::{Event, EventKind},
    clock::Timestamp,
    secret::Sealed,
    store::StoredKey,
};
use sqlx::{Connection, PgConnection, SqliteConnection};

use crate::{both, db::TestDb, fixture::*};

both! {
    the_first_data_key_offered_stays,
    the_data_key_is_wrapped_anew_by_who_knows_how_it_was,
    the_first_signing_key_offered_stays,
    jwt_14_a_key_waits_alone_and_one_that_signs_at_once_waits_for_nobody,
    jwt_14_the_key_that_signs_is_not_retired_and_any_other_is_once,
    a_key_is_forgotten_once_its_successor_has_signed_for_long,
    every_change_of_the_keys_raises_their_version_and_leaves_a_row_in_the_trail,
}

const SIGNED: EventKind = EventKind::SigningKeyRotated;
const RETIRED: EventKind = EventKind::SigningKeyRetired;

/// This many seconds after [`NOW`].
fn at(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

fn sealed(text: &str) -> Sealed {
    Sealed::from_stored(text.as_bytes().to_vec())
}

/// A key made at one moment to sign from another one on.
pub fn key(kid: &str, made: u64, signs: u64) -> StoredKey {
    StoredKey {
        kid: kid.to_owned(),
        algorithm: "ES256".to_owned(),
        sealed: sealed(kid),
        created_at: at(made),
        signs_from: at(signs),
        retired_at: None,
    }
}

async fn add(db: &TestDb, key: &StoredKey) -> bool {
    db.store.add_signing_key(key, Timestamp::from_secs(0), &event(SIGNED)).await.unwrap()
}

async fn retire(db: &TestDb, kid: &str, now: u64) -> bool {
    db.store.retire_signing_key(kid, at(now), &event(RETIRED)).await.unwrap()
}

async fn kids(db: &TestDb) -> Vec<String> {
    db.store.signing_keys().await.unwrap().into_iter().map(|key| key.kid).collect()
}

async fn the_first_data_key_offered_stays(db: TestDb) {
    let sealed = |byte| Sealed::from_stored(vec![byte; 60]);
    assert_eq!(db.store.data_key(&sealed(0), NOW).await.unwrap(), sealed(0));
    assert_eq!(db.store.data_key(&sealed(1), NOW).await.unwrap(), sealed(0));
    assert_eq!(db.another().await.data_key(&sealed(2), NOW).await.unwrap(), sealed(0));
}

async fn the_data_key_is_wrapped_anew_by_who_knows_how_it_was(db: TestDb) {
    let told: Event = event(EventKind::MasterKeyRotated);
    assert!(!db.store.rewrap_data_key(&sealed("one"), &sealed("two"), &told).await.unwrap(), "there is none yet");
    db.store.data_key(&sealed("one"), NOW).await.unwrap();
    assert!(db.store.rewrap_data_key(&sealed("one"), &sealed("two"), &told).await.unwrap());
    assert!(!db.store.rewrap_data_key(&sealed("one"), &sealed("three"), &told).await.unwrap());
    assert_eq!(db.store.data_key(&sealed("four"), NOW).await.unwrap(), sealed("two"));
    assert_eq!(trail_of_nobody(&db).await, ["master_key_rotated"]);
}

async fn the_first_signing_key_offered_stays(db: TestDb) {
    assert_eq!(db.store.signing_keys().await.unwrap(), []);
    let another = db.another().await;
    for (store, kid) in [(&db.store, "first"), (&db.store, "second"), (&another, "third")] {
        store.first_signing_key(&key(kid, 0, 0)).await.unwrap();
        assert_eq!(store.signing_keys().await.unwrap(), [key("first", 0, 0)]);
    }
}

async fn jwt_14_a_key_waits_alone_and_one_that_signs_at_once_waits_for_nobody(db: TestDb) {
    db.store.first_signing_key(&key("first", 0, 0)).await.unwrap();
    assert!(add(&db, &key("waiting", 10, 370)).await);
    assert!(!add(&db, &key("impatient", 20, 380)).await);
    assert!(add(&db, &key("now", 30, 30)).await);
    // The one that waited has lost its turn.
    assert!(add(&db, &key("next", 40, 400)).await);
    assert!(!add(&db, &key("impatient", 399, 759)).await);
    assert!(add(&db, &key("last", 400, 760)).await);
    assert_eq!(kids(&db).await, ["first", "waiting", "now", "next", "last"]);

    assert!(retire(&db, "last", 410).await);
    assert!(add(&db, &key("in its place", 420, 780)).await);
}

async fn jwt_14_the_key_that_signs_is_not_retired_and_any_other_is_once(db: TestDb) {
    db.store.first_signing_key(&key("first", 0, 0)).await.unwrap();
    assert!(!retire(&db, "first", 1).await, "it signs");
    assert!(add(&db, &key("second", 10, 370)).await);
    assert!(!retire(&db, "first", 369).await, "it still does");
    assert!(!retire(&db, "nobody", 370).await);
    assert!(retire(&db, "first", 370).await);
    assert!(!retire(&db, "first", 371).await, "it was");
    assert!(!retire(&db, "second", 371).await, "it signs");

    assert!(add(&db, &key("third", 380, 740)).await);
    assert!(retire(&db, "third", 390).await, "it only waits");
    assert!(!retire(&db, "second", 800).await, "nobody came after it");

    let keys = db.store.signing_keys().await.unwrap();
    assert_eq!(keys[0], StoredKey { sealed: sealed(""), retired_at: Some(at(370)), ..key("first", 0, 0) });
    assert_eq!(keys[1], key("second", 10, 370));
}

async fn a_key_is_forgotten_once_its_successor_has_signed_for_long(db: TestDb) {
    db.store.first_signing_key(&key("first", 0, 0)).await.unwrap();
    assert!(add(&db, &key("second", 100, 100)).await);
    assert!(add(&db, &key("third", 200, 560)).await);
    assert!(retire(&db, "third", 300).await);
    let add = async |kid, now, forget_before| {
        db.store.add_signing_key(&key(kid, now, now), at(forget_before), &event(SIGNED)).await.unwrap()
    };
    assert!(add("fourth", 1000, 99).await);
    assert_eq!(kids(&db).await, ["first", "second", "third", "fourth"]);
    assert!(add("fifth", 2000, 100).await);
    assert_eq!(kids(&db).await, ["second", "third", "fourth", "fifth"]);
    assert!(add("sixth", 3000, 999).await);
    assert_eq!(
        kids(&db).await,
        ["second", "third", "fourth", "fifth", "sixth"],
        "a key that never signed ends nobody's time"
    );
    assert!(add("seventh", 4000, 1000).await);
    assert_eq!(kids(&db).await, ["fourth", "fifth", "sixth", "seventh"]);
}

async fn every_change_of_the_keys_raises_their_version_and_leaves_a_row_in_the_trail(db: TestDb) {
    db.store.first_signing_key(&key("first", 0, 0)).await.unwrap();
    let mut version = db.store.signing_keys_version().await.unwrap();
    let mut rose = async || {
        let before = std::mem::replace(&mut version, db.another().await.signing_keys_version().await.unwrap());
        version > before
    };
    assert!(add(&db, &key("second", 10, 370)).await && rose().await);
    assert!(!add(&db, &key("third", 20, 380)).await && !rose().await);
    assert!(!retire(&db, "first", 30).await && !rose().await);
    assert!(retire(&db, "first", 370).await && rose().await);
    assert_eq!(trail_of_nobody(&db).await, ["signing_key_rotated", "signing_key_retired"]);
}

/// What the trail says of no user, oldest first.
async fn trail_of_nobody(db: &TestDb) -> Vec<String> {
    const QUERY: &str = "SELECT kind FROM events WHERE user_id IS NULL ORDER BY happened_at";
    if db.url().starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(db.url()).await.unwrap();
        sqlx::query_scalar(QUERY).fetch_all(&mut connection).await.unwrap()
    } else {
        let mut connection = PgConnection::connect(db.url()).await.unwrap();
        sqlx::query_scalar(QUERY).fetch_all(&mut connection).await.unwrap()
    }
}
