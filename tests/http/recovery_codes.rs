use axum::http::StatusCode;
use futures_util::future::join_all;
use portcullis::audit::EventKind;

use crate::{
    app::TestApp,
    authenticator::{Authenticator, texts},
    both,
    db::TestDb,
};

both![
    their_number_is_told_and_never_they_themselves,
    rc_2_a_new_set_makes_the_old_one_worthless,
    rc_2_in_a_race_of_new_sets_one_is_left,
];

async fn full_login(app: &TestApp, authenticator: &Authenticator) -> String {
    let answer = app.login_in_one_call("ada", &authenticator.next_code(app)).await.expect(StatusCode::OK);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

async fn remaining(app: &TestApp, token: &str) -> i64 {
    let answer = app.get("/auth/recovery-codes").bearer(token).send().await.expect(StatusCode::OK);
    assert_eq!(answer.body.as_object().unwrap().len(), 1);
    answer.body["remaining"].as_i64().unwrap()
}

async fn their_number_is_told_and_never_they_themselves(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    assert_eq!(remaining(&app, &token).await, 0);
    let enrolled = app.enrol(&token).await;
    assert_eq!(remaining(&app, &token).await, 10);
    let flow = app.flow_of("ada").await;
    app.finish(&flow, "recovery_code", &enrolled.recovery_codes[0]).await.expect(StatusCode::OK);
    assert_eq!(remaining(&app, &token).await, 9);
}

async fn rc_2_a_new_set_makes_the_old_one_worthless(db: TestDb) {
    let app = TestApp::new(db).await;
    let enrolled = app.enrol(&app.user("ada").await).await;
    let token = full_login(&app, &enrolled.authenticator).await;
    let answer = app.post("/auth/recovery-codes").bearer(&token).send().await.expect(StatusCode::OK);
    let new = texts(&answer.body["recovery_codes"]);
    assert_eq!((new.len(), remaining(&app, &token).await), (10, 10));
    let flow = app.flow_of("ada").await;
    let old = &enrolled.recovery_codes[0];
    app.finish(&flow, "recovery_code", old).await.expect_problem(401, "invalid_second_factor");
    app.finish(&flow, "recovery_code", &new[0]).await.expect(StatusCode::OK);
    let id = app.get("/auth/me").bearer(&token).send().await.body["id"].as_str().unwrap().to_owned();
    assert!(app.events_of(&id).await.iter().any(|event| event.kind == EventKind::RecoveryCodesReplaced));
}

async fn rc_2_in_a_race_of_new_sets_one_is_left(db: TestDb) {
    let app = TestApp::new(db).await;
    let enrolled = app.enrol(&app.user("ada").await).await;
    let token = full_login(&app, &enrolled.authenticator).await;
    let sets = join_all((0..32).map(|_| app.post("/auth/recovery-codes").bearer(&token).send())).await;
    let sets: Vec<_> =
        sets.into_iter().map(|answer| texts(&answer.expect(StatusCode::OK).body["recovery_codes"])).collect();
    assert_eq!(remaining(&app, &token).await, 10);
    let mut good = 0;
    for set in &sets {
        let flow = app.flow_of("ada").await;
        let answer = app.finish(&flow, "recovery_code", &set[0]).await;
        good += usize::from(answer.status == StatusCode::OK);
        app.advance(std::time::Duration::from_hours(24));
    }
    assert_eq!(good, 1);
}
