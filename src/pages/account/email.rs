//! `/account/email`: another address, and the mails that confirm one.

use crate::{
    account::{Caller, Email},
    error::Error,
    pages::{
        form::Form,
        page::{Answer, Page},
        visit::Visit,
    },
};

pub(in crate::pages) async fn show(visit: Visit) -> Answer {
    let caller = visit.fresh_caller().await?;
    Ok(page(&visit, caller).await?.show())
}

pub(in crate::pages) async fn change(visit: Visit, mut form: Form) -> Answer {
    let caller = visit.fresh_caller().await?;
    let typed = form.text("new_email");
    let outcome = match Email::parse(&typed) {
        Some(new) => visit.accounts.change_email(caller, new, &visit.device).await,
        None => Err(Error::field("new_email", "invalid_email")),
    };
    match outcome {
        Ok(()) => Ok(visit.to("/account/email").saying("email_asked", &typed).go()),
        Err(error) => Ok(page(&visit, caller).await?.typed("new_email", typed).refused(error).show()),
    }
}

/// Sends again the mail that is waited for: to the address that is to come, and else to the one that there is.
pub(in crate::pages) async fn resend(visit: Visit, _: Form) -> Answer {
    let caller = visit.fresh_caller().await?;
    let (address, outcome) = if let Some(pending) = visit.accounts.pending_email(caller).await? {
        let address = pending.as_str().to_owned();
        (address, visit.accounts.change_email(caller, pending, &visit.device).await)
    } else {
        let email = visit.accounts.profile(caller).await?.email;
        (email.as_str().to_owned(), visit.accounts.resend_verification(email, &visit.device).await)
    };
    match outcome {
        Ok(()) => Ok(visit.to("/account/email").saying("email_resent", &address).go()),
        Err(error) => Ok(page(&visit, caller).await?.refused(error).show()),
    }
}

async fn page(visit: &Visit, caller: Caller) -> Result<Page<'_>, Error> {
    let user = visit.accounts.profile(caller).await?;
    let pending = visit.accounts.pending_email(caller).await?;
    let page = visit.page("account_email.html").with("email", user.email.as_str());
    let page = page.with("is_verified", user.email_verified_at.is_some());
    Ok(page.with("pending", pending.as_ref().map(Email::as_str)))
}
