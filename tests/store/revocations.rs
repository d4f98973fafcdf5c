//! What is in force, and until when.

use std::time::Duration;

use portcullis::{
    account::UserId,
    audit::EventKind,
    revocation::{Revocation, Target},
};

use crate::{both, db::TestDb, fixture::*};

both! {
    a_revocation_is_in_force_until_its_moment_and_then_forgotten,
    a_revocation_is_only_ever_tightened,
}

async fn a_revocation_is_in_force_until_its_moment_and_then_forgotten(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let session = add_session(&db.store, ada).await;
    let told = event(EventKind::LoggedOut).user(ada);
    assert!(db.store.end_session(ada, session, &of_session(session), &told).await.unwrap());

    let last = LATER - Duration::from_millis(1);
    assert_eq!(db.store.revocations(last).await.unwrap(), [of_session(session)]);
    assert_eq!(db.store.revocations(LATER).await.unwrap(), []);
    db.store.forget_expired(last).await.unwrap();
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [of_session(session)]);
    db.store.forget_expired(LATER).await.unwrap();
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [], "forgotten, not just hidden");
}

async fn a_revocation_is_only_ever_tightened(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let target = |minimum| Target::User { id: ada.to_string(), minimum };
    let end_all = async |until| {
        let told = event(EventKind::LoggedOutEverywhere).user(ada);
        db.store.end_all_sessions(ada, until, &told).await.unwrap()
    };
    let later = LATER + Duration::from_mins(1);
    end_all(later).await;
    end_all(LATER).await;
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [Revocation { target: target(3), until: later }]);

    let lower = Revocation { target: target(1), until: LATER };
    let told = event(EventKind::UserDeleted).user(ada);
    assert!(db.store.delete_user(ada, &lower, &told).await.unwrap());
    assert_eq!(db.store.revocations(NOW).await.unwrap(), [Revocation { target: target(3), until: later }]);
    assert!(!db.store.delete_user(UserId::new(NOW), &lower, &told).await.unwrap());
}
