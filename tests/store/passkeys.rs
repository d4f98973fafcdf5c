//! Keys of authenticators, and challenges that wait for one.

use std::{sync::Arc, time::Duration};

use portcullis::{
    account::UserId,
    audit::EventKind,
    passkey::{
        CHALLENGES_MAX, Ceremony, Challenge, PASSKEYS_MAX, Passkey, PasskeyId, PasskeyKind, PasskeyName, UserHandle,
    },
    recovery::RecoveryHash,
    secret::{PlainToken, TokenHash},
    store::{NewPasskeyUser, PasskeyAdded, PasskeyRemoved, PasskeyUse, Store},
};

use crate::{both, db::TestDb, fixture::*};

both! {
    wa_1_in_a_race_for_a_challenge_one_gets_it,
    wa_1_a_challenge_is_what_was_given_out_until_it_ends,
    an_asker_has_only_so_many_challenges,
    in_a_race_of_askers_the_newest_challenges_stay,
    wa_6_in_a_race_for_a_credential_one_user_gets_it,
    wa_6_in_a_race_of_accounts_with_one_credential_one_is_made,
    wa_8_in_a_race_of_uses_with_one_count_one_wins,
    wa_8_a_count_only_rises_unless_there_is_none,
    wa_10_in_a_race_of_removals_one_way_in_stays,
    wa_11_a_user_has_one_handle_also_in_a_race,
    in_a_race_nobody_gets_more_keys_than_they_may_have,
    a_session_that_rests_on_a_key_needs_it,
    a_session_needs_the_key_that_its_user_has,
    everything_of_a_user_goes_with_them_also_in_a_race,
    a_key_of_a_newer_kind_opens_nothing_and_stays,
}

fn flow() -> TokenHash {
    PlainToken::generate().unwrap().hash()
}

fn challenge(user: Option<UserId>) -> Challenge {
    Challenge { ceremony: Ceremony::Login, user, session: None, state: "state".into(), expires_at: LATER }
}

fn passkey(user: UserId, credential_id: &[u8]) -> Passkey {
    Passkey {
        id: PasskeyId::new(NOW),
        user,
        kind: PasskeyKind::Passkey,
        name: PasskeyName::parse("Key").unwrap(),
        credential_id: credential_id.to_vec(),
        public_key: "{}".into(),
        sign_count: 0,
        backup_eligible: true,
        backed_up: false,
        transports: vec!["usb".into(), "nfc".into()],
        created_at: NOW,
        last_used_at: None,
    }
}

fn codes() -> Vec<RecoveryHash> {
    vec![RecoveryHash::from_bytes([1; 32])]
}

async fn add(store: &Arc<dyn Store>, passkey: &Passkey) -> PasskeyAdded {
    let told = event(EventKind::PasskeyAdded).user(passkey.user);
    store.add_passkey(passkey, &codes(), &told).await.unwrap()
}

async fn remove(store: &Arc<dyn Store>, user: UserId, id: PasskeyId) -> PasskeyRemoved {
    store.remove_passkey(user, id, &event(EventKind::PasskeyRemoved).user(user)).await.unwrap()
}

/// An account with this passkey and no password, not stored yet.
fn new_account(name: &str, credential_id: &[u8]) -> NewPasskeyUser {
    let mut user = new_user(name);
    user.password = None;
    let passkey = passkey(user.user.id, credential_id);
    NewPasskeyUser { user, handle: UserHandle::generate().unwrap(), passkey, recovery_codes: codes() }
}

async fn register(store: &Arc<dyn Store>, new: &NewPasskeyUser) -> bool {
    let told = event(EventKind::UserRegistered).user(new.user.user.id);
    store.register_passkey_user(new, false, &told).await.unwrap()
}

