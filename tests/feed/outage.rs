//! When the issuer cannot be heard.

use std::time::Duration;

use portcullis::revocation::OnStale;

use crate::{
    db::TestDb,
    issuer::{Issuer, NOW, Strange, feed, until},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tokens_are_refused_until_everything_has_been_told_for_the_first_time() {
    let issuer = Issuer::start(TestDb::sqlite().await).await;
    let token = issuer.app.user("ada").await;
    let silent = Strange::saying(": nothing\n\n").await;
    let revocations = feed(&silent.url, &issuer.app.clock, String::new).build().unwrap();
    let guard = issuer.guard(&revocations);
    silent.asked(2).await;
    assert_eq!(guard.ask(&token).await, (503, Some(1)));
    assert_eq!(guard.ask("a.b.c").await, (401, None), "this one is no good in any case");
    assert_eq!(revocations.judged_while_stale(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tokens_are_refused_while_the_issuer_has_been_silent_for_too_long() {
    let issuer = Issuer::start(TestDb::sqlite().await).await;
    let (good, ended) = (issuer.app.user("ada").await, issuer.app.user("bob").await);
    let revocations = issuer.feed().build().unwrap();
    let guard = issuer.guard(&revocations);
    issuer.log_out(&ended).await;
    guard.ask_until(&good, 200).await;
    guard.ask_until(&ended, 401).await;

    issuer.stop();
    let before = revocations.judged_while_stale();
    // The issuer says in whole seconds when it was current.
    issuer.app.advance(Duration::from_millis(8_999));
    assert_eq!(guard.ask(&good).await, (200, None));
    issuer.app.advance(Duration::from_secs(2));
    assert_eq!(guard.ask(&good).await, (503, Some(1)));
    assert_eq!(guard.ask(&ended).await, (401, None), "what is known is known");
    assert_eq!(revocations.judged_while_stale(), before + 1);

    let issuer = issuer.started_again().await;
    until(|| revocations.is_current(issuer.app.now())).await;
    assert_eq!(guard.ask(&good).await, (200, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tokens_pass_and_are_counted_where_that_was_chosen() {
    let issuer = Issuer::start(TestDb::sqlite().await).await;
    let (good, ended) = (issuer.app.user("ada").await, issuer.app.user("bob").await);
    let revocations = issuer.feed().on_stale(OnStale::Allow).build().unwrap();
    let guard = issuer.guard(&revocations);
    issuer.log_out(&ended).await;
    guard.ask_until(&ended, 401).await;
    until(|| revocations.is_current(issuer.app.now())).await;

    issuer.stop();
    issuer.app.advance(Duration::from_secs(11));
    let before = revocations.judged_while_stale();
    for asked in 1..=3 {
        assert_eq!(guard.ask(&good).await, (200, None));
        assert_eq!(revocations.judged_while_stale(), before + asked);
    }
    assert_eq!(guard.ask(&ended).await, (401, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_lay_in_the_network_for_a_minute_confirms_nothing() {
    let issuer = Issuer::start(TestDb::sqlite().await).await;
    for (seconds_ago, is_current) in [(60, false), (15, false), (14, true), (0, true), (-60, true)] {
        let at = NOW.as_secs() - seconds_ago;
        let late = Strange::saying(format!("event: current\nid: a-1\ndata: {{\"at\":{at}}}\n\n")).await;
        let revocations = feed(&late.url, &issuer.app.clock, String::new).build().unwrap();
        late.asked(2).await;
        assert_eq!(revocations.is_current(NOW), is_current, "{seconds_ago}");
    }
}
