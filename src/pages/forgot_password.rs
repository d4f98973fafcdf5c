//! `/forgot-password`

use super::{
    form::Form,
    page::{Answer, Page},
    visit::Visit,
};
use crate::{error::Error, password::Forgetful};

pub(super) async fn show(visit: Visit) -> Answer {
    let name = visit.said("reset_sent").unwrap_or_default();
    Ok(page(&visit).typed("name", name).show())
}

/// Asks for the mail. The answer is the same for every name.
pub(super) async fn forgot(visit: Visit, mut form: Form) -> Answer {
    let typed = form.text("name");
    let outcome = match Forgetful::parse(&typed) {
        Some(who) => visit.accounts.forgot_password(who, &visit.device).await,
        None => Err(Error::field("name", "invalid_name_or_email")),
    };
    match outcome {
        Ok(()) => Ok(visit.to("/forgot-password").saying("reset_sent", &typed).go()),
        Err(error) => Ok(page(&visit).typed("name", typed).refused(error).show()),
    }
}

fn page(visit: &Visit) -> Page<'_> {
    visit.page("forgot_password.html")
}
