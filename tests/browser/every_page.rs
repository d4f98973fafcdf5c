//! Every page as people see it: what axe-core, which knows the rules of accessibility, finds on it.
//!
//! With `PORTCULLIS_SCREENSHOTS` a picture of each is left in that folder, to be looked at.

use std::{env, fs, path::PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use portcullis::{
    Scopes,
    access::{Role, RoleName},
    config::SecondFactorPolicy,
    session::Device,
};
use serde_json::{Value, json};

use crate::{house::House, journey, keys::phone, site::PASSWORD};

/// Looks at pages one by one, and remembers what is wrong.
struct Eye {
    axe: String,
    pictures: Option<PathBuf>,
    found: Vec<String>,
    seen: usize,
}

impl Eye {
    fn new() -> Self {
        let peers = env::var("PORTCULLIS_PEERS")
            .expect("axe-core is not known to be there: run scripts/test (or set PORTCULLIS_PEERS)");
        let axe = PathBuf::from(peers).join("node/node_modules/axe-core/axe.min.js");
        let axe =
            fs::read_to_string(&axe).unwrap_or_else(|error| panic!("{}: {error}: run scripts/peers", axe.display()));
        let pictures = env::var_os("PORTCULLIS_SCREENSHOTS").map(PathBuf::from);
        Self { axe, pictures, found: Vec::new(), seen: 0 }
    }

    /// Opens a page and looks at it.
    async fn open(&mut self, house: &mut House, path: &str) {
        house.visit(path).await;
        let name = path.strip_prefix(&house.url).unwrap_or(path);
        let name = name.split(['?', '&']).next().unwrap().trim_matches('/').replace('/', "-");
        self.look(house, if name.is_empty() { "root" } else { &name }).await;
    }

    /// Looks at the page that is there: light and dark, wide and narrow.
    async fn look(&mut self, house: &mut House, name: &str) {
        self.seen += 1;
        let axe = format!("{};0", self.axe);
        house.run(&axe).await;
        for scheme in ["light", "dark"] {
            let scheme_is = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            house.browser.call("Emulation.setEmulatedMedia", scheme_is).await;
            for width in [1280, 360] {
                let screen = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
                house.browser.call("Emulation.setDeviceMetricsOverride", screen).await;
                let ran = house.run("axe.run({resultTypes: ['violations']}).then(({violations}) => violations)").await;
                for violation in ran.as_array().unwrap() {
                    let nodes: Vec<_> =
                        violation["nodes"].as_array().unwrap().iter().map(|node| &node["html"]).collect();
                    self.found.push(format!("{name} ({scheme}, {width}): {} {nodes:?}", violation["help"]));
                }
                let overflow =
                    house.run("document.documentElement.scrollWidth > document.documentElement.clientWidth").await;
                if overflow == true {
                    self.found.push(format!("{name} ({scheme}, {width}): wider than the screen"));
                }
                self.picture(house, &format!("{:02}-{name}-{scheme}-{width}.png", self.seen)).await;
            }
        }
        house.browser.call("Emulation.clearDeviceMetricsOverride", json!({})).await;
    }

    async fn picture(&self, house: &mut House, file: &str) {
        let Some(folder) = &self.pictures else { return };
        let shot = json!({"format": "png", "captureBeyondViewport": true});
        let shot: Value = house.browser.call("Page.captureScreenshot", shot).await;
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(file), STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()).unwrap();
    }
}

/// Those that anyone can open.
async fn before_a_login(eye: &mut Eye, house: &mut House) {
    for path in ["/login", "/register", "/verify-email", "/forgot-password", "/logout", "/nothing/here"] {
        eye.open(house, path).await;
    }
    let token = house.portcullis.accounts().offer_first_admin().await.unwrap().unwrap();
    let link = house.portcullis.accounts().first_admin_link(&token);
    eye.open(house, &link).await;
    for page in ["verify-email", "reset-password", "confirm-email", "undo-email", "first-admin"] {
        eye.open(house, &format!("/{page}?token=x")).await;
    }
    house.visit("/login").await;
    house.log_in("ada", "wrong password").await;
    eye.look(house, "login-refused").await;
    house.visit("/register").await;
    house.run("document.querySelector('form').noValidate = true").await;
    house.fill(&[("username", "a"), ("email", "ada"), ("new_password", "12345"), ("new_password_again", "1")]).await;
    house.press("Make the account").await;
    eye.look(house, "register-refused").await;
    house.visit("/register").await;
    let (name, address) = (("username", "bob"), ("email", "bob@example.com"));
    house.fill(&[name, address, ("new_password", PASSWORD), ("new_password_again", PASSWORD)]).await;
    house.press("Make the account").await;
    eye.look(house, "registered").await;
    let link = house.mailed("bob@example.com").await;
    house.visit(&link).await;
    eye.look(house, "verify-email-link").await;
    house.visit("/forgot-password").await;
    house.fill(&[("name", "bob")]).await;
    house.press("Send the mail").await;
    eye.look(house, "reset-sent").await;
    let link = house.mailed("bob@example.com").await;
    house.visit(&link).await;
    eye.look(house, "reset-password-link").await;
}

