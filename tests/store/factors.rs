//! Second factors, and the flows of logins that wait for one.

use std::time::Duration;

use portcullis::{
    account::UserId,
    audit::EventKind,
    clock::Timestamp,
    flow::{Flow, FlowId, Step},
    recovery::RecoveryHash,
    secret::{PlainToken, Sealed, TokenHash},
    store::{Store, StoredTotp, TotpConfirmation, TotpConfirmed},
};
use uuid::Uuid;

use crate::{both, db::TestDb, fixture::*};

both! {
    a_flow_is_what_was_begun_until_it_ends,
    a_flow_begins_for_a_user_who_is_as_they_were,
    a_flow_ends_the_one_that_it_follows,
    a_session_ends_the_flow_that_led_to_it,
    a_session_needs_the_second_factor_that_its_user_has,
    a_set_up_stands_beside_the_live_authenticator,
    a_confirmation_may_be_kept_from_replacing,
    tp_4_steps_only_rise_and_belong_to_their_authenticator,
    tp_5_in_a_race_of_uses_of_a_step_one_wins,
    in_a_race_of_confirmations_one_wins,
    in_a_race_of_sessions_of_one_flow_one_opens,
    rc_2_a_recovery_code_is_spent_once_and_by_its_user,
    rc_2_in_a_race_of_uses_of_a_recovery_code_one_wins,
    everything_of_a_user_goes_with_them_also_in_a_race,
    what_has_expired_is_forgotten,
}

fn token() -> TokenHash {
    PlainToken::generate().unwrap().hash()
}

fn flow(user: UserId) -> Flow {
    Flow {
        step: Step::SecondFactor,
        user,
        amr: vec!["pwd".to_owned()],
        auth_time: NOW,
        password_version: 1,
        generation: 1,
        remember: true,
        expires_at: LATER,
    }
}

async fn start(store: &dyn Store, id: &TokenHash, flow: &Flow) -> bool {
    store.start_flow(id, flow, None, &event(EventKind::LoginUnfinished).user(flow.user)).await.unwrap()
}

fn authenticator(secret: &[u8]) -> StoredTotp {
    StoredTotp { id: Uuid::now_v7(), secret: Sealed::from_stored(secret.to_vec()) }
}

fn code(number: u8) -> RecoveryHash {
    RecoveryHash::from_bytes([number; 32])
}

fn confirmation(user: UserId, id: Uuid) -> TotpConfirmation {
    TotpConfirmation { user, id, step: 100, may_replace: true, recovery_codes: vec![code(1), code(2)] }
}

async fn set_up(store: &dyn Store, user: UserId, setup: &StoredTotp) {
    let told = event(EventKind::TotpSetupStarted).user(user);
    assert!(store.start_totp_setup(user, setup, LATER, &told).await.unwrap());
}

async fn confirm(store: &dyn Store, confirmation: &TotpConfirmation) -> TotpConfirmed {
    store.confirm_totp(confirmation, &event(EventKind::TotpEnabled).user(confirmation.user)).await.unwrap()
}

/// A user with a live authenticator whose last step is 100.
async fn enrolled(store: &dyn Store, user: UserId) -> StoredTotp {
    let live = authenticator(b"live");
    set_up(store, user, &live).await;
    assert_eq!(confirm(store, &confirmation(user, live.id)).await, TotpConfirmed::First);
    live
}

async fn a_flow_is_what_was_begun_until_it_ends(db: TestDb) {
    let (one, other) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let (id, enrolment) = (token(), Flow { step: Step::Enrolment, remember: false, ..flow(other) });
    let of_other = FlowId::parse(&format!("pcf_{}", "A".repeat(43))).unwrap().hash();
    assert!(start(&*db.store, &id, &flow(one)).await && start(&*db.store, &of_other, &enrolment).await);
    assert_eq!(db.store.flow(&id, NOW).await.unwrap(), Some(flow(one)));
    assert_eq!(db.store.flow(&of_other, NOW).await.unwrap(), Some(enrolment));
    assert_eq!(db.store.flow(&token(), NOW).await.unwrap(), None);
    assert_eq!(db.store.flow(&id, LATER).await.unwrap(), None);
    assert_eq!(trail(&db.store, one).await, [EventKind::UserRegistered, EventKind::LoginUnfinished]);
}

