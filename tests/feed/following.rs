//! When all is well.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::http::StatusCode;

use crate::{
    app::PASSWORD,
    both,
    db::TestDb,
    issuer::{Issuer, feed, until},
};

both![
    se_4_a_guard_elsewhere_refuses_what_is_revoked,
    what_is_revoked_while_the_issuer_is_away_is_refused_once_it_is_back,
    another_token_is_asked_for_when_the_stream_has_ended_with_the_last,
];

async fn se_4_a_guard_elsewhere_refuses_what_is_revoked(db: TestDb) {
    let issuer = Issuer::start(db).await;
    let (before, ended, good) =
        (issuer.app.user("ada").await, issuer.app.user("bob").await, issuer.app.user("eve").await);
    let stale = issuer.app.token("bob", PASSWORD).await;
    issuer.log_out(&before).await;

    let revocations = issuer.feed().build().unwrap();
    let guard = issuer.guard(&revocations);
    until(|| revocations.is_current(issuer.app.now())).await;
    assert_eq!(guard.ask(&before).await.0, 401);
    assert_eq!((guard.ask(&ended).await.0, guard.ask(&stale).await.0), (200, 200));

    issuer.log_out(&ended).await;
    guard.ask_until(&ended, 401).await;
    assert_eq!(guard.ask(&stale).await.0, 200);
    issuer.app.post("/auth/logout-all").bearer(&stale).send().await.expect(StatusCode::NO_CONTENT);
    guard.ask_until(&stale, 401).await;
    let again = issuer.app.token("bob", PASSWORD).await;
    assert_eq!((guard.ask(&good).await.0, guard.ask(&again).await.0), (200, 200));
    assert_eq!(revocations.judged_while_stale(), 0);
}

async fn what_is_revoked_while_the_issuer_is_away_is_refused_once_it_is_back(db: TestDb) {
    let issuer = Issuer::start(db).await;
    let (ended, good) = (issuer.app.user("ada").await, issuer.app.user("bob").await);
    let guard = issuer.guard(&issuer.feed().build().unwrap());
    guard.ask_until(&good, 200).await;

    issuer.stop();
    issuer.log_out(&ended).await;
    assert_eq!(guard.ask(&ended).await.0, 200, "nobody has told it, and its time is not over");
    let issuer = issuer.started_again().await;
    guard.ask_until(&ended, 401).await;
    assert_eq!(guard.ask(&good).await.0, 200);

    let last = issuer.app.user("eve").await;
    issuer.log_out(&last).await;
    guard.ask_until(&last, 401).await;
}

async fn another_token_is_asked_for_when_the_stream_has_ended_with_the_last(db: TestDb) {
    let issuer = Issuer::start(db).await;
    let token = Arc::new(Mutex::new("a.b.c".to_owned()));
    let asked = Arc::<AtomicUsize>::default();
    let (source, count) = (Arc::clone(&token), Arc::clone(&asked));
    let source = move || {
        count.fetch_add(1, Ordering::SeqCst);
        format!(" {}\n", source.lock().unwrap())
    };
    let revocations = feed(&issuer.url(), &issuer.app.clock, source).build().unwrap();
    until(|| asked.load(Ordering::SeqCst) >= 2).await;
    assert!(!revocations.is_current(issuer.app.now()));

    token.lock().unwrap().clone_from(&issuer.operator);
    until(|| revocations.is_current(issuer.app.now())).await;
    let before = asked.load(Ordering::SeqCst);
    *token.lock().unwrap() = issuer.app.token("operator", PASSWORD).await;
    issuer.log_out(&issuer.operator).await;
    until(|| asked.load(Ordering::SeqCst) > before).await;
    let (guard, ended) = (issuer.guard(&revocations), issuer.app.user("ada").await);
    issuer.log_out(&ended).await;
    guard.ask_until(&ended, 401).await;
}
