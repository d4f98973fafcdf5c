//! Servers that answer with something else, and what is asked of them.

use std::sync::{Arc, Mutex};

use axum::{body::Body, http::Response};
use portcullis::{
    jwt::remote::RemoteConfigError,
    revocation::{RevocationFeed, RevocationSet},
    testing::ManualClock,
};

use crate::issuer::{NOW, Strange, feed, stream, until};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(NOW))
}

fn current() -> String {
    format!("event: current\nid: a-1\ndata: {{\"at\":{}}}\n\n", NOW.as_secs())
}

fn told(sid: &str, id: &str) -> String {
    format!(
        "event: revocations\nid: {id}\ndata: {{\"revocations\":[{{\"sid\":\"{sid}\",\"until\":{}}}]}}\n\n",
        NOW.as_secs() + 900
    )
}

fn covers(revocations: &RevocationSet, sid: &str) -> bool {
    revocations.covers("u1", Some(sid), None)
}

#[tokio::test]
async fn what_is_not_a_stream_of_revocations_makes_nothing_current() {
    let good = current();
    let answers: Vec<Box<dyn Fn() -> Response<Body> + Send + Sync>> = vec![
        Box::new({
            let good = good.clone();
            move || {
                Response::builder()
                    .status(203)
                    .header("content-type", "text/event-stream")
                    .body(good.clone().into())
                    .unwrap()
            }
        }),
        Box::new({
            let good = good.clone();
            move || Response::builder().status(302).header("location", "/else").body(good.clone().into()).unwrap()
        }),
        Box::new({
            let good = good.clone();
            move || Response::builder().header("content-type", "text/html").body(good.clone().into()).unwrap()
        }),
        Box::new({
            let good = good.clone();
            move || Response::new(good.clone().into())
        }),
        Box::new(move || stream(good.trim_end().to_owned())),
        Box::new(|| stream("event: current\ndata: {}\n\n")),
        Box::new(|| stream("event: current\ndata: {\"at\":\"now\"}\n\n")),
        Box::new(|| stream(format!("event: revocations\ndata: {{\"revocations\":[{{}}]}}\n\n{}", current()))),
        Box::new(|| stream(format!("event: revocations\ndata: {}\n\n{}", "x".repeat(300_000), current()))),
    ];
    for answer in answers {
        let server = Strange::answering({
            let answer = Arc::new(answer);
            move |_| answer()
        })
        .await;
        let revocations = feed(&server.url, &clock(), String::new).build().unwrap();
        server.asked(2).await;
        assert!(!revocations.is_current(NOW));
        assert!(revocations.is_empty());
    }
}

#[tokio::test]
async fn a_stream_is_taken_up_after_the_last_event_that_was_put_in_force() {
    let seen = Arc::<Mutex<Vec<Option<String>>>>::default();
    let server = Strange::answering({
        let seen = Arc::clone(&seen);
        move |request| {
            let after = request.headers().get("last-event-id").map(|id| id.to_str().unwrap().to_owned());
            let mut seen = seen.lock().unwrap();
            seen.push(after);
            let broken = "event: revocations\nid: a-9\ndata: {}\n\n";
            stream(if seen.len() == 1 { told("s1", "a-1") + &told("s2", "a-2") + broken } else { told("s3", "a-3") })
        }
    })
    .await;
    let revocations = feed(&server.url, &clock(), String::new).build().unwrap();
    server.asked(3).await;
    assert_eq!(seen.lock().unwrap()[..3], [None, Some("a-2".to_owned()), Some("a-3".to_owned())]);
    until(|| ["s1", "s2", "s3"].into_iter().all(|sid| covers(&revocations, sid))).await;
}

#[tokio::test]
async fn no_more_are_held_than_may_be_and_too_many_make_the_set_stale() {
    let server = Strange::saying(told("s1", "a-1") + &told("s2", "a-2") + &told("s3", "a-3") + &current()).await;
    let revocations = feed(&server.url, &clock(), String::new).max_revocations(2).build().unwrap();
    server.asked(2).await;
    assert!(covers(&revocations, "s1") && covers(&revocations, "s2") && revocations.len() == 2);
    assert!(!revocations.is_current(NOW));
}

#[tokio::test]
async fn the_token_goes_where_it_belongs_and_what_is_none_goes_nowhere() {
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let server = Strange::answering({
        let seen = Arc::clone(&seen);
        move |request| {
            let headers = request.headers();
            assert_eq!(headers["accept"], "text/event-stream");
            seen.lock().unwrap().push(headers["authorization"].to_str().unwrap().to_owned());
            stream(current())
        }
    })
    .await;
    let good = feed(&server.url, &clock(), || "the-token".to_owned()).build().unwrap();
    until(|| good.is_current(NOW)).await;
    let bad = feed(&server.url, &clock(), || "two\nlines".to_owned()).build().unwrap();
    server.asked(3).await;
    assert!(!bad.is_current(NOW));
    assert!(seen.lock().unwrap().iter().all(|header| header == "Bearer the-token"));
}

#[tokio::test]
async fn only_https_is_asked_unless_it_is_said_otherwise() {
    let build = |url: &str| feed(url, &clock(), String::new).build().map(drop);
    assert!(build("http://127.0.0.1:1/auth/revocations").is_ok());
    let strict = RevocationFeed::follow("http://id.example/auth/revocations");
    let strict = strict.bearer(|| std::future::ready(Ok::<_, std::convert::Infallible>(String::new())));
    assert!(matches!(strict.build(), Err(RemoteConfigError::NotHttps(_))));
    assert!(matches!(build("nonsense"), Err(RemoteConfigError::Url(_))));
    assert_eq!(build("https://me:secret@id.example/").unwrap_err(), RemoteConfigError::Login);
}