async fn a_flow_begins_for_a_user_who_is_as_they_were(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    for other in
        [Flow { password_version: 2, ..flow(ada) }, Flow { generation: 2, ..flow(ada) }, flow(UserId::new(NOW))]
    {
        assert!(!start(&*db.store, &token(), &other).await);
    }
    assert_eq!(trail(&db.store, ada).await, [EventKind::UserRegistered]);
}

async fn a_flow_ends_the_one_that_it_follows(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let (first, second) = (token(), token());
    assert!(start(&*db.store, &first, &flow(ada)).await);
    let next = Flow { step: Step::NewPassword, ..flow(ada) };
    let follow = async |id, next: &Flow| {
        let told = event(EventKind::LoginUnfinished).user(next.user);
        db.store.start_flow(id, next, Some(&first), &told).await.unwrap()
    };
    assert!(!follow(&second, &flow(eve)).await);
    assert!(follow(&second, &next).await && !follow(&token(), &next).await);
    assert_eq!(db.store.flow(&first, NOW).await.unwrap(), None);
    assert_eq!(db.store.flow(&second, NOW).await.unwrap(), Some(next));
}

async fn a_session_ends_the_flow_that_led_to_it(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let open = async |user, flow| {
        let mut new = new_session(user);
        new.flow = Some(flow);
        db.store.open_session(&new, &event(EventKind::LoginSucceeded).user(user)).await.unwrap().is_some()
    };
    let id = token();
    assert!(start(&*db.store, &id, &flow(ada)).await);
    assert!(!open(eve, id).await && !open(ada, token()).await);
    assert!(open(ada, id).await);
    assert_eq!(db.store.flow(&id, NOW).await.unwrap(), None);
    assert!(!open(ada, id).await);
    // One that has expired, by the time of the event, leads nowhere.
    assert!(start(&*db.store, &id, &Flow { expires_at: NOW, ..flow(ada) }).await);
    assert!(!open(ada, id).await);
}

async fn a_session_needs_the_second_factor_that_its_user_has(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let open = async |amr: &str| {
        let mut new = new_session(ada);
        new.session.amr = amr.split(' ').map(str::to_owned).collect();
        db.store.open_session(&new, &event(EventKind::LoginSucceeded).user(ada)).await.unwrap().is_some()
    };
    let setup = authenticator(b"pending");
    set_up(&*db.store, ada, &setup).await;
    assert!(open("pwd").await);
    assert_eq!(confirm(&*db.store, &confirmation(ada, setup.id)).await, TotpConfirmed::First);
    assert!(!open("pwd").await && !open("pwd otp").await);
    assert!(open("pwd otp mfa").await);
    assert!(db.store.remove_totp(ada, &event(EventKind::TotpDisabled).user(ada)).await.unwrap());
    assert!(open("pwd").await);
}

