//! `/account/delete`: leaving for good.

use ::axum::response::Response;

use crate::{
    error::Error,
    pages::{
        cookies,
        form::Form,
        page::{Answer, Leave},
        visit::Visit,
    },
};

pub(in crate::pages) async fn show(visit: Visit) -> Answer {
    visit.fresh_caller().await?;
    Ok(visit.page("account_delete.html").show())
}

pub(in crate::pages) async fn delete(visit: Visit, mut form: Form) -> Answer {
    let caller = visit.fresh_caller().await?;
    let outcome = if form.is_ticked("sure") {
        visit.accounts.delete_account(caller, &visit.device).await
    } else {
        Err(Error::field("sure", "not_sure"))
    };
    match outcome {
        Ok(()) => Ok(gone(&visit)),
        Err(error) => Ok(visit.page("account_delete.html").refused(error).show()),
    }
}

/// Leads to the login, with a browser that has no session any more.
fn gone(visit: &Visit) -> Response {
    let leave = visit.to("/login").in_flow(None).saying("account_deleted", "");
    let cookie = cookies::no_session(visit.accounts.config());
    cookie.into_iter().fold(leave, Leave::cookie).go()
}
