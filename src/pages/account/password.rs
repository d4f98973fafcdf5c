//! `/account/password`: another password, for whoever knows the one they have. Whoever has none gets one by mail.

use crate::{
    account::Caller,
    error::Error,
    http,
    pages::{
        form::Form,
        page::{Answer, Page},
        passwords,
        visit::Visit,
    },
    password::{Forgetful, Password},
};

pub(in crate::pages) async fn show(visit: Visit) -> Answer {
    Ok(page(&visit, visit.caller().await?).await?.show())
}

pub(in crate::pages) async fn change(visit: Visit, mut form: Form) -> Answer {
    let caller = visit.caller().await?;
    match set(&visit, caller, &mut form).await {
        Ok(()) => Ok(visit.to("/account").saying("password_changed", "").go()),
        Err(error) => Ok(page(&visit, caller).await?.refused(error).show()),
    }
}

async fn set(visit: &Visit, caller: Caller, form: &mut Form) -> Result<(), Error> {
    let old = form.text("password");
    let old = match old.as_str() {
        "" => Err(Error::field("password", "missing")),
        typed => Password::parse(typed).map_err(|problem| Error::field("password", problem.code())),
    };
    let (old, new) = http::both(old, passwords::typed_twice(&visit.accounts, form))?;
    visit.accounts.change_password(caller, old, new, &visit.device).await
}

/// Mails the link with which a password is set to someone who is logged in and has none.
pub(in crate::pages) async fn mail(visit: Visit, _: Form) -> Answer {
    let caller = visit.caller().await?;
    let email = visit.accounts.profile(caller).await?.email;
    let address = email.as_str().to_owned();
    match visit.accounts.forgot_password(Forgetful::Email(email), &visit.device).await {
        Ok(()) => Ok(visit.to("/account/password").saying("password_mailed", &address).go()),
        Err(error) => Ok(page(&visit, caller).await?.refused(error).show()),
    }
}

async fn page(visit: &Visit, caller: Caller) -> Result<Page<'_>, Error> {
    let record = visit.accounts.record_of(caller).await?;
    let page = visit.page("account_password.html").with("has_password", record.password.is_some());
    let page = page.with("is_elsewhere", record.backend.is_some());
    Ok(page.with("username", record.user.username.as_str()).with("email", record.user.email.as_str()))
}
