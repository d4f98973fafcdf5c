//! Three nodes, and a client whom a balancer sends to another one each time.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use axum::http::{Method, StatusCode};
use portcullis::{
    account::UserId,
    config::Config,
    mail::{MailKind, Message},
    session::Device,
};
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    db::TestDb,
    visitor::Visitor,
};

pub struct Cluster {
    pub nodes: Vec<TestApp>,
    turn: AtomicUsize,
}

impl Cluster {
    pub async fn of_three(db: TestDb) -> Self {
        Self::with(db, |_| ()).await
    }

    /// Three whose settings differ from the tests' own in what `change` says.
    pub async fn with(db: TestDb, change: impl Fn(&mut Config)) -> Self {
        let one = TestApp::with(db, &change).await;
        let others = [one.another_process_with(&change).await, one.another_process_with(&change).await];
        Self { nodes: std::iter::once(one).chain(others).collect(), turn: AtomicUsize::new(0) }
    }

    /// The node whose turn it is: never the same twice in a row.
    pub fn next(&self) -> &TestApp {
        &self.nodes[self.turn.fetch_add(1, Ordering::Relaxed) % self.nodes.len()]
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.next().post(path).json(body).send().await
    }

    pub async fn post_as(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.next().post(path).bearer(token).json(body).send().await
    }

    pub async fn delete_as(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.next().request(Method::DELETE, path).bearer(token).json(body).send().await
    }

    pub async fn get_as(&self, token: &str, path: &str) -> Answer {
        self.next().get(path).bearer(token).send().await
    }

    pub async fn put_as(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.next().request(Method::PUT, path).bearer(token).json(body).send().await
    }

    pub async fn patch_as(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.next().request(Method::PATCH, path).bearer(token).json(body).send().await
    }

    /// What a refresh answers to the tokens of a login.
    pub async fn refreshed(&self, tokens: &Value) -> Value {
        let body = json!({"refresh_token": tokens["refresh_token"]});
        self.post("/auth/refresh", &body).await.expect(StatusCode::OK).body
    }

    /// Someone with a browser, each of whose requests another node answers.
    pub fn visitor(&self) -> Visitor<'_> {
        Visitor::among(&self.nodes)
    }

    pub async fn login(&self, name: &str, password: &str) -> Answer {
        self.post("/auth/login", &json!({"name": name, "password": password})).await
    }

    /// Registers, and logs in elsewhere; answers what the login did.
    pub async fn user(&self, name: &str) -> Value {
        let email = format!("{name}@example.com");
        let body = json!({"username": name, "email": email, "password": PASSWORD});
        self.post("/auth/register", &body).await.expect(StatusCode::CREATED);
        self.login(name, PASSWORD).await.expect(StatusCode::OK).body
    }

    /// Registers, and answers who that is.
    pub async fn user_id(&self, name: &str) -> UserId {
        UserId::parse(&text(&self.user(name).await["user"], "id")).unwrap()
    }

    /// Makes an administrator, and answers their access token.
    pub async fn administrator(&self, name: &str) -> String {
        let accounts = self.next().portcullis.accounts();
        let registration = accounts.registration(name, &format!("{name}@example.com"), PASSWORD, "").unwrap();
        accounts.create_user(registration, vec!["admin".to_owned()], &Device::default()).await.unwrap();
        text(&self.login(name, PASSWORD).await.expect(StatusCode::OK).body, "access_token")
    }

    /// Every mail that any node has sent by now, with all that is due.
    pub async fn mails(&self) -> Vec<Message> {
        for node in &self.nodes {
            node.portcullis.accounts().deliver_mail().await.unwrap();
        }
        self.nodes.iter().flat_map(|node| node.mailbox.all()).collect()
    }

    /// The token in the one mail of this kind to this address.
    pub async fn mailed(&self, address: &str, kind: MailKind) -> String {
        self.mail(address, kind).await.link().unwrap().split("?token=").nth(1).unwrap().to_owned()
    }

    /// The one mail of this kind to this address, whichever node sends it.
    pub async fn mail(&self, address: &str, kind: MailKind) -> Message {
        loop {
            let mails = self.mails().await;
            let of_kind: Vec<_> =
                mails.iter().filter(|mail| mail.kind() == kind && mail.to().as_str() == address).collect();
            assert!(of_kind.len() < 2, "a mail came twice");
            if let [mail] = of_kind[..] {
                return mail.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What every node answers to this request.
    pub async fn statuses(&self, token: &str, path: &str) -> Vec<u16> {
        let mut statuses = Vec::new();
        for node in &self.nodes {
            statuses.push(node.get(path).bearer(token).send().await.status.as_u16());
        }
        statuses
    }

    /// Waits until every node refuses this token.
    pub async fn is_refused_everywhere(&self, token: &str) {
        for node in &self.nodes {
            until(async || node.get("/auth/me").bearer(token).send().await.code() == "invalid_token").await;
        }
    }

    pub async fn is_good_everywhere(&self, token: &str) {
        for node in &self.nodes {
            node.get("/auth/me").bearer(token).send().await.expect(StatusCode::OK);
        }
    }
}

/// Asks until it is so.
pub async fn until(is_so: impl AsyncFn() -> bool) {
    while !is_so().await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A text in a JSON answer.
pub fn text(body: &Value, field: &str) -> String {
    body[field].as_str().unwrap_or_else(|| panic!("no {field} in {body}")).to_owned()
}
