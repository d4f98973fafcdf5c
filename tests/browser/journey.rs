//! All that people do with an account, from making it to leaving, in one go.

use std::time::Duration;

use portcullis::clock::Clock;
use serde_json::json;
use totp_rs::{Builder, Secret};

use crate::{house::House, keys::phone, site::PASSWORD};

const NEW: &str = "a quite different password";

/// An authenticator app that has scanned a code.
pub struct App(totp_rs::Totp);

impl App {
    pub fn of(uri: &str) -> Self {
        assert!(uri.starts_with("otpauth://totp/"), "{uri}");
        let (_, query) = uri.split_once('?').unwrap();
        let (_, secret) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "secret").unwrap();
        Self(Builder::new().with_secret(Secret::try_from_base32(&secret).unwrap()).build_noncompliant())
    }

    /// The next code that it shows.
    pub fn code(&self, house: &House) -> String {
        house.advance(Duration::from_secs(30));
        self.0.generate(house.clock.now().as_secs().try_into().unwrap()).to_string()
    }
}

/// Makes an account, confirms its address and logs in.
async fn register(house: &mut House) {
    house.visit("/login").await;
    house.press("Make an account").await;
    let (name, address) = (("username", "ada"), ("email", "ada@example.com"));
    house.fill(&[name, address, ("new_password", PASSWORD), ("new_password_again", "something else")]).await;
    house.press("Make the account").await;
    house.is_at("/register", "The two passwords are not the same.").await;
    house.fill(&[("new_password", PASSWORD), ("new_password_again", PASSWORD)]).await;
    house.press("Make the account").await;
    house.is_at("/verify-email", "We have sent a mail to ada@example.com.").await;
    let link = house.mailed("ada@example.com").await;
    house.visit(&link).await;
    house.press("Confirm").await;
    house.is_at("/login", "Your e-mail address is confirmed.").await;
    house.log_in("ada", "wrong password").await;
    house.is_at("/login", "The name or the password is wrong.").await;
    house.log_in("ada", PASSWORD).await;
    house.is_at("/account", "ada@example.com").await;
}

/// Sets an authenticator app up from what its camera sees; answers it and the recovery codes.
async fn enrol(house: &mut House) -> (App, Vec<String>) {
    house.visit("/account/authenticator").await;
    house.press("Set up an app").await;
    let app = App::of(&house.scanned().await);
    house.fill(&[("code", "000000")]).await;
    house.press("Confirm").await;
    house.is_at("/account/authenticator/set-up", "There is a problem").await;
    let code = app.code(house);
    house.fill(&[("code", &code)]).await;
    house.press("Confirm").await;
    let codes = house.run("document.getElementById('codes').textContent.trim().split('\\n')").await;
    let codes: Vec<_> = codes.as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), 10, "{codes:?}");
    house.press("I have kept them").await;
    (app, codes)
}

async fn log_out(house: &mut House) {
    house.visit("/account").await;
    house.press("Log out").await;
    house.press("Log out").await;
    house.is_at("/logout", "You are logged out").await;
    house.visit("/account").await;
    house.is_at("/login?next=%2Faccount", "Log in").await;
}

async fn log_in_in_two_steps(house: &mut House, app: &App) {
    house.visit("/login").await;
    house.log_in("ada", PASSWORD).await;
    house.is_at("/login/second-factor", "Second step").await;
    assert_eq!(house.cookie("portcullis").await, None, "no session before the last step");
    let code = app.code(house);
    house.fill(&[("code", &code)]).await;
    house.press("Continue").await;
    house.is_at("/account", "ada@example.com").await;
}

