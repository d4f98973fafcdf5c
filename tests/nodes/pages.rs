//! The same in a browser: each form is shown by one node and sent to another, and every node knows its cookies.

use std::time::Duration;

use axum::http::StatusCode;
use portcullis::{config::SecondFactorPolicy, mail::MailKind, testing::SoftAuthenticator};
use serde_json::{Value, json};

use crate::{
    app::PASSWORD,
    authenticator::Authenticator,
    both_and_pooled,
    cluster::{Cluster, text, until},
    db::TestDb,
    visitor::{Visitor, between},
};

both_and_pooled![
    a_login_takes_its_steps_and_a_logout_is_known_everywhere,
    every_step_that_a_login_may_ask_for_is_taken,
    an_account_is_made_and_confirmed_by_its_code,
    a_password_is_forgotten_and_set_anew,
    whoever_was_asked_long_ago_is_asked_again,
    other_devices_are_logged_out,
    a_passkey_is_added_and_logs_in,
];

const NEW: &str = "a quite different password";
const ADA: &str = "ada@example.com";
const COOKIE: &str = "__Host-portcullis";
const BACK: &str = "/login?next=%2Faccount";

/// The page of the account, on every node.
async fn is_at_home(nodes: &Cluster, visitor: &Visitor<'_>) {
    for node in &nodes.nodes {
        let page = visitor.send(node.get("/account")).await.expect(StatusCode::OK).page();
        assert!(page.contains(ADA), "{page}");
    }
}

/// Waits until this cookie opens nothing on any node.
async fn is_dead_everywhere(nodes: &Cluster, cookie: &str) {
    for node in &nodes.nodes {
        let visitor = Visitor::new(node);
        visitor.set_cookie(COOKIE, cookie);
        until(async || visitor.get("/account").await.header("location") == BACK).await;
    }
}

async fn register(nodes: &Cluster) {
    let body = json!({"username": "ada", "email": ADA, "password": PASSWORD});
    nodes.post("/auth/register", &body).await.expect(StatusCode::CREATED);
}

/// The browser of someone new, who is logged in.
async fn logged_in(nodes: &Cluster) -> Visitor<'_> {
    register(nodes).await;
    let visitor = nodes.visitor();
    visitor.log_in("ada", PASSWORD).await.leads_to("/account");
    visitor
}

/// A page whose form is filled in next.
async fn page(visitor: &Visitor<'_>, path: &str) -> String {
    visitor.get(path).await.expect(StatusCode::OK).page()
}

