//! A service with pages, and someone who uses it in a browser.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, routing::get};
use base64::{Engine, engine::general_purpose::STANDARD};
use portcullis::{
    Portcullis, Principal,
    account::UserId,
    axum::GuardedRouter,
    clock::{Clock, SystemClock},
    config::Config,
    guard::RouteRule,
    password::Argon2Params,
    session::Device,
    testing::{Mailbox, ManualClock},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{devtools::Browser, site::PASSWORD};

pub struct House {
    pub browser: Browser,
    pub url: String,
    pub portcullis: Portcullis,
    pub clock: Arc<ManualClock>,
    mailbox: Mailbox,
    served: JoinHandle<()>,
    _folder: TempDir,
}

/// Listens at a free port; answers the listener and its number.
pub async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Serves this for as long as the task is not aborted.
pub fn serve(listener: TcpListener, app: Router) -> JoinHandle<()> {
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() })
}

impl House {
    pub async fn open() -> Self {
        Self::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let (listener, port) = listen().await;
        let url = format!("http://localhost:{port}");
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(url.parse().unwrap());
        config.hashing.params = Argon2Params::insecure_for_tests(8, 1, 1).unwrap();
        change(&mut config);
        let (mailbox, clock) = (Mailbox::new(), Arc::new(ManualClock::at(SystemClock.now())));
        let portcullis = Portcullis::builder()
            .config(config)
            .database(format!("sqlite:{}/notes.db", folder.path().display()))
            .mail_transport(Arc::new(mailbox.clone()))
            .clock(clock.clone())
            .build()
            .await
            .unwrap();
        let notes = get(async |user: Principal| format!("the notes of {}", user.id()));
        let app = GuardedRouter::<()>::new()
            .route("/notes/{id}", notes, RouteRule::authenticated())
            .guard(portcullis.guard())
            .layer(portcullis.send_to_login())
            .into_router()
            .reset_fallback()
            .merge(portcullis.router())
            .merge(portcullis.pages())
            .fallback_service(portcullis.nothing_here());
        let served = serve(listener, app);
        let browser = Browser::open(&format!("{url}/login")).await;
        Self { browser, url, portcullis, clock, mailbox, served, _folder: folder }
    }

    /// Turns scripts off, as some people do.
    pub async fn without_scripts(mut self) -> Self {
        self.browser.call("Emulation.setScriptExecutionDisabled", json!({"value": true})).await;
        self.visit("/login").await;
        self
    }

    pub async fn visit(&mut self, path: &str) {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        self.browser.visit(&url).await;
    }

    /// Types into the fields of a form.
    pub async fn fill(&mut self, fields: &[(&str, &str)]) {
        for (name, value) in fields {
            let script = format!(
                "(() => {{ const field = document.querySelector('[name={name}]'); field.value = {}; \
                 for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, {{bubbles: true}})); }})()",
                json!(value)
            );
            self.run(&script).await;
        }
    }

    /// Presses the button, or follows the link, that says this, and waits for the page to which it leads.
    pub async fn press(&mut self, text: &str) {
        let found = format!(
            "[...document.querySelectorAll('button, a')].find(one => \
             one.textContent.trim() == {} && !one.closest('[hidden]'))",
            json!(text)
        );
        let is_there = self.run(&format!("!!{found}")).await;
        assert_eq!(is_there, true, "nothing says {text:?}: {}", self.text().await);
        self.browser.leave(async |browser| drop(browser.evaluate(&format!("{found}.click()")).await)).await;
    }

    /// Presses the first of what this selects.
    pub async fn press_at(&mut self, selector: &str) {
        let click = format!("document.querySelector({}).click()", json!(selector));
        self.browser.leave(async |browser| drop(browser.evaluate(&click).await)).await;
    }

    /// What a script comes to on this page.
    pub async fn run(&mut self, script: &str) -> Value {
        self.browser.evaluate(script).await.unwrap()
    }

    /// What people read on this page.
    pub async fn text(&mut self) -> String {
        self.run("document.body.innerText").await.as_str().unwrap().to_owned()
    }

    /// Where the browser is, below this service.
    pub async fn path(&mut self) -> String {
        let href = self.run("location.href").await.as_str().unwrap().to_owned();
        href.strip_prefix(&self.url).unwrap_or(&href).to_owned()
    }

    #[track_caller]
    pub fn is_at(&mut self, path: &str, says: &str) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let (at, text) = (self.path().await, self.text().await);
            assert!(at == path && text.contains(says), "{caller}: at {at}, not at {path} with {says:?}: {text}");
        }
    }

    /// The value of a cookie that the browser has for this service.
    pub async fn cookie(&mut self, name: &str) -> Option<String> {
        let cookies = self.browser.call("Network.getCookies", json!({"urls": [self.url]})).await;
        let cookies = cookies["cookies"].as_array().unwrap();
        let found = cookies.iter().find(|cookie| cookie["name"] == name)?;
        Some(found["value"].as_str().unwrap().to_owned())
    }

    /// The link of the latest mail to this address.
    pub async fn mailed(&self, address: &str) -> String {
        self.portcullis.accounts().deliver_mail().await.unwrap();
        self.mailbox.link(address).expect("no mail came")
    }

    /// Makes an account with the password of tests.
    pub async fn user(&self, username: &str) -> UserId {
        let accounts = self.portcullis.accounts();
        let new = accounts.registration(username, &format!("{username}@example.com"), PASSWORD, "").unwrap();
        accounts.register(new, &Device::default()).await.unwrap();
        accounts.get_user_by_name_or_mail(username).await.unwrap().unwrap().user.id
    }

    /// Logs in with a password, on the page that is there.
    pub async fn log_in(&mut self, name: &str, password: &str) {
        self.fill(&[("name", name), ("password", password)]).await;
        self.press("Log in").await;
    }

    /// What the QR code on this page says, read from what the screen shows.
    pub async fn scanned(&mut self) -> String {
        let place = "(({x, y, width, height}) => ({x, y, width, height, scale: 2}))\
                     (document.querySelector('.qr svg').getBoundingClientRect())";
        let clip = self.run(place).await;
        let shot = json!({"format": "png", "clip": clip, "captureBeyondViewport": true});
        let shot = self.browser.call("Page.captureScreenshot", shot).await;
        let decode = format!(
            "new Promise(done => {{
                const image = new Image();
                image.onload = () => {{
                    const canvas = new OffscreenCanvas(image.width, image.height);
                    const drawing = canvas.getContext('2d');
                    drawing.drawImage(image, 0, 0);
                    const {{ data }} = drawing.getImageData(0, 0, image.width, image.height);
                    const shades = data.filter((_, index) => index % 4 == 0);
                    const text = Array.from(shades, shade => String.fromCharCode(shade)).join('');
                    done({{ width: image.width, height: image.height, shades: btoa(text) }});
                }};
                image.src = 'data:image/png;base64,{}';
            }})",
            shot["data"].as_str().unwrap()
        );
        let image = self.browser.aside(&decode).await;
        let [width, height] = ["width", "height"].map(|side| usize::try_from(image[side].as_u64().unwrap()).unwrap());
        let shades = STANDARD.decode(image["shades"].as_str().unwrap()).unwrap();
        let mut seen = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| shades[y * width + x]);
        let codes = seen.detect_grids();
        codes.first().expect("there is no QR code").decode().unwrap().1
    }

    /// Lets time pass.
    pub fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.served.abort();
    }
}
