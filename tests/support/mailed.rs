//! Mails as their readers use them.
#![allow(dead_code, reason = "not every test binary uses all of it")]

use axum::http::StatusCode;
use portcullis::mail::MailKind;
use serde_json::json;

use crate::app::{Answer, TestApp};

/// The routes that spend a mailed token, each with the kind of mail whose token it takes.
pub const PLACES: [(&str, MailKind); 4] = [
    ("/auth/verify-email", MailKind::VerifyEmail),
    ("/auth/reset-password", MailKind::ResetPassword),
    ("/auth/confirm-email", MailKind::ConfirmEmail),
    ("/auth/undo-email", MailKind::EmailChanged),
];

pub const NEW: &str = "a quite different password";

/// The tokens of every mail of this kind that this address got, oldest first.
pub async fn tokens(app: &TestApp, address: &str, kind: MailKind) -> Vec<String> {
    app.portcullis.accounts().deliver_mail().await.unwrap();
    let mails = app.mailbox.to(address).into_iter().filter(|mail| mail.kind() == kind);
    mails.map(|mail| mail.link().unwrap().split("?token=").nth(1).unwrap().to_owned()).collect()
}

/// The token of the latest of them.
pub async fn token(app: &TestApp, address: &str, kind: MailKind) -> String {
    tokens(app, address, kind).await.pop().expect("no such mail came")
}

/// What mails this address got, by their kinds, oldest first.
pub async fn kinds(app: &TestApp, address: &str) -> Vec<MailKind> {
    app.portcullis.accounts().deliver_mail().await.unwrap();
    app.mailbox.to(address).iter().map(portcullis::mail::Message::kind).collect()
}

/// Sends a token to a route that takes one.
pub async fn spend(app: &TestApp, place: &str, token: &str) -> Answer {
    app.post(place).json(&json!({"token": token, "new_password": NEW})).send().await
}

pub async fn forget(app: &TestApp, email: &str) {
    app.post("/auth/forgot-password").json(&json!({"email": email})).send().await.expect(StatusCode::ACCEPTED);
}

/// Asks for another address with this access token.
pub async fn change_email(app: &TestApp, access: &str, new: &str) {
    let call = app.post("/auth/change-email").bearer(access).json(&json!({"new_email": new}));
    call.send().await.expect(StatusCode::ACCEPTED);
}

/// A user whose address `<name>@example.com` is confirmed; answers an access token.
pub async fn verified(app: &TestApp, name: &str) -> String {
    let access = app.user(name).await;
    let token = token(app, &format!("{name}@example.com"), MailKind::VerifyEmail).await;
    spend(app, "/auth/verify-email", &token).await.expect(StatusCode::OK);
    access
}