async fn a_set_up_stands_beside_the_live_authenticator(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let has_totp = async || db.store.user(ada).await.unwrap().unwrap().second_factors.totp;
    let live = enrolled(&*db.store, ada).await;
    assert!(has_totp().await);
    let (first, second) = (authenticator(b"first"), authenticator(b"second"));
    set_up(&*db.store, ada, &first).await;
    set_up(&*db.store, ada, &second).await;
    assert_eq!(db.store.totp(ada).await.unwrap(), Some(live.clone()));
    assert_eq!(db.store.totp_setup(ada, NOW).await.unwrap(), Some(second.clone()));
    assert_eq!(db.store.totp_setup(ada, LATER).await.unwrap(), None);
    assert_eq!(confirm(&*db.store, &confirmation(ada, first.id)).await, TotpConfirmed::Refused);
    assert_eq!(db.store.totp(ada).await.unwrap(), Some(live));
    let other = TotpConfirmation { recovery_codes: vec![code(9)], ..confirmation(ada, second.id) };
    assert_eq!(confirm(&*db.store, &other).await, TotpConfirmed::Replaced);
    assert_eq!(db.store.totp(ada).await.unwrap(), Some(second));
    assert_eq!(db.store.totp_setup(ada, NOW).await.unwrap(), None);
    assert_eq!(db.store.recovery_codes_left(ada).await.unwrap(), 2);
    assert!(db.store.remove_totp(ada, &event(EventKind::TotpDisabled).user(ada)).await.unwrap());
    assert!(!db.store.remove_totp(ada, &event(EventKind::TotpDisabled).user(ada)).await.unwrap());
    assert_eq!((db.store.recovery_codes_left(ada).await.unwrap(), has_totp().await), (0, false));
}

async fn a_confirmation_may_be_kept_from_replacing(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let live = enrolled(&*db.store, ada).await;
    let setup = authenticator(b"other");
    set_up(&*db.store, ada, &setup).await;
    let first_only = TotpConfirmation { may_replace: false, ..confirmation(ada, setup.id) };
    assert_eq!(confirm(&*db.store, &first_only).await, TotpConfirmed::Refused);
    assert_eq!(db.store.totp(ada).await.unwrap(), Some(live));
    // Refused, it has not used the set-up up.
    assert_eq!(db.store.totp_setup(ada, NOW).await.unwrap(), Some(setup));
}

async fn tp_4_steps_only_rise_and_belong_to_their_authenticator(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    let live = enrolled(&*db.store, ada).await;
    let uses = async |user, id, step| db.store.use_totp_step(user, id, step).await.unwrap();
    assert!(!uses(ada, live.id, 100).await && !uses(ada, live.id, 99).await);
    assert!(!uses(ada, Uuid::now_v7(), 101).await && !uses(eve, live.id, 101).await);
    assert!(uses(ada, live.id, 102).await);
    assert!(!uses(ada, live.id, 102).await && !uses(ada, live.id, 101).await);
    assert!(uses(ada, live.id, 103).await);
}

async fn tp_5_in_a_race_of_uses_of_a_step_one_wins(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let live = enrolled(&*db.store, ada).await;
    let used = all_at_once(&db.store, |_, store| async move { store.use_totp_step(ada, live.id, 101).await.unwrap() });
    assert_eq!(used.await.into_iter().filter(|used| *used).count(), 1);
}

async fn in_a_race_of_confirmations_one_wins(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let setup = authenticator(b"secret");
    set_up(&*db.store, ada, &setup).await;
    let answers = all_at_once(&db.store, |caller, store| async move {
        let codes = vec![code(u8::try_from(caller).unwrap())];
        confirm(&*store, &TotpConfirmation { recovery_codes: codes, ..confirmation(ada, setup.id) }).await
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| **answer == TotpConfirmed::First).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == TotpConfirmed::Refused).count(), 31);
    assert_eq!(db.store.recovery_codes_left(ada).await.unwrap(), 1);
}

async fn in_a_race_of_sessions_of_one_flow_one_opens(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let id = token();
    assert!(start(&*db.store, &id, &flow(ada)).await);
    let opened = all_at_once(&db.store, |_, store| async move {
        let mut new = new_session(ada);
        new.flow = Some(id);
        store.open_session(&new, &event(EventKind::LoginSucceeded).user(ada)).await.unwrap().is_some()
    })
    .await;
    assert_eq!(opened.into_iter().filter(|opened| *opened).count(), 1);
}

