//! Input that means to be more than data.

use portcullis::{
    account::{Email, Username},
    audit::EventKind,
    clock::Timestamp,
    store::StoreError,
};

use crate::{both, db::TestDb, fixture::*};

both! {
    db_2_sql_in_names_is_only_data,
    db_2_five_megabytes_are_only_data,
    db_2_what_a_database_cannot_hold_is_an_error_without_the_value,
    moments_far_from_now_come_back,
}

const SQL: &str = "'; DROP TABLE users; -- \" \\ $1 ?1 :a %s {} \u{1F4A3}";

async fn db_2_sql_in_names_is_only_data(db: TestDb) {
    let mut new = new_user("d.r-o_p");
    new.user.email = Email::parse("o'hara--$1@example.com").unwrap();
    new.user.name = SQL.into();
    new.user.roles = vec![SQL.to_owned()];
    new.password = Some(hash(SQL));
    let told = event(EventKind::UserRegistered).user(new.user.id);
    db.store.create_user(&new, &told).await.unwrap();

    let found = db.store.user_by_email(&Email::parse("O'Hara--$1@example.com").unwrap()).await.unwrap().unwrap();
    assert_eq!(found.user, new.user);
    assert_eq!(found.password, new.password);

    let mut session = new_session(new.user.id);
    session.session.device.user_agent = Some(SQL.to_owned());
    assert!(db.store.open_session(&session, &told_of(SQL)).await.unwrap().is_some());
    assert_eq!(db.store.session(session.session.id, NOW).await.unwrap(), Some(session.session));
}

fn told_of(user_agent: &str) -> portcullis::audit::Event {
    let device = portcullis::session::Device { address: None, user_agent: Some(user_agent.to_owned()) };
    portcullis::audit::Event::new(EventKind::LoginSucceeded, NOW, &device)
}

async fn db_2_five_megabytes_are_only_data(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let long = "x".repeat(5_000_000);
    assert!(db.store.rename_user(ada, &long, &told_of(&long).user(ada)).await.unwrap());
    assert!(db.store.user(ada).await.unwrap().unwrap().user.name == long);
    let events = db.store.events_of(ada, 10).await.unwrap();
    assert!(events.iter().any(|event| event.user_agent.as_ref() == Some(&long)));
    assert!(Username::parse(&long).is_none() && Email::parse(&format!("{long}@example.com")).is_none());
}

async fn db_2_what_a_database_cannot_hold_is_an_error_without_the_value(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    // PostgreSQL has no text with a zero byte in it, SQLite has.
    match db.store.rename_user(ada, "secret\0", &event(EventKind::ProfileChanged).user(ada)).await {
        Ok(renamed) => assert!(renamed),
        Err(error @ StoreError::Broken(_)) => assert!(!format!("{error} {error:?}").contains("secret")),
        Err(other) => panic!("{other}"),
    }
    db.store.ping().await.unwrap();
}

async fn moments_far_from_now_come_back(db: TestDb) {
    let ada = add_user(&db.store, "ada").await;
    let mut new = new_session(ada);
    new.session.created_at = Timestamp::from_millis(i64::MIN);
    new.session.auth_time = Timestamp::from_millis(-1);
    new.session.expires_at = Timestamp::from_millis(i64::MAX);
    assert!(db.store.open_session(&new, &event(EventKind::LoginSucceeded)).await.unwrap().is_some());
    assert_eq!(db.store.session(new.session.id, NOW).await.unwrap(), Some(new.session));
}
