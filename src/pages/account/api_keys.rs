//! `/account/api-keys`: keys for programs that act for one.

use std::time::Duration;

use ::axum::extract::{Path, rejection::PathRejection};
use serde::Serialize;

use crate::{
    account::Caller,
    api_key::{API_KEY_OVERLAP, ApiKey, ApiKeyId, NewKey, PlainApiKey},
    error::Error,
    http::{Piece, named},
    pages::{
        form::Form,
        moment::Moment,
        page::{Answer, Page},
        visit::Visit,
    },
    principal::Scopes,
};

/// The times that a key can be made for, in days: the last is the longest there is.
const DAYS: [u64; 4] = [7, 30, 90, 365];

/// The one that is chosen unless another is.
const USUAL_DAYS: u64 = 90;

const DAY: Duration = Duration::from_hours(24);

/// A key, as pages show it.
#[derive(Debug, Serialize)]
struct Shown {
    id: String,
    name: String,
    scopes: Vec<String>,
    created: Moment,
    expires: Moment,
    last_used: Option<Moment>,
}

impl From<ApiKey> for Shown {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name,
            scopes: key.scopes.iter().map(str::to_owned).collect(),
            created: key.created_at.into(),
            expires: key.expires_at.into(),
            last_used: key.last_used_at.map(Moment::from),
        }
    }
}

/// A scope that a key can be given.
#[derive(Debug, Serialize)]
struct Choice<'a> {
    name: &'a str,
    ticked: bool,
}

pub(in crate::pages) async fn list(visit: Visit) -> Answer {
    let caller = visit.caller().await?;
    let piece = Piece::read(&visit.query)?;
    let keys = visit.accounts.api_keys(caller, piece.after(ApiKeyId::parse)?, piece.limit()).await?;
    let (keys, next) = piece.cut(keys, |last| last.id.to_string());
    let keys: Vec<_> = keys.into_iter().map(Shown::from).collect();
    let page = visit.page("account_api_keys.html").with("keys", keys).with("next", next);
    Ok(page.with("can_make", held(&visit).is_some_and(|held| !held.is_empty())).show())
}

pub(in crate::pages) async fn ask(visit: Visit) -> Answer {
    visit.fresh_caller().await?;
    Ok(new_page(&visit, &Scopes::default(), USUAL_DAYS.to_string()).show())
}

pub(in crate::pages) async fn make(visit: Visit, mut form: Form) -> Answer {
    let caller = visit.fresh_caller().await?;
    let name = form.text("name");
    let (scopes, days) = (form.all("scopes").into_iter().collect::<Scopes>(), form.text("days"));
    match create(&visit, caller, &name, scopes.clone(), &days).await {
        Ok((key, plain)) => Ok(made(&visit, key, &plain).show()),
        Err(error) => Ok(new_page(&visit, &scopes, days).typed("name", name).refused(error).show()),
    }
}

async fn create(
    visit: &Visit,
    caller: Caller,
    name: &str,
    scopes: Scopes,
    days: &str,
) -> Result<(ApiKey, PlainApiKey), Error> {
    // What is no number of days is as long as none.
    let days = days.parse().ok().filter(|days| DAYS.contains(days)).unwrap_or_default();
    let lifetime = DAY * u32::try_from(days).unwrap_or_default();
    let new = NewKey::parse(name, scopes, Some(lifetime));
    let held = held(visit).ok_or(Error::SessionEnded)?;
    visit.accounts.create_api_key(caller, held, new?, &visit.device).await
}

pub(in crate::pages) async fn show(visit: Visit, id: Result<Path<String>, PathRejection>) -> Answer {
    let caller = visit.fresh_caller().await?;
    let key = visit.accounts.api_key(caller, named(id, ApiKeyId::parse)?).await?;
    Ok(one_page(&visit, key).show())
}

/// Puts another key in the place of one, or deletes it.
pub(in crate::pages) async fn change(visit: Visit, id: Result<Path<String>, PathRejection>, mut form: Form) -> Answer {
    let caller = visit.fresh_caller().await?;
    let key = visit.accounts.api_key(caller, named(id, ApiKeyId::parse)?).await?;
    if form.is_ticked("delete") {
        visit.accounts.delete_api_key(caller, key.id, &visit.device).await?;
        return Ok(visit.to("/account/api-keys").saying("api_key_deleted", &key.name).go());
    }
    match visit.accounts.rotate_api_key(caller, key.id, API_KEY_OVERLAP, &visit.device).await {
        Ok((key, plain)) => Ok(made(&visit, key, &plain).show()),
        Err(Error::NotFound) => Err(Error::NotFound.into()),
        Err(error) => Ok(one_page(&visit, key).refused(error).show()),
    }
}

/// What the visitor may do, and so what a key of theirs can.
fn held(visit: &Visit) -> Option<&Scopes> {
    visit.principal().map(crate::Principal::scopes)
}

fn new_page<'a>(visit: &'a Visit, chosen: &Scopes, days: String) -> Page<'a> {
    let held = held(visit).into_iter().flat_map(Scopes::iter);
    let choices: Vec<_> = held.map(|name| Choice { name, ticked: chosen.contains(name) }).collect();
    visit.page("account_api_key_new.html").with("choices", choices).with("days", DAYS).typed("days", days)
}

fn one_page(visit: &Visit, key: ApiKey) -> Page<'_> {
    visit.page("account_api_key.html").with("key", Shown::from(key))
}

/// The one page that a key itself is on.
fn made<'a>(visit: &'a Visit, key: ApiKey, plain: &PlainApiKey) -> Page<'a> {
    visit.page("account_api_key_made.html").with("key", Shown::from(key)).with("text", plain.expose())
}