/// Those of someone who is logged in, and of whoever runs the service.
async fn behind_a_login(eye: &mut Eye, house: &mut House, id: &str) {
    let rules = portcullis::pages::stated_rules();
    let pages = rules.iter().filter(|rule| rule.method().is_some_and(|method| method == "GET"));
    let pages = pages.map(|rule| rule.path().to_owned()).filter(|path| path.starts_with("/account/"));
    let own = ["passkeys/{id}", "api-keys/{id}", "/account/email/resend", "/account/password/mail"];
    for path in pages.filter(|path| !own.iter().any(|own| path.ends_with(own))) {
        let path = path.replace("{id}", id).replace("{role}", "editor").replace("{act}", "delete");
        eye.open(house, &path).await;
    }
    eye.open(house, "/account").await;
    eye.open(house, "/reauthenticate?next=%2Faccount").await;
    eye.open(house, "/account/admin/events?user=nobody").await;
    eye.open(house, "/account/admin/users?q=nobody").await;
    eye.open(house, "/logout").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_on_any_page() {
    let (mut eye, mut house) =
        (Eye::new(), House::with(|config| config.second_factor = SecondFactorPolicy::Admins).await);
    let id = house.user("ada").await;
    before_a_login(&mut eye, &mut house).await;
    let accounts = house.portcullis.accounts().clone();
    for (name, scopes) in [("editor", "notes:read notes:write"), ("admin", "notes:read")] {
        let role = Role { name: RoleName::parse(name).unwrap(), scopes: Scopes::parse(scopes) };
        accounts.set_role(role, &Device::default()).await.unwrap();
    }
    let admin = RoleName::parse("admin").unwrap();
    accounts.set_user_roles(id, vec![admin], &Device::default()).await.unwrap();

    house.visit("/login").await;
    house.log_in("ada", PASSWORD).await;
    eye.look(&mut house, "login-enrol").await;
    let app = journey::App::of(&house.scanned().await);
    let code = app.code(&house);
    house.fill(&[("code", &code)]).await;
    house.press("Confirm").await;
    eye.look(&mut house, "recovery-codes").await;
    house.press("I have kept them").await;
    behind_a_login(&mut eye, &mut house, &id.to_string()).await;

    house.browser.plug_in(phone()).await;
    house.visit("/account/passkeys/new").await;
    house.fill(&[("name", "Phone")]).await;
    house.press("Add it").await;
    eye.look(&mut house, "passkey-added").await;
    house.press("Change – Phone").await;
    eye.look(&mut house, "passkey").await;
    house.visit("/account/api-keys/new").await;
    house.fill(&[("name", "Backup")]).await;
    house.run("document.querySelector('[name=scopes]').click()").await;
    house.press("Make the key").await;
    eye.look(&mut house, "api-key-made").await;
    house.press("I have kept it").await;
    eye.look(&mut house, "api-keys").await;
    house.press("Change – Backup").await;
    eye.look(&mut house, "api-key").await;

    house.browser.call("Network.clearBrowserCookies", json!({})).await;
    house.browser.call("WebAuthn.disable", json!({})).await;
    house.visit("/login").await;
    house.log_in("ada", PASSWORD).await;
    eye.look(&mut house, "second-factor").await;
    house.press("Use a recovery code").await;
    eye.look(&mut house, "recovery-code").await;
    assert!(eye.found.is_empty(), "{}", eye.found.join("\n"));
    assert!(eye.seen > 50, "{} pages", eye.seen);
}