async fn wa_1_in_a_race_for_a_challenge_one_gets_it(db: TestDb) {
    let flow = flow();
    assert!(db.store.put_challenge(&flow, &challenge(None), None).await.unwrap());
    let taken = all_at_once(&db.store, |_, store| async move { store.take_challenge(&flow, NOW).await.unwrap() }).await;
    assert_eq!(taken.into_iter().flatten().collect::<Vec<_>>(), [challenge(None)]);
}

async fn wa_1_a_challenge_is_what_was_given_out_until_it_ends(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let session = add_session(&db.store, ada).await;
    let (first, second) = (flow(), flow());
    let bound = Challenge { ceremony: Ceremony::Registration, session: Some(session), ..challenge(Some(ada)) };
    assert!(db.store.put_challenge(&first, &challenge(None), None).await.unwrap());
    // A flow has one challenge, the latest.
    assert!(db.store.put_challenge(&first, &bound, Some("user")).await.unwrap());
    assert_eq!(db.store.take_challenge(&second, NOW).await.unwrap(), None);
    assert_eq!(db.store.take_challenge(&first, NOW).await.unwrap(), Some(bound.clone()));
    assert!(db.store.put_challenge(&first, &bound, Some("user")).await.unwrap());
    assert_eq!(db.store.take_challenge(&first, LATER).await.unwrap(), None);
    let nobody = challenge(Some(UserId::new(NOW)));
    assert!(!db.store.put_challenge(&second, &nobody, None).await.unwrap());
}

async fn an_asker_has_only_so_many_challenges(db: TestDb) {
    let (other, first) = (flow(), flow());
    db.store.put_challenge(&other, &challenge(None), Some("network:b")).await.unwrap();
    db.store.put_challenge(&first, &challenge(None), Some("network:a")).await.unwrap();
    for later in 1..=u64::from(CHALLENGES_MAX) {
        let challenge = Challenge { expires_at: LATER + Duration::from_millis(later), ..challenge(None) };
        db.store.put_challenge(&flow(), &challenge, Some("network:a")).await.unwrap();
    }
    assert_eq!(db.count("passkey_challenges").await, i64::from(CHALLENGES_MAX) + 1);
    assert_eq!(db.store.take_challenge(&first, NOW).await.unwrap(), None);
    assert!(db.store.take_challenge(&other, NOW).await.unwrap().is_some());
}

async fn in_a_race_of_askers_the_newest_challenges_stay(db: TestDb) {
    for later in 0..u64::from(CHALLENGES_MAX) {
        let challenge = Challenge { expires_at: LATER + Duration::from_millis(later), ..challenge(None) };
        db.store.put_challenge(&flow(), &challenge, Some("network:a")).await.unwrap();
    }
    let newest = LATER + Duration::from_secs(10);
    let flows = all_at_once(&db.store, |_, store| async move {
        let flow = flow();
        let challenge = Challenge { expires_at: newest, ..challenge(None) };
        store.put_challenge(&flow, &challenge, Some("network:a")).await.unwrap();
        flow
    })
    .await;
    for flow in flows {
        assert!(db.store.take_challenge(&flow, NOW).await.unwrap().is_some());
    }
    assert!(db.count("passkey_challenges").await < i64::from(CHALLENGES_MAX));
}

async fn wa_6_in_a_race_for_a_credential_one_user_gets_it(db: TestDb) {
    let mut users = Vec::new();
    for number in 0..32 {
        users.push(add_user(&db.store, &format!("user{number}")).await);
    }
    let added = all_at_once(&db.store, |caller, store| {
        let key = passkey(users[caller], b"the same");
        async move { add(&store, &key).await }
    })
    .await;
    assert_eq!(added.iter().filter(|added| **added == PasskeyAdded::First).count(), 1);
    assert_eq!(added.iter().filter(|added| **added == PasskeyAdded::Refused).count(), 31);
    assert_eq!(db.count("passkeys").await, 1);
    assert_eq!(db.count("recovery_codes").await, 1);
}

