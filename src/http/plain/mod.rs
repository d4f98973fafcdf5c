//! Plain pages, one for each kind of mailed link, so that it works in a browser: no script, no style, nothing from
//! elsewhere. Opening one spends nothing; its button does.

mod form;
mod html;
mod origin;

use ::axum::{
    Router,
    extract::{DefaultBodyLimit, RawQuery, State},
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};

use self::{form::Form, html::Text};
use super::{
    BODY_LIMIT, mailed_token, method_not_allowed,
    problem::{self, Problem},
    state::AppState,
};
use crate::{
    Error, Portcullis,
    account::Accounts,
    axum::GuardedRouter,
    guard::RouteRule,
    one_time::{OneTimeToken, Purpose},
    session::Device,
};

/// Every page: where the links of mails lead.
fn routes() -> GuardedRouter<AppState> {
    let public = RouteRule::public;
    GuardedRouter::new()
        .route("/verify-email", page(Purpose::Verify), public())
        .route("/reset-password", page(Purpose::Reset), public())
        .route("/confirm-email", page(Purpose::Confirm), public())
        .route("/undo-email", page(Purpose::Undo), public())
        .method_not_allowed_fallback(method_not_allowed)
}

/// The pages as one router.
pub(crate) fn router(portcullis: &Portcullis) -> Router {
    routes()
        .with_state(AppState::new(portcullis))
        .guard(portcullis.guard())
        .into_router()
        .reset_fallback()
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::map_response(problem::no_store))
        .layer(middleware::map_response(html::secure))
}

fn page(purpose: Purpose) -> MethodRouter<AppState> {
    get(move |state, query| look(purpose, state, query))
        .post(move |state, device, form| act(purpose, state, device, form))
}

async fn look(
    purpose: Purpose,
    State(accounts): State<Accounts>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let text = html::text(purpose);
    let Some(token) = mailed_token::of_query(query.as_deref()) else { return Ok(dead(&accounts, &text)) };
    if !accounts.is_live(purpose, &token).await? {
        return Ok(dead(&accounts, &text));
    }
    Ok(html::form(accounts.config().site_name(), &text, &token, &[]).into_response())
}

async fn act(
    purpose: Purpose,
    State(accounts): State<Accounts>,
    device: Device,
    mut form: Form,
) -> Result<Response, Problem> {
    let text = html::text(purpose);
    let site = accounts.config().site_name();
    let Some(token) = form.take("token").and_then(|token| OneTimeToken::parse(&token)) else {
        return Ok(dead(&accounts, &text));
    };
    let password = form.take("new_password").unwrap_or_default();
    match open(&accounts, purpose, &token, &password, &device).await {
        Ok(()) => Ok(html::message(site, text.title, text.done).into_response()),
        Err(Error::TokenInvalid) => Ok(dead(&accounts, &text)),
        Err(Error::InvalidFields(errors)) => {
            let form = html::form(site, &text, &token, &errors);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, form).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn open(
    accounts: &Accounts,
    purpose: Purpose,
    token: &OneTimeToken,
    password: &str,
    device: &Device,
) -> Result<(), Error> {
    match purpose {
        Purpose::Verify => accounts.verify_email(token, device).await,
        Purpose::Confirm => accounts.confirm_email(token, device).await,
        Purpose::Undo => accounts.undo_email(token, device).await,
        Purpose::Reset => {
            let new = accounts.screen_password("new_password", password)?;
            accounts.reset_password(token, new, device).await
        }
    }
}

fn dead(accounts: &Accounts, text: &Text) -> Response {
    let page = html::message(accounts.config().site_name(), text.title, html::DEAD);
    (StatusCode::BAD_REQUEST, page).into_response()
}