async fn a_login_takes_its_steps_and_a_logout_is_known_everywhere(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let token = text(&nodes.user("ada").await, "access_token");
    let setup = nodes.post_as(&token, "/auth/totp/setup", &json!({})).await.expect(StatusCode::CREATED);
    let app = Authenticator::of(&text(&setup.body, "secret"));
    let code = json!({"code": app.code(&nodes.nodes[0])});
    nodes.post_as(&token, "/auth/totp/confirm", &code).await.expect(StatusCode::OK);

    let (visitor, step) = (nodes.visitor(), "/login/second-factor");
    page(&visitor, "/login").await;
    visitor.log_in("ada", PASSWORD).await.leads_to(step);
    page(&visitor, step).await;
    let wrong = visitor.post(step, &[("code", &app.wrong_code(&nodes.nodes[0]))]).await.page();
    assert!(wrong.contains(r#"id="code-error""#), "{wrong}");
    visitor.post(step, &[("code", &app.next_code(&nodes.nodes[0]))]).await.leads_to("/account");
    is_at_home(&nodes, &visitor).await;
    let cookie = visitor.cookie(COOKIE).unwrap();
    page(&visitor, "/logout").await;
    visitor.post("/logout", &[]).await.expect(StatusCode::SEE_OTHER);
    is_dead_everywhere(&nodes, &cookie).await;
}

async fn every_step_that_a_login_may_ask_for_is_taken(db: TestDb) {
    let nodes = Cluster::with(db, |config| config.second_factor = SecondFactorPolicy::All).await;
    register(&nodes).await;
    nodes.nodes[0].db.must_change_password("ada").await;
    let visitor = nodes.visitor();
    visitor.log_in("ada", PASSWORD).await.leads_to("/login/enrol");
    let form = page(&visitor, "/login/enrol").await;
    let secret = between(&form, "name=\"secret\" value=\"", "\"").to_owned();
    let code = Authenticator::of(&secret).code(&nodes.nodes[0]);
    let wrong = visitor.post("/login/enrol", &[("secret", &secret), ("code", "000")]).await;
    assert!(wrong.expect(StatusCode::UNPROCESSABLE_ENTITY).page().contains(&secret));
    let done = visitor.post("/login/enrol", &[("secret", &secret), ("code", &code)]).await.expect(StatusCode::OK);
    assert!(done.page().contains("href=\"/login/new-password\""));
    page(&visitor, "/login/new-password").await;
    let new = [("new_password", NEW), ("new_password_again", NEW)];
    visitor.post("/login/new-password", &new).await.leads_to("/account");
    is_at_home(&nodes, &visitor).await;
}

async fn an_account_is_made_and_confirmed_by_its_code(db: TestDb) {
    let nodes = Cluster::with(db, |config| config.require_verified_email = true).await;
    let visitor = nodes.visitor();
    page(&visitor, "/register").await;
    let fields = [("username", "ada"), ("email", ADA), ("new_password", PASSWORD), ("new_password_again", PASSWORD)];
    visitor.post("/register", &fields).await.leads_to("/verify-email");
    let form = page(&visitor, "/verify-email").await;
    assert!(form.contains("We have sent a mail to ada@example.com."), "{form}");
    let code = nodes.mail(ADA, MailKind::VerifyEmail).await.code().unwrap().to_owned();
    visitor.post("/verify-email", &[("email", ADA), ("code", &code)]).await.leads_to("/login");
    let form = page(&visitor, "/login").await;
    assert!(form.contains("Your e-mail address is confirmed."), "{form}");
    visitor.log_in("ada", PASSWORD).await.leads_to("/account");
    is_at_home(&nodes, &visitor).await;
}

async fn a_password_is_forgotten_and_set_anew(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let before = logged_in(&nodes).await.cookie(COOKIE).unwrap();
    let visitor = nodes.visitor();
    page(&visitor, "/forgot-password").await;
    visitor.post("/forgot-password", &[("name", "ada")]).await.leads_to("/forgot-password");
    page(&visitor, "/forgot-password").await;
    let token = nodes.mailed(ADA, MailKind::ResetPassword).await;
    let form = page(&visitor, &format!("/reset-password?token={token}")).await;
    assert!(form.contains(&token), "{form}");
    let fields = [("token", token.as_str()), ("new_password", NEW), ("new_password_again", NEW)];
    visitor.post("/reset-password", &fields).await.leads_to("/login");
    assert!(page(&visitor, "/login").await.contains("Your new password is set."));
    for _ in &nodes.nodes {
        visitor.post("/reset-password", &fields).await.expect(StatusCode::BAD_REQUEST);
    }
    is_dead_everywhere(&nodes, &before).await;
    visitor.log_in("ada", PASSWORD).await.expect(StatusCode::UNAUTHORIZED);
    visitor.log_in("ada", NEW).await.leads_to("/account");
    is_at_home(&nodes, &visitor).await;
}

async fn whoever_was_asked_long_ago_is_asked_again(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let visitor = logged_in(&nodes).await;
    nodes.nodes[0].advance(Duration::from_mins(11));
    let (path, asks) = ("/account/email", "/reauthenticate?next=%2Faccount%2Femail");
    visitor.get(path).await.leads_to(asks);
    page(&visitor, asks).await;
    let before = visitor.cookie(COOKIE).unwrap();
    visitor.post(asks, &[("password", "not the password")]).await.expect(StatusCode::FORBIDDEN);
    visitor.post(asks, &[("password", PASSWORD)]).await.leads_to(path);
    is_dead_everywhere(&nodes, &before).await;
    is_at_home(&nodes, &visitor).await;
    page(&visitor, path).await;
    visitor.post(path, &[("new_email", "next@example.com")]).await.leads_to(path);
    assert!(page(&visitor, path).await.contains("We have sent a mail to next@example.com."));
    let token = nodes.mailed("next@example.com", MailKind::ConfirmEmail).await;
    page(&visitor, &format!("/confirm-email?token={token}")).await;
    visitor.post("/confirm-email", &[("token", &token)]).await.leads_to("/login");
}

async fn other_devices_are_logged_out(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let (visitor, other) = (logged_in(&nodes).await, nodes.visitor());
    other.log_in("ada", PASSWORD).await.leads_to("/account");
    is_at_home(&nodes, &other).await;
    let form = page(&visitor, "/account/sessions").await;
    assert!(form.contains("name=\"end\""), "{form}");
    visitor.post("/account/sessions", &[("others", "all")]).await.leads_to("/account/sessions");
    assert!(page(&visitor, "/account/sessions").await.contains("All your other devices are logged out."));
    is_dead_everywhere(&nodes, &other.cookie(COOKIE).unwrap()).await;
    is_at_home(&nodes, &visitor).await;
}

/// What the script of a page is told when it asks for a challenge.
async fn challenge(visitor: &Visitor<'_>, path: &str, body: &Value) -> Value {
    let start = visitor.app().post(path).header("sec-fetch-site", "same-origin").json(body);
    visitor.send(start).await.expect(StatusCode::OK).body
}

async fn a_passkey_is_added_and_logs_in(db: TestDb) {
    let nodes = Cluster::of_three(db).await;
    let visitor = logged_in(&nodes).await;
    let mut phone = SoftAuthenticator::at("https://id.example").unwrap();
    let form = page(&visitor, "/account/passkeys/new").await;
    let address = between(&form, "data-start=\"", "\"");
    let start = challenge(&visitor, address, &json!({"kind": "passkey"})).await;
    let response = phone.register(&start["options"]).await.unwrap().to_string();
    let flow = text(&start, "flow");
    let fields = [("flow", flow.as_str()), ("webauthn_response", &response), ("name", "my phone")];
    visitor.post("/account/passkeys/new", &fields).await.expect(StatusCode::OK);

    let visitor = nodes.visitor();
    let form = page(&visitor, "/login").await;
    let address = between(&form, "data-start=\"", "\"");
    let start = challenge(&visitor, address, &json!({})).await;
    let response = phone.authenticate(&start["options"]).await.unwrap().to_string();
    let flow = text(&start, "flow");
    let fields = [("flow", flow.as_str()), ("webauthn_response", &response)];
    visitor.post("/login/passkey", &fields).await.leads_to("/account");
    is_at_home(&nodes, &visitor).await;
    let list = page(&visitor, "/account/passkeys").await;
    assert!(list.contains("my phone"), "{list}");
    let stranger = nodes.visitor();
    for _ in &nodes.nodes {
        stranger.post("/login/passkey", &fields).await.leads_to("/login");
    }
    assert_eq!(stranger.cookie(COOKIE), None);
}
