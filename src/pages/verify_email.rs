//! `/verify-email`: the link of a mail, whose button spends it; and without one, the code of the mail.

use super::{
    confirm::{self, Link},
    form::Form,
    page::{Answer, Page},
    visit::Visit,
};
use crate::{
    account::Email,
    error::Error,
    one_time::{Code, OneTimeToken, Purpose},
};

pub(super) async fn show(visit: Visit) -> Answer {
    match confirm::link(&visit, Purpose::Verify).await? {
        Link::None => Ok(page(&visit).show()),
        Link::Dead => Ok(confirm::dead(&visit, Purpose::Verify)),
        Link::Live(token) => Ok(confirm::button(&visit, Purpose::Verify, &token).show()),
    }
}

pub(super) async fn verify(visit: Visit, mut form: Form) -> Answer {
    if let Some(token) = form.take("token") {
        let outcome = match OneTimeToken::parse(&token) {
            Some(token) => visit.accounts.verify_email(&token, &visit.device).await,
            None => Err(Error::TokenInvalid),
        };
        return match outcome {
            Ok(()) => Ok(visit.to("/login").saying("verified", "").go()),
            Err(Error::TokenInvalid) => Ok(confirm::dead(&visit, Purpose::Verify)),
            Err(error) => Err(error.into()),
        };
    }
    let (email, code) = (form.text("email"), form.text("code"));
    match by_code(&visit, &email, &code).await {
        Ok(()) => Ok(visit.to("/login").saying("verified", "").go()),
        Err(error) => Ok(page(&visit).typed("email", email).refused(error).show()),
    }
}

async fn by_code(visit: &Visit, email: &str, code: &str) -> Result<(), Error> {
    let email = Email::parse(email).ok_or(Error::field("email", "invalid_email"))?;
    let wrong = || Error::field("code", "wrong_code");
    let code = Code::parse(code).ok_or_else(wrong)?;
    match visit.accounts.verify_email_by_code(email, &code, &visit.device).await {
        Err(Error::TokenInvalid) => Err(wrong()),
        outcome => outcome,
    }
}

/// Sends the mail again. The answer is the same for every address.
pub(super) async fn resend(visit: Visit, mut form: Form) -> Answer {
    let typed = form.text("email");
    let Some(email) = Email::parse(&typed) else {
        return Ok(page(&visit).typed("email", typed).refused(Error::field("email", "invalid_email")).show());
    };
    match visit.accounts.resend_verification(email, &visit.device).await {
        Ok(()) => Ok(visit.to("/verify-email").saying("verify_resent", &typed).go()),
        Err(error) => Ok(page(&visit).typed("email", typed).refused(error).show()),
    }
}

fn page(visit: &Visit) -> Page<'_> {
    let address = ["registered", "verify_resent"].into_iter().find_map(|kind| visit.said(kind)).unwrap_or_default();
    visit.page("verify_email.html").typed("email", address)
}
