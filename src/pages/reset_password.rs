//! `/reset-password`

use super::{
    confirm::{self, Link},
    form::Form,
    page::{Answer, Page},
    passwords,
    visit::Visit,
};
use crate::{
    error::Error,
    one_time::{OneTimeToken, Purpose},
};

pub(super) async fn show(visit: Visit) -> Answer {
    match confirm::link(&visit, Purpose::Reset).await? {
        Link::Live(token) => Ok(page(&visit, &token).show()),
        Link::None => Ok(visit.to("/forgot-password").go()),
        Link::Dead => Ok(confirm::dead(&visit, Purpose::Reset)),
    }
}

pub(super) async fn reset(visit: Visit, mut form: Form) -> Answer {
    let Some(token) = OneTimeToken::parse(&form.text("token")) else {
        return Ok(confirm::dead(&visit, Purpose::Reset));
    };
    // Whoever has a dead link is not asked to mend what they typed.
    if !visit.accounts.is_live(Purpose::Reset, &token).await? {
        return Ok(confirm::dead(&visit, Purpose::Reset));
    }
    let outcome = match passwords::typed_twice(&visit.accounts, &mut form) {
        Ok(new) => visit.accounts.reset_password(&token, new, &visit.device).await,
        Err(error) => Err(error),
    };
    match outcome {
        // Every session has ended, this browser's as well.
        Ok(()) => Ok(visit.to("/login").in_flow(None).saying("password_set", "").go()),
        Err(Error::TokenInvalid) => Ok(confirm::dead(&visit, Purpose::Reset)),
        Err(error) => Ok(page(&visit, &token).refused(error).show()),
    }
}

fn page<'a>(visit: &'a Visit, token: &OneTimeToken) -> Page<'a> {
    visit.page("reset_password.html").with("token", token.expose())
}
