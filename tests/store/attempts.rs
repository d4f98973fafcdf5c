//! Counting attempts.

use std::time::Duration;

use portcullis::{
    clock::Timestamp,
    throttle::{Bucket, Limit},
};

use crate::{both, db::TestDb, fixture::*};

both! {
    free_attempts_pass_and_the_next_waits,
    the_wait_doubles_and_ends_by_itself,
    all_buckets_are_counted_or_none,
    the_longest_wait_is_the_one_answered,
    a_bucket_named_twice_is_counted_once,
    taking_back_frees_one_attempt_and_never_more,
    clearing_empties_only_these_buckets,
    an_idle_bucket_starts_afresh,
    a_clock_that_runs_behind_makes_nobody_wait,
    forgetting_removes_empty_buckets_only,
    counters_survive_a_restart,
}

const LIMIT: Limit = Limit {
    free: 3,
    first_delay: Duration::from_secs(1),
    longest_delay: Duration::from_secs(4),
    forget_after: Duration::from_hours(1),
};

fn bucket(key: &str) -> Bucket {
    Bucket { key: key.to_owned(), limit: LIMIT }
}

async fn attempt(db: &TestDb, keys: &[&str], now: Timestamp) -> Option<Duration> {
    let buckets: Vec<Bucket> = keys.iter().copied().map(bucket).collect();
    db.store.begin_attempt(&buckets, now).await.unwrap()
}

/// How many attempts pass at this moment.
async fn passing(db: &TestDb, key: &str, now: Timestamp) -> usize {
    let mut passed = 0;
    while attempt(db, &[key], now).await.is_none() {
        passed += 1;
    }
    passed
}

async fn free_attempts_pass_and_the_next_waits(db: TestDb) {
    assert_eq!(passing(&db, "a", NOW).await, 3);
    assert_eq!(attempt(&db, &["a"], NOW).await, Some(Duration::from_secs(1)));
    assert_eq!(attempt(&db, &["b"], NOW).await, None);
    assert_eq!(attempt(&db, &[], NOW).await, None);
}

async fn the_wait_doubles_and_ends_by_itself(db: TestDb) {
    assert_eq!(passing(&db, "a", NOW).await, 3);
    let mut now = NOW;
    for delay in [1, 2, 4, 4] {
        let delay = Duration::from_secs(delay);
        let almost = now + delay - Duration::from_millis(1);
        assert_eq!(attempt(&db, &["a"], almost).await, Some(Duration::from_millis(1)));
        now = now + delay;
        assert_eq!(attempt(&db, &["a"], now).await, None);
    }
}

async fn all_buckets_are_counted_or_none(db: TestDb) {
    assert_eq!(passing(&db, "full", NOW).await, 3);
    for _ in 0..5 {
        assert!(attempt(&db, &["a", "full", "z"], NOW).await.is_some());
    }
    assert_eq!(passing(&db, "a", NOW).await, 3);
    assert_eq!(passing(&db, "z", NOW).await, 3);
    assert_eq!(attempt(&db, &["full"], NOW + Duration::from_secs(1)).await, None);
}

async fn the_longest_wait_is_the_one_answered(db: TestDb) {
    assert_eq!(passing(&db, "a", NOW).await, 3);
    assert_eq!(passing(&db, "b", NOW + Duration::from_millis(500)).await, 3);
    let now = NOW + Duration::from_millis(600);
    assert_eq!(attempt(&db, &["b", "a", "c"], now).await, Some(Duration::from_millis(900)));
}

async fn a_bucket_named_twice_is_counted_once(db: TestDb) {
    assert_eq!(attempt(&db, &["a", "a"], NOW).await, None);
    assert_eq!(passing(&db, "a", NOW).await, 2);
}

async fn taking_back_frees_one_attempt_and_never_more(db: TestDb) {
    assert_eq!(passing(&db, "a", NOW).await, 3);
    db.store.take_back_attempt(&[bucket("a"), bucket("unknown")]).await.unwrap();
    assert_eq!(passing(&db, "a", NOW).await, 1);
    for _ in 0..9 {
        db.store.take_back_attempt(&[bucket("a")]).await.unwrap();
    }
    assert_eq!(passing(&db, "a", NOW).await, 3);
}

async fn clearing_empties_only_these_buckets(db: TestDb) {
    for key in ["a", "b", "c"] {
        assert_eq!(passing(&db, key, NOW).await, 3);
    }
    db.store.clear_attempts(&[bucket("c"), bucket("a"), bucket("unknown")]).await.unwrap();
    assert_eq!(passing(&db, "a", NOW).await, 3);
    assert_eq!(passing(&db, "b", NOW).await, 0);
    assert_eq!(passing(&db, "c", NOW).await, 3);
}

async fn an_idle_bucket_starts_afresh(db: TestDb) {
    assert_eq!(passing(&db, "a", NOW).await, 3);
    let almost = NOW + LIMIT.forget_after - Duration::from_millis(1);
    assert_eq!(passing(&db, "a", almost).await, 1);
    assert_eq!(passing(&db, "a", almost + LIMIT.forget_after).await, 3);
}

async fn a_clock_that_runs_behind_makes_nobody_wait(db: TestDb) {
    assert_eq!(attempt(&db, &["a"], NOW).await, None);
    assert_eq!(attempt(&db, &["a"], NOW - Duration::from_secs(30)).await, None);
}

async fn forgetting_removes_empty_buckets_only(db: TestDb) {
    assert_eq!(passing(&db, "old", NOW).await, 3);
    let later = NOW + LIMIT.forget_after;
    assert_eq!(passing(&db, "new", later).await, 3);
    db.store.forget_expired(later).await.unwrap();
    assert_eq!(passing(&db, "new", later).await, 0);
    assert_eq!(passing(&db, "old", NOW).await, 3, "removed, so even in its own time it is empty");
}

async fn counters_survive_a_restart(db: TestDb) {
    assert_eq!(passing(&db, "a", NOW).await, 3);
    let restarted = db.another().await;
    assert!(restarted.begin_attempt(&[bucket("a")], NOW).await.unwrap().is_some());
}
