//! API keys in the store.

use std::{sync::Arc, time::Duration};

use portcullis::{
    Scopes,
    account::UserId,
    api_key::{ApiKey, ApiKeyId},
    audit::EventKind,
    revocation::{Revocation, Target},
    secret::PlainToken,
    session::SessionId,
    store::{ApiKeyMade, NewApiKey, Store},
};

use crate::{both, db::TestDb, fixture::*};

both! {
    a_key_is_found_with_its_owner_and_what_they_may_do,
    keys_made_in_a_race_are_never_more_than_may_be,
    a_key_takes_a_living_session_of_its_owner,
    deleting_keys_revokes_each_and_touches_no_one_elses,
    ak_1_the_store_knows_the_hash_and_no_more,
}

fn new(owner: UserId, session: SessionId, cap: u32) -> NewApiKey {
    let key = ApiKey {
        id: ApiKeyId::new(NOW),
        owner,
        name: "backup".to_owned(),
        scopes: Scopes::parse("notes:read notes:write"),
        created_at: NOW,
        expires_at: LATER,
        last_used_at: None,
    };
    NewApiKey { key, hash: PlainToken::generate().unwrap().hash(), session, cap }
}

async fn create(store: &Arc<dyn Store>, new: &NewApiKey) -> ApiKeyMade {
    store.create_api_key(new, &event(EventKind::ApiKeyCreated).user(new.key.owner)).await.unwrap()
}

fn of_key(id: ApiKeyId) -> Revocation {
    Revocation { target: Target::Session(id.to_string()), until: LATER }
}

async fn a_key_is_found_with_its_owner_and_what_they_may_do(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let new = new(ada, add_session(&db.store, ada).await, 9);
    assert_eq!(create(&db.store, &new).await, ApiKeyMade::Made);
    let found = db.store.api_key(new.key.id, NOW).await.unwrap().unwrap();
    assert_eq!((&found.key, found.owner.id, found.owner_scopes), (&new.key, ada, Scopes::default()));
    assert!(found.hash.matches(&new.hash));
    assert!(db.store.api_key(new.key.id, LATER).await.unwrap().is_none(), "it has expired");
    assert!(db.store.api_key(ApiKeyId::new(NOW), NOW).await.unwrap().is_none());

    let used = NOW + Duration::from_secs(5);
    db.store.saw_api_key(new.key.id, used).await.unwrap();
    let listed = db.store.api_keys_of(ada, NOW, None, 10).await.unwrap();
    assert_eq!(listed, [ApiKey { last_used_at: Some(used), ..new.key.clone() }]);
    assert_eq!(db.store.api_keys_of(ada, NOW, Some(new.key.id), 10).await.unwrap(), []);
    assert_eq!(db.store.api_keys_of(ada, LATER, None, 10).await.unwrap(), []);
    db.store.forget_expired(LATER).await.unwrap();
    assert_eq!(db.store.api_keys_of(ada, NOW, None, 10).await.unwrap(), []);
}

async fn keys_made_in_a_race_are_never_more_than_may_be(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let session = add_session(&db.store, ada).await;
    let made = all_at_once(&db.store, |_, store| async move { create(&store, &new(ada, session, 3)).await }).await;
    assert_eq!(made.iter().filter(|made| **made == ApiKeyMade::Made).count(), 3);
    assert_eq!(db.store.api_keys_of(ada, NOW, None, 50).await.unwrap().len(), 3);
}

async fn a_key_takes_a_living_session_of_its_owner(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let hers = add_session(&db.store, ada).await;
    assert_eq!(create(&db.store, &new(eve, hers, 9)).await, ApiKeyMade::SessionEnded);
    assert_eq!(create(&db.store, &new(ada, SessionId::new(NOW), 9)).await, ApiKeyMade::SessionEnded);
    let ended = event(EventKind::SessionEnded).user(ada);
    assert!(db.store.end_session(ada, hers, &of_session(hers), &ended).await.unwrap());
    assert_eq!(create(&db.store, &new(ada, hers, 9)).await, ApiKeyMade::SessionEnded);
    assert_eq!(db.store.api_keys_of(ada, NOW, None, 10).await.unwrap(), []);
}

async fn deleting_keys_revokes_each_and_touches_no_one_elses(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let (hers, others) = (add_session(&db.store, ada).await, add_session(&db.store, eve).await);
    let keys: Vec<_> = (0..3).map(|_| new(ada, hers, 9)).collect();
    for key in &keys {
        assert_eq!(create(&db.store, key).await, ApiKeyMade::Made);
    }
    let other = new(eve, others, 9);
    create(&db.store, &other).await;

    let told = event(EventKind::ApiKeyDeleted).user(ada);
    let id = keys[0].key.id;
    assert!(!db.store.delete_api_key(eve, id, &of_key(id), &told).await.unwrap(), "it is not hers");
    assert!(db.store.delete_api_key(ada, id, &of_key(id), &told).await.unwrap());
    let told = event(EventKind::ApiKeyDeleted).user(ada);
    assert!(!db.store.delete_api_key(ada, id, &of_key(id), &told).await.unwrap());
    let mut ended = db.store.delete_api_keys(ada, LATER, &told).await.unwrap();
    ended.sort_by_key(|id| id.0);
    assert_eq!(ended, [keys[1].key.id, keys[2].key.id]);
    assert_eq!(db.store.delete_api_keys(ada, LATER, &told).await.unwrap(), []);

    let mut revoked = db.store.revocations(NOW).await.unwrap();
    revoked.sort_by_key(|revocation| format!("{revocation:?}"));
    let mut expected: Vec<_> = keys.iter().map(|key| of_key(key.key.id)).collect();
    expected.sort_by_key(|revocation| format!("{revocation:?}"));
    assert_eq!(revoked, expected);
    assert_eq!(db.store.api_keys_of(eve, NOW, None, 10).await.unwrap(), [other.key]);
}

async fn ak_1_the_store_knows_the_hash_and_no_more(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let new = new(ada, add_session(&db.store, ada).await, 9);
    create(&db.store, &new).await;
    assert_eq!(db.bytes("hash", "api_keys").await, [new.hash.as_bytes().to_vec()]);
}
