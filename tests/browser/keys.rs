//! What people do with keys.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::site::{PASSWORD, Site, token};

/// A phone: it remembers, it knows its owner, and what it makes is synced.
pub fn phone() -> Value {
    json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
        "isUserVerified": true, "automaticPresenceSimulation": true,
        "defaultBackupEligibility": true, "defaultBackupState": true,
    })
}

/// A key from before passkeys.
fn stick() -> Value {
    json!({"protocol": "u2f", "transport": "usb", "automaticPresenceSimulation": true})
}

/// The `amr` of the token in an answer.
#[track_caller]
fn amr(answer: &Value) -> Value {
    let token = token(answer);
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["amr"].clone()
}

async fn keys(site: &mut Site, token: &str) -> Vec<Value> {
    let answer = site.run(&format!("ask('GET', '/auth/webauthn/credentials', null, '{token}')")).await;
    answer["body"]["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_a_whole_login() {
    let mut site = Site::open().await;
    let user = site.user("ada").await;
    site.browser.plug_in(phone()).await;
    let added = site.run(&format!("addKey('{user}', 'passkey', 'Phone')")).await;
    assert_eq!(added["status"], 201, "{added}");
    assert_eq!(added["body"]["recovery_codes"].as_array().unwrap().len(), 10);
    let login = site.run("logInWithPasskey()").await;
    assert_eq!(amr(&login), json!(["hwk", "user", "mfa"]));
    assert_eq!(login["body"]["user"]["username"], "ada");
    let again = site.run(&format!("reauthenticate('{}')", token(&login))).await;
    assert_eq!(amr(&again), json!(["hwk", "user", "mfa"]));
    let beside = site.run(&format!("logInWithKey('ada', '{PASSWORD}')")).await;
    assert_eq!(amr(&beside), json!(["pwd", "hwk", "user", "mfa"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_u2f_key_is_a_second_factor_and_no_login() {
    let mut site = Site::open().await;
    let user = site.user("ada").await;
    site.browser.plug_in(stick()).await;
    // It knows nobody, so it is no passkey.
    assert!(site.browser.evaluate(&format!("addKey('{user}', 'passkey', 'Stick')")).await.is_err());
    let added = site.run(&format!("addKey('{user}', 'security_key', 'Stick')")).await;
    assert_eq!((&added["status"], &added["body"]["kind"]), (&json!(201), &json!("security_key")), "{added}");
    for _ in 0..2 {
        let login = site.run(&format!("logInWithKey('ada', '{PASSWORD}')")).await;
        assert_eq!(amr(&login), json!(["pwd", "hwk", "user", "mfa"]));
    }
    assert!(site.browser.evaluate("logInWithPasskey()").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_with_a_passkey() {
    let mut site = Site::open().await;
    site.browser.plug_in(phone()).await;
    let made = site.run("registerWithPasskey('ada')").await;
    assert_eq!(amr(&made), json!(["hwk", "user", "mfa"]));
    token(&site.run("logInWithPasskey()").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_key_is_on_another_authenticator_and_either_is_asked_for() {
    let mut site = Site::open().await;
    let user = site.user("ada").await;
    let phone = site.browser.plug_in(phone()).await;
    let first = site.run(&format!("addKey('{user}', 'passkey', 'Phone')")).await;
    let user = token(&site.run("logInWithPasskey()").await);
    // The browser minds which keys there are.
    let again = site.browser.evaluate(&format!("addKey('{user}', 'passkey', 'Phone')")).await;
    assert!(again.unwrap_err().contains("InvalidStateError"));
    site.browser.call("WebAuthn.removeVirtualAuthenticator", json!({"authenticatorId": phone})).await;
    site.browser.plug_in(stick()).await;
    let second = site.run(&format!("addKey('{user}', 'security_key', 'Stick')")).await;
    assert!(second["body"].get("recovery_codes").is_none(), "{second}");
    token(&site.run(&format!("logInWithKey('ada', '{PASSWORD}')")).await);
    let ids: Vec<_> = keys(&mut site, &user).await.iter().map(|key| key["id"].clone()).collect();
    assert_eq!(ids, [first["body"]["id"].clone(), second["body"]["id"].clone()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_synced_passkey_may_leave_the_cloud_and_come_back() {
    let mut site = Site::open().await;
    let user = site.user("ada").await;
    let phone = site.browser.plug_in(phone()).await;
    site.run(&format!("addKey('{user}', 'passkey', 'Phone')")).await;
    let held = site.browser.call("WebAuthn.getCredentials", json!({"authenticatorId": phone})).await;
    let id = held["credentials"][0]["credentialId"].clone();
    for backed_up in [false, true] {
        let change = json!({"authenticatorId": phone, "credentialId": id, "backupState": backed_up});
        site.browser.call("WebAuthn.setCredentialProperties", change).await;
        token(&site.run("logInWithPasskey()").await);
        let keys = keys(&mut site, &user).await;
        assert_eq!((&keys[0]["backup_eligible"], &keys[0]["backed_up"]), (&json!(true), &json!(backed_up)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_key_opens_nothing() {
    let mut site = Site::open().await;
    let user = site.user("ada").await;
    site.browser.plug_in(phone()).await;
    let added = site.run(&format!("addKey('{user}', 'passkey', 'Phone')")).await;
    let user = token(&site.run("logInWithPasskey()").await);
    let path = format!("/auth/webauthn/credentials/{}", added["body"]["id"].as_str().unwrap());
    let removed = site.run(&format!("ask('DELETE', '{path}', null, '{user}')")).await;
    assert_eq!(removed["status"], 204, "{removed}");
    let refused = site.run("logInWithPasskey()").await;
    assert_eq!((&refused["status"], &refused["body"]["code"]), (&json!(401), &json!("invalid_credentials")));
    let login = json!({"name": "ada", "password": PASSWORD});
    assert_eq!(amr(&site.run(&format!("ask('POST', '/auth/login', {login})")).await), json!(["pwd"]));
}
