//! Budgets and limits are counted once, however many nodes there are.

use axum::http::StatusCode;
use futures_util::future::join_all;
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    authenticator::Authenticator,
    both,
    cluster::{Cluster, text},
    db::TestDb,
};

both![
    lg_3_wrong_passwords_on_three_nodes_share_one_limit,
    lg_3_a_race_over_all_nodes_gets_no_more_guesses_than_one_node_gives,
    tp_4_wrong_codes_on_three_nodes_share_one_budget,
];

/// How many wrong passwords are answered as such before the first 429, when asked of these nodes in turn.
async fn guesses_of(nodes: &[&TestApp]) -> usize {
    for turn in 0.. {
        let answer = nodes[turn % nodes.len()].login("nobody", "not the password").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
            return turn;
        }
        answer.expect_problem(401, "invalid_credentials");
    }
    unreachable!()
}

async fn lg_3_wrong_passwords_on_three_nodes_share_one_limit(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let of_three = guesses_of(&nodes.nodes.iter().collect::<Vec<_>>()).await;
    let another = Cluster::of_three(TestDb::sqlite().await).await;
    assert_eq!(of_three, guesses_of(&[&another.nodes[0]]).await);
}

async fn lg_3_a_race_over_all_nodes_gets_no_more_guesses_than_one_node_gives(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let another = Cluster::of_three(TestDb::sqlite().await).await;
    let allowed = guesses_of(&[&another.nodes[0]]).await;
    let guesses = (0..30).map(|turn| nodes.nodes[turn % 3].login("nobody", "not the password"));
    let answers = join_all(guesses).await;
    let taken = answers.iter().filter(|answer| answer.status == StatusCode::UNAUTHORIZED).count();
    assert_eq!(taken, allowed);
}

async fn tp_4_wrong_codes_on_three_nodes_share_one_budget(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let token = text(&nodes.user("ada").await, "access_token");
    let setup = nodes.post_as(&token, "/auth/totp/setup", &json!({})).await.expect(StatusCode::CREATED);
    let app = Authenticator::of(&text(&setup.body, "secret"));
    let confirm = json!({"code": app.code(&nodes.nodes[0])});
    nodes.post_as(&token, "/auth/totp/confirm", &confirm).await.expect(StatusCode::OK);
    let flow = text(&nodes.login("ada", PASSWORD).await.expect_problem(403, "second_factor_required").body, "flow");
    let wrong = json!({"flow": flow, "two_fa_code": app.wrong_code(&nodes.nodes[0])});
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(nodes.post("/auth/login/second-factor", &wrong).await.status);
    }
    let tried = answers.iter().take_while(|status| **status == StatusCode::UNAUTHORIZED).count();
    assert!((1..=10).contains(&tried), "{answers:?}");
    assert!(answers[tried..].iter().all(|status| *status == StatusCode::TOO_MANY_REQUESTS), "{answers:?}");
}
