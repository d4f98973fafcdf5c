//! Chromium, driven over its `DevTools` protocol.

#![allow(dead_code, reason = "not every test binary uses all of it")]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// How long to wait for what must come before the test gives up. No test is quicker for it.
const PATIENCE: Duration = Duration::from_mins(2);

/// A browser with one page. Ended when dropped.
pub struct Browser {
    process: Child,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    page: Option<String>,
    sent: u64,
    _profile: TempDir,
}

impl Browser {
    /// Starts it, with a profile of its own, and opens this page.
    pub async fn open(url: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        // It opens no page but ours, and as root it has no sandbox.
        let mut process = Command::new("chromium")
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--remote-debugging-port=0", "--disable-background-networking", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            // Where it leaves a socket behind when it is ended.
            .env("TMPDIR", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("chromium cannot be started ({error}): scripts/test installs it"));
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| line.unwrap().strip_prefix("DevTools listening on ").map(str::to_owned));
        let address = address.expect("chromium did not start");
        // What else it has to say is read, or it would wait for that.
        std::thread::spawn(move || lines.for_each(drop));
        let (socket, _) = connect_async(address).await.unwrap();
        let mut browser = Self { process, socket, page: None, sent: 0, _profile: profile };
        browser.go_to(url).await;
        browser
    }

    async fn go_to(&mut self, url: &str) {
        self.page = Some(self.attached("about:blank").await);
        self.visit(url).await;
        self.call("WebAuthn.enable", json!({"enableUI": false})).await;
    }

    /// Opens another page beside this one, and answers the name it goes by.
    async fn attached(&mut self, url: &str) -> String {
        let page = self.page.take();
        let target = self.call("Target.createTarget", json!({"url": url})).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.call("Target.attachToTarget", attach).await;
        self.page = page;
        attached["sessionId"].as_str().unwrap().to_owned()
    }

    /// Does something in a blank page beside this one, which no policy of ours governs.
    pub async fn aside(&mut self, script: &str) -> Value {
        let beside = self.attached("about:blank").await;
        let page = self.page.replace(beside);
        let value = self.evaluate(script).await.unwrap();
        self.page = page;
        // What is not in front is neither drawn nor asked for a key.
        self.call("Page.bringToFront", json!({})).await;
        value
    }

    /// Opens this address, as someone who types it.
    pub async fn visit(&mut self, url: &str) {
        self.leave(async |browser| drop(browser.call("Page.navigate", json!({"url": url})).await)).await;
    }

    /// Does what leads to another page, and waits until that is there.
    pub async fn leave(&mut self, act: impl AsyncFnOnce(&mut Self)) {
        self.evaluate("window.isLeft = true").await.unwrap();
        act(self).await;
        self.until("!window.isLeft && document.readyState == 'complete'").await;
    }

    /// Waits until this holds, on whichever page is there by then.
    pub async fn until(&mut self, condition: &str) {
        let wait = async {
            let run = json!({"expression": condition, "returnByValue": true});
            // While one page goes and another comes there is none to ask.
            while !self.ask("Runtime.evaluate", &run).await.is_ok_and(|ran| ran["result"]["value"] == true) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "{condition}: {}", self.evaluate("location + document.body.innerText").await.unwrap());
    }

    /// Plugs an authenticator in that answers by itself, and answers its id.
    pub async fn plug_in(&mut self, options: Value) -> String {
        let added = self.call("WebAuthn.addVirtualAuthenticator", json!({"options": options})).await;
        added["authenticatorId"].as_str().unwrap().to_owned()
    }

    /// What a script of the page comes to, or the text of what it throws.
    pub async fn evaluate(&mut self, script: &str) -> Result<Value, String> {
        let run = json!({"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true});
        let ran = self.call("Runtime.evaluate", run).await;
        match ran["exceptionDetails"]["exception"]["description"].as_str() {
            Some(thrown) => Err(thrown.to_owned()),
            None => Ok(ran["result"]["value"].clone()),
        }
    }

    /// Asks the browser, or its page once there is one, and waits for the answer.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.ask(method, &params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    async fn ask(&mut self, method: &str, params: &Value) -> Result<Value, Value> {
        self.sent += 1;
        let mut message = json!({"id": self.sent, "method": method, "params": params});
        if let Some(page) = &self.page {
            message["sessionId"] = json!(page);
        }
        self.socket.send(Message::text(message.to_string())).await.unwrap();
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("chromium does not answer");
            let Message::Text(text) = message.unwrap().unwrap() else { continue };
            let mut answer: Value = serde_json::from_str(&text).unwrap();
            if answer["id"] == self.sent {
                return if answer.get("error").is_some() { Err(answer) } else { Ok(answer["result"].take()) };
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
