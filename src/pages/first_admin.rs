//! `/first-admin`: the link that a server gives out when it starts without an administrator.

use super::{
    form::Form,
    new_account::Typed,
    page::{Answer, Page},
    visit::Visit,
};
use crate::{account::User, error::Error, one_time::OneTimeToken};

pub(super) async fn show(visit: Visit) -> Answer {
    match visit.asked("token").and_then(|token| OneTimeToken::parse(&token)) {
        Some(token) if visit.accounts.is_first_admin_offered(&token).await? => Ok(page(&visit, token.expose()).show()),
        _ => Ok(dead(&visit)),
    }
}

pub(super) async fn make(visit: Visit, mut form: Form) -> Answer {
    let (token, typed) = (form.text("token"), Typed::of(&mut form));
    match admin(&visit, &token, &typed).await {
        Ok(user) => Ok(visit.to("/login").saying("first_admin", user.username.as_str()).go()),
        Err(Error::TokenInvalid) => Ok(dead(&visit)),
        Err(error) => Ok(typed.refused(page(&visit, &token), error).show()),
    }
}

async fn admin(visit: &Visit, token: &str, typed: &Typed) -> Result<User, Error> {
    let token = OneTimeToken::parse(token).ok_or(Error::TokenInvalid)?;
    // Whoever has a dead link is not asked to mend what they typed.
    if !visit.accounts.is_first_admin_offered(&token).await? {
        return Err(Error::TokenInvalid);
    }
    visit.accounts.make_first_admin(&token, typed.registration(&visit.accounts)?, &visit.device).await
}

fn dead(visit: &Visit) -> ::axum::response::Response {
    page(visit, "").answering(Error::TokenInvalid).show()
}

fn page<'a>(visit: &'a Visit, token: &str) -> Page<'a> {
    visit.page("first_admin.html").with("token", token)
}