async fn rc_2_a_recovery_code_is_spent_once_and_by_its_user(db: TestDb) {
    let (ada, eve) = (add_user(&db.store, "ada").await, add_user(&db.store, "eve").await);
    enrolled(&*db.store, ada).await;
    let spend = async |user, number| {
        let told = event(EventKind::RecoveryCodeUsed).user(user);
        db.store.use_recovery_code(user, &code(number), &told).await.unwrap()
    };
    assert!(!spend(eve, 1).await && !spend(ada, 7).await);
    assert!(spend(ada, 1).await && !spend(ada, 1).await);
    assert_eq!(db.store.recovery_codes_left(ada).await.unwrap(), 1);
    let told = event(EventKind::RecoveryCodesReplaced).user(ada);
    assert!(db.store.replace_recovery_codes(ada, &[code(3), code(4), code(5)], &told).await.unwrap());
    assert_eq!(db.store.recovery_codes_left(ada).await.unwrap(), 3);
    assert!(!spend(ada, 2).await && spend(ada, 3).await);
    assert!(!db.store.replace_recovery_codes(UserId::new(NOW), &[code(3)], &told).await.unwrap());
    let used = trail(&db.store, ada).await.into_iter().filter(|kind| *kind == EventKind::RecoveryCodeUsed);
    assert_eq!(used.count(), 2);
}

async fn rc_2_in_a_race_of_uses_of_a_recovery_code_one_wins(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    enrolled(&*db.store, ada).await;
    let spent = all_at_once(&db.store, |_, store| async move {
        store.use_recovery_code(ada, &code(1), &event(EventKind::RecoveryCodeUsed).user(ada)).await.unwrap()
    })
    .await;
    assert_eq!(spent.into_iter().filter(|spent| *spent).count(), 1);
}

async fn everything_of_a_user_goes_with_them_also_in_a_race(db: TestDb) {
    for round in 0..8 {
        let ada = add_user(&db.store, &format!("ada{round}")).await;
        let live = enrolled(&*db.store, ada).await;
        let setup = authenticator(b"other");
        set_up(&*db.store, ada, &setup).await;
        all_at_once(&db.store, |caller, store| {
            let setup = setup.clone();
            async move {
                let told = event(EventKind::TotpEnabled).user(ada);
                match caller {
                    0 => assert!(store.delete_user(ada, &of_user(ada, 2), &told).await.unwrap()),
                    n if n % 6 == 1 => {
                        let _ = confirm(&*store, &confirmation(ada, setup.id)).await;
                    }
                    n if n % 6 == 2 => {
                        let _ = store.start_totp_setup(ada, &setup, LATER, &told).await.unwrap();
                    }
                    n if n % 6 == 3 => {
                        let _ = store.replace_recovery_codes(ada, &[code(8), code(9)], &told).await.unwrap();
                    }
                    n if n % 6 == 4 => {
                        let _ = start(&*store, &token(), &flow(ada)).await;
                    }
                    n if n % 6 == 5 => {
                        let _ = store.remove_totp(ada, &told).await.unwrap();
                    }
                    _ => {
                        store.use_totp_step(ada, live.id, 200).await.unwrap();
                        store.use_recovery_code(ada, &code(1), &told).await.unwrap();
                    }
                }
            }
        })
        .await;
        assert_eq!(db.store.totp(ada).await.unwrap(), None);
        assert_eq!(db.store.totp_setup(ada, NOW).await.unwrap(), None);
        assert_eq!(db.store.recovery_codes_left(ada).await.unwrap(), 0);
    }
}

async fn what_has_expired_is_forgotten(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let id = token();
    assert!(start(&*db.store, &id, &flow(ada)).await);
    set_up(&*db.store, ada, &authenticator(b"pending")).await;
    let almost = LATER - Duration::from_millis(1);
    db.store.forget_expired(almost).await.unwrap();
    assert!(db.store.flow(&id, almost).await.unwrap().is_some());
    assert!(db.store.totp_setup(ada, almost).await.unwrap().is_some());
    db.store.forget_expired(LATER).await.unwrap();
    let long_ago = Timestamp::from_secs(0);
    assert_eq!(db.store.flow(&id, long_ago).await.unwrap(), None);
    assert_eq!(db.store.totp_setup(ada, long_ago).await.unwrap(), None);
}
