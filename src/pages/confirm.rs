//! `/confirm-email`, `/undo-email`: the links of mails, each opened by a page with a button. Opening the page spends
//! nothing: mail programs open links too.

use ::axum::{
    response::Response,
    routing::{MethodRouter, get},
};

use super::{
    form::Form,
    page::{Answer, Page},
    state::PageState,
    visit::Visit,
};
use crate::{
    error::Error,
    one_time::{OneTimeToken, Purpose},
};

/// What the link that led to a page is worth.
pub(super) enum Link {
    /// There was none.
    None,
    /// It opens nothing, or not any more.
    Dead,
    /// It is good.
    Live(OneTimeToken),
}

/// The page behind a link of this kind.
pub(super) fn page(purpose: Purpose) -> MethodRouter<PageState> {
    get(move |visit| show(purpose, visit)).post(move |visit, form| act(purpose, visit, form))
}

async fn show(purpose: Purpose, visit: Visit) -> Answer {
    match link(&visit, purpose).await? {
        Link::Live(token) => Ok(button(&visit, purpose, &token).show()),
        Link::None | Link::Dead => Ok(dead(&visit, purpose)),
    }
}

async fn act(purpose: Purpose, visit: Visit, mut form: Form) -> Answer {
    let Some(token) = OneTimeToken::parse(&form.text("token")) else { return Ok(dead(&visit, purpose)) };
    let outcome = match purpose {
        Purpose::Undo => visit.accounts.undo_email(&token, &visit.device).await,
        _ => visit.accounts.confirm_email(&token, &visit.device).await,
    };
    match outcome {
        Ok(()) => Ok(visit.to("/login").saying(purpose.as_str(), "").go()),
        Err(Error::TokenInvalid) => Ok(dead(&visit, purpose)),
        Err(error) => Err(error.into()),
    }
}

/// The link that led here.
pub(super) async fn link(visit: &Visit, purpose: Purpose) -> Result<Link, Error> {
    if !form_urlencoded::parse(visit.query.as_bytes()).any(|(name, _)| name == "token") {
        return Ok(Link::None);
    }
    match visit.asked("token").and_then(|token| OneTimeToken::parse(&token)) {
        Some(token) if visit.accounts.is_live(purpose, &token).await? => Ok(Link::Live(token)),
        _ => Ok(Link::Dead),
    }
}

/// A page that says what the link does, with the button that does it.
pub(super) fn button<'a>(visit: &'a Visit, purpose: Purpose, token: &OneTimeToken) -> Page<'a> {
    visit.page("link.html").with("purpose", purpose.as_str()).with("token", token.expose())
}

/// A page that says that the link opens nothing, and what to do next.
pub(super) fn dead(visit: &Visit, purpose: Purpose) -> Response {
    visit.page("link.html").with("purpose", purpose.as_str()).with("token", "").answering(Error::TokenInvalid).show()
}
