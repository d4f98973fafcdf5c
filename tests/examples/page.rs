//! The page of the axum example, in a browser with a passkey.

use std::time::Duration;

use portcullis::clock::{Clock, SystemClock, Timestamp};
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use totp_rs::{Builder, Secret};

use crate::{Example, devtools::Browser};

/// The code that an authenticator app shows so many periods of 30 seconds after a moment.
pub fn code_of(secret: &str, at: Timestamp, periods: u32) -> String {
    let app = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build_noncompliant();
    let at = at + Duration::from_secs(30) * periods;
    app.generate(at.as_secs().try_into().unwrap()).to_string()
}

/// Fills a form in, sends it, and waits for what the page has to say.
const ACT: &str = "window.act = async (form, fields) => {
    const [element, status] = [form, 'status'].map((id) => document.getElementById(id));
    for (const [name, value] of Object.entries(fields)) element.elements[name].value = value;
    status.textContent = '';
    element.requestSubmit();
    while (status.textContent === '') await new Promise((go) => setTimeout(go, 10));
    return status.textContent;
}";

/// The page, and the service behind it.
struct Page {
    browser: Browser,
    _example: Example,
    _folder: TempDir,
}

impl Page {
    async fn open() -> Self {
        let folder = tempdir().unwrap();
        let example = Example::with_accounts(folder.path());
        let mut browser = Browser::open(&format!("http://localhost:{}", example.address.port())).await;
        browser.evaluate(ACT).await.unwrap();
        browser.plug_in(phone()).await;
        Self { browser, _example: example, _folder: folder }
    }

    /// What the page says to a form that is sent.
    async fn act(&mut self, form: &str, fields: Value) -> String {
        let said = self.browser.evaluate(&format!("act('{form}', {fields})")).await.unwrap();
        said.as_str().unwrap().to_owned()
    }

    async fn text(&mut self, script: &str) -> String {
        self.browser.evaluate(script).await.unwrap().as_str().unwrap().to_owned()
    }
}

fn phone() -> Value {
    json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
        "isUserVerified": true, "automaticPresenceSimulation": true,
    })
}

const PASSWORD: &str = "correct horse battery staple";

#[tokio::test(flavor = "multi_thread")]
async fn the_page_reaches_a_passkey_login_and_logs_in_in_two_steps() {
    let mut page = Page::open().await;
    let weak = json!({"username": "ada", "email": "ada@example.org", "password": "ada"});
    assert_eq!(page.act("register", weak).await, "password: password_too_short");
    let account = json!({"username": "ada", "email": "ada@example.org", "password": PASSWORD});
    assert_eq!(page.act("register", account).await, "hello ada");
    assert!(page.act("add-passkey", json!({})).await.starts_with("keep these recovery codes safe: "));
    assert_eq!(page.act("logout", json!({})).await, "logged out");
    assert_eq!(page.act("passkey", json!({})).await, "hello ada");
    assert!(page.act("notes", json!({})).await.starts_with("the notes of "));

    page.act("add-app", json!({})).await;
    let secret = page.text("document.getElementById('secret').textContent").await;
    let code = json!({"code": code_of(&secret, SystemClock.now(), 0)});
    assert_eq!(page.act("confirm-app", code).await, "done");
    assert_eq!(page.act("logout", json!({})).await, "logged out");

    let password = json!({"name": "ada", "password": PASSWORD});
    page.act("login", password.clone()).await;
    assert_eq!(page.text("document.body.dataset.step").await, "second");
    let wrong = json!({"two_fa_code": code_of(&secret, SystemClock.now(), 1000)});
    page.act("code", wrong).await;
    assert_eq!(page.text("document.body.dataset.step").await, "second");
    let code = json!({"two_fa_code": code_of(&secret, SystemClock.now(), 1)});
    assert_eq!(page.act("code", code).await, "hello ada");
    assert_eq!(page.act("logout", json!({})).await, "logged out");
    page.act("login", password).await;
    assert_eq!(page.act("key", json!({})).await, "hello ada");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_the_page_that_find_their_token_stale_share_one_exchange() {
    let mut page = Page::open().await;
    let account = json!({"username": "ada", "email": "ada@example.org", "password": PASSWORD});
    assert_eq!(page.act("register", account).await, "hello ada");
    // Until the tokens are exchanged, none is good.
    let spoilt = "window.exchanges = 0;
        const sent = window.fetch;
        window.fetch = (path, options) => {
            if (path === '/auth/refresh') exchanges += 1;
            else if (exchanges === 0) options.headers.authorization += 'x';
            return sent(path, options);
        };
        document.getElementById('notes').requestSubmit();";
    page.browser.evaluate(spoilt).await.unwrap();
    assert!(page.act("notes", json!({})).await.starts_with("the notes of "));
    assert_eq!(page.browser.evaluate("exchanges").await.unwrap(), 1);
}