/// Logs the same person in elsewhere, and ends that from here.
async fn end_another_session(house: &mut House, app: &App) {
    let here = house.cookie("portcullis").await.unwrap();
    house.browser.call("Network.clearBrowserCookies", json!({})).await;
    log_in_in_two_steps(house, app).await;
    let there = house.cookie("portcullis").await.unwrap();
    let hold = async |house: &mut House, secret: &str| {
        let cookie = json!({"name": "portcullis", "value": secret, "url": house.url, "httpOnly": true});
        house.browser.call("Network.setCookie", cookie).await;
    };
    hold(house, &here).await;
    house.visit("/account/sessions").await;
    house.press_at("button[name=end]").await;
    hold(house, &there).await;
    house.visit("/account").await;
    house.is_at("/login?next=%2Faccount", "Log in").await;
    hold(house, &here).await;
    house.visit("/account").await;
    house.is_at("/account", "ada@example.com").await;
}

async fn reset_password(house: &mut House) {
    house.visit("/login").await;
    if house.path().await == "/account" {
        log_out(house).await;
    }
    house.visit("/forgot-password").await;
    house.fill(&[("name", "ada")]).await;
    house.press("Send the mail").await;
    house.is_at("/forgot-password", "If an account goes by ada, a mail is on its way").await;
    let link = house.mailed("ada@example.com").await;
    house.visit(&link).await;
    house.fill(&[("new_password", NEW), ("new_password_again", NEW)]).await;
    house.press("Set the password").await;
    house.is_at("/login", "Your new password is set.").await;
    house.visit(&link).await;
    assert!(house.text().await.contains("This link does not work any more"));
    house.press("Ask for another link").await;
    house.is_at("/forgot-password", "Forgot your password?").await;
}

/// Leaves for good, and is unknown from then on.
async fn delete_account(house: &mut House) {
    house.visit("/account/delete").await;
    house.press("Delete my account").await;
    house.is_at("/account/delete", "There is a problem").await;
    house.run("document.getElementById('sure').click()").await;
    house.press("Delete my account").await;
    house.visit("/login").await;
    house.log_in("ada", NEW).await;
    house.is_at("/login", "The name or the password is wrong.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_page_to_the_last() {
    let mut house = House::open().await;
    register(&mut house).await;
    let (app, _) = enrol(&mut house).await;
    log_out(&mut house).await;
    log_in_in_two_steps(&mut house, &app).await;

    let phone = house.browser.plug_in(phone()).await;
    house.visit("/account/passkeys").await;
    house.press("Add a passkey").await;
    house.fill(&[("name", "Phone")]).await;
    house.press("Add it").await;
    house.is_at("/account/passkeys", "Phone").await;
    // It would answer at once wherever it is asked.
    let presence = |on: bool| json!({"authenticatorId": phone, "enabled": on});
    house.browser.call("WebAuthn.setAutomaticPresenceSimulation", presence(false)).await;
    log_out(&mut house).await;
    house.browser.call("WebAuthn.setAutomaticPresenceSimulation", presence(true)).await;
    house.visit("/login").await;
    house.browser.until("location.pathname == '/account' && document.readyState == 'complete'").await;
    house.is_at("/account", "ada@example.com").await;

    house.browser.call("WebAuthn.setAutomaticPresenceSimulation", presence(false)).await;
    end_another_session(&mut house, &app).await;
    reset_password(&mut house).await;
    house.visit("/login").await;
    house.log_in("ada", NEW).await;
    let code = app.code(&house);
    house.fill(&[("code", &code)]).await;
    house.press("Continue").await;
    delete_account(&mut house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ht_2_all_but_passkeys_works_without_scripts() {
    let mut house = House::open().await.without_scripts().await;
    register(&mut house).await;
    let (app, codes) = enrol(&mut house).await;
    log_out(&mut house).await;
    log_in_in_two_steps(&mut house, &app).await;
    end_another_session(&mut house, &app).await;
    reset_password(&mut house).await;
    house.visit("/login").await;
    house.log_in("ada", NEW).await;
    house.press("Use a recovery code").await;
    house.fill(&[("recovery_code", &codes[0])]).await;
    house.press("Continue").await;
    delete_account(&mut house).await;
}