async fn wa_6_in_a_race_of_accounts_with_one_credential_one_is_made(db: TestDb) {
    let made = all_at_once(&db.store, |caller, store| async move {
        register(&store, &new_account(&format!("user{caller}"), b"the same")).await
    })
    .await;
    assert_eq!(made.into_iter().filter(|made| *made).count(), 1);
    assert_eq!((db.count("users").await, db.count("passkey_handles").await), (1, 1));
}

async fn wa_8_in_a_race_of_uses_with_one_count_one_wins(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let key = passkey(ada, b"counts");
    add(&db.store, &key).await;
    let used = all_at_once(&db.store, |_, store| async move {
        store.use_passkey(&PasskeyUse { id: key.id, sign_count: 1, backed_up: true, at: NOW }).await.unwrap()
    })
    .await;
    assert_eq!(used.into_iter().filter(|used| *used).count(), 1);
}

async fn wa_8_a_count_only_rises_unless_there_is_none(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let key = passkey(ada, b"counts");
    add(&db.store, &key).await;
    for (sign_count, counts) in [(0, true), (0, true), (5, true), (5, false), (4, false), (0, false), (6, true)] {
        let used = PasskeyUse { id: key.id, sign_count, backed_up: sign_count == 6, at: NOW };
        assert_eq!(db.store.use_passkey(&used).await.unwrap(), counts, "{sign_count}");
    }
    let expected = Passkey { sign_count: 6, backed_up: true, last_used_at: Some(NOW), ..key };
    assert_eq!(db.store.passkeys(ada).await.unwrap(), [expected]);
    let gone = PasskeyUse { id: PasskeyId::new(NOW), sign_count: 9, backed_up: false, at: NOW };
    assert!(!db.store.use_passkey(&gone).await.unwrap());
}

async fn wa_10_in_a_race_of_removals_one_way_in_stays(db: TestDb) {
    let new = new_account("ada", b"0");
    assert!(register(&db.store, &new).await);
    let ada = new.user.user.id;
    let mut keys = vec![new.passkey.id];
    for number in 1..32_u8 {
        let key = passkey(ada, &[number]);
        assert_eq!(add(&db.store, &key).await, PasskeyAdded::Further);
        keys.push(key.id);
    }
    let removed = all_at_once(&db.store, |caller, store| {
        let id = keys[caller];
        async move { remove(&store, ada, id).await }
    })
    .await;
    assert_eq!(removed.iter().filter(|removed| **removed == PasskeyRemoved::LastWayIn).count(), 1);
    assert_eq!(db.store.passkeys(ada).await.unwrap().len(), 1);
    assert_eq!(db.store.recovery_codes_left(ada).await.unwrap(), 1);
}

async fn wa_11_a_user_has_one_handle_also_in_a_race(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let handles = all_at_once(&db.store, |_, store| async move {
        store.user_handle(ada, UserHandle::generate().unwrap()).await.unwrap().unwrap()
    })
    .await;
    assert!(handles.iter().all(|handle| *handle == handles[0]));
    let offered = UserHandle::generate().unwrap();
    assert_eq!(db.store.user_handle(UserId::new(NOW), offered).await.unwrap(), None);
}

async fn in_a_race_nobody_gets_more_keys_than_they_may_have(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    for number in 0..PASSKEYS_MAX - 10 {
        add(&db.store, &passkey(ada, &[number])).await;
    }
    let added = all_at_once(&db.store, |caller, store| async move {
        add(&store, &passkey(ada, &[u8::try_from(caller).unwrap(), 0])).await
    })
    .await;
    assert_eq!(added.iter().filter(|added| **added == PasskeyAdded::Further).count(), 10);
    assert_eq!(added.iter().filter(|added| **added == PasskeyAdded::TooMany).count(), 22);
}

