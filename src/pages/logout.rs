//! `/logout`: asked for by a form, since whatever a page elsewhere can make a browser fetch must not do it.

use ::axum::{
    http::{HeaderName, HeaderValue, header::SET_COOKIE},
    response::Response,
};

use super::{cookies, form::Form, page::Answer, visit::Visit};
use crate::{account::Caller, error::Error};

pub(super) async fn show(visit: Visit) -> Answer {
    let logged_in = visit.is_logged_in().await?.is_some();
    Ok(visit.page("logout.html").with("asks", logged_in).show())
}

/// Ends the session of this browser, or with `everywhere` every session of its user.
pub(super) async fn log_out(visit: Visit, mut form: Form) -> Answer {
    if let Some(caller) = visit.is_logged_in().await?.as_ref().and_then(Caller::of) {
        let outcome = if form.is_ticked("everywhere") {
            visit.accounts.logout_everywhere(caller, &visit.device).await
        } else {
            visit.accounts.logout(caller, &visit.device).await
        };
        match outcome {
            Ok(()) | Err(Error::SessionEnded) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(gone(&visit))
}

/// Leads to the page that says so, with a browser that has forgotten everything.
pub(super) fn gone(visit: &Visit) -> Response {
    let mut response = visit.to("/logout").in_flow(None).go();
    let headers = response.headers_mut();
    headers.extend(cookies::no_session(visit.accounts.config()).map(|cookie| (SET_COOKIE, cookie)));
    headers.insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static(r#""cookies", "storage""#));
    response
}