async fn a_session_that_rests_on_a_key_needs_it(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let bob = add_user(&db.store, "bob").await;
    let (key, other) = (passkey(ada, b"ada"), passkey(bob, b"bob"));
    add(&db.store, &key).await;
    db.store.user_handle(bob, UserHandle::generate().unwrap()).await.unwrap();
    add(&db.store, &other).await;
    let open = async |passkey| {
        let mut new = new_session(ada);
        new.session.amr = ["hwk", "user", "mfa"].map(str::to_owned).to_vec();
        new.passkey = Some(passkey);
        let told = event(EventKind::LoginSucceeded).user(ada);
        db.store.open_session(&new, &told).await.unwrap().is_some()
    };
    assert!(open(key.id).await);
    assert!(!open(other.id).await && !open(PasskeyId::new(NOW)).await);
    assert_eq!(remove(&db.store, ada, key.id).await, PasskeyRemoved::Gone);
    assert!(!open(key.id).await);
}

async fn a_session_needs_the_key_that_its_user_has(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    add(&db.store, &passkey(ada, b"ada")).await;
    let told = event(EventKind::LoginSucceeded).user(ada);
    let mut new = new_session(ada);
    assert!(db.store.open_session(&new, &told).await.unwrap().is_none(), "a password alone");
    new.session.amr.push("mfa".to_owned());
    assert!(db.store.open_session(&new, &told).await.unwrap().is_some());
}

async fn everything_of_a_user_goes_with_them_also_in_a_race(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let key = passkey(ada, b"ada");
    all_at_once(&db.store, |caller, store| {
        let key = key.clone();
        async move {
            match caller {
                0 => {
                    let told = event(EventKind::UserDeleted);
                    assert!(store.delete_user(ada, &of_user(ada, 2), &told).await.unwrap());
                }
                n if n % 4 == 1 => {
                    let _ = store.user_handle(ada, UserHandle::generate().unwrap()).await.unwrap();
                }
                n if n % 4 == 2 => {
                    let _ = store.put_challenge(&flow(), &challenge(Some(ada)), Some("user")).await.unwrap();
                }
                n if n % 4 == 3 => {
                    let _ = add(&store, &Passkey { id: PasskeyId::new(NOW), ..key }).await;
                }
                _ => {
                    let used = PasskeyUse { id: key.id, sign_count: 1, backed_up: false, at: NOW };
                    let _ = store.use_passkey(&used).await.unwrap();
                }
            }
        }
    })
    .await;
    for table in ["passkeys", "passkey_handles", "passkey_challenges", "recovery_codes"] {
        assert_eq!(db.count(table).await, 0, "{table}");
    }
    // What was swept is gone for whoever comes too late.
    db.store.put_challenge(&flow(), &challenge(None), None).await.unwrap();
    db.store.forget_expired(LATER).await.unwrap();
    assert_eq!(db.count("passkey_challenges").await, 0);
    assert_eq!(db.store.passkey_by_credential(b"ada").await.unwrap(), None);
}

async fn a_key_of_a_newer_kind_opens_nothing_and_stays(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    db.store.user_handle(ada, UserHandle::generate().unwrap()).await.unwrap();
    let (known, newer) = (passkey(ada, b"known"), Passkey { sign_count: 7, ..passkey(ada, b"newer") });
    assert_eq!(add(&db.store, &known).await, PasskeyAdded::First);
    assert_eq!(add(&db.store, &newer).await, PasskeyAdded::Further);
    db.execute("UPDATE passkeys SET kind = 'newer' WHERE sign_count = 7".into()).await;
    let listed: Vec<_> = db.store.passkeys(ada).await.unwrap().into_iter().map(|key| key.id).collect();
    assert_eq!(listed, [known.id]);
    assert_eq!(db.store.passkey_by_credential(b"newer").await.unwrap(), None);
    assert_eq!(remove(&db.store, ada, newer.id).await, PasskeyRemoved::Unknown);
    assert_eq!(db.count("passkeys").await, 2);
}
