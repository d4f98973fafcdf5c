//! `/account/passkeys`: passkeys and security keys. Only adding one takes a script: nothing else can ask an authenticator.

use ::axum::extract::{Path, rejection::PathRejection};
use serde::Serialize;

use crate::{
    account::Caller,
    error::Error,
    http,
    pages::{
        form::Form,
        moment::Moment,
        page::{Answer, Page},
        passkey,
        visit::Visit,
    },
    passkey::{KeyAnswer, Passkey, PasskeyEnrolled, PasskeyId, PasskeyKind, PasskeyName},
};

/// A key, as pages show it.
#[derive(Debug, Serialize)]
struct Shown {
    id: String,
    kind: &'static str,
    name: String,
    created: Moment,
    last_used: Option<Moment>,
    backed_up: bool,
}

impl From<Passkey> for Shown {
    fn from(key: Passkey) -> Self {
        Self {
            id: key.id.to_string(),
            kind: key.kind.as_str(),
            name: key.name.as_str().to_owned(),
            created: key.created_at.into(),
            last_used: key.last_used_at.map(Moment::from),
            backed_up: key.backed_up,
        }
    }
}

pub(in crate::pages) async fn list(visit: Visit) -> Answer {
    let caller = visit.caller().await?;
    has_keys(&visit)?;
    let keys: Vec<_> = visit.accounts.passkeys(caller).await?.into_iter().map(Shown::from).collect();
    Ok(visit.page("account_passkeys.html").with("keys", keys).show())
}

pub(in crate::pages) async fn ask(visit: Visit) -> Answer {
    visit.fresh_caller().await?;
    has_keys(&visit)?;
    Ok(new_page(&visit).show())
}

pub(in crate::pages) async fn add(visit: Visit, mut form: Form) -> Answer {
    let caller = visit.fresh_caller().await?;
    let typed = form.text("name");
    let outcome = match http::both(passkey::answer(&mut form, None), name(&typed)) {
        Ok((answer, name)) => enrol(&visit, caller, &answer, name).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(PasskeyEnrolled { recovery_codes: Some(codes), .. }) => {
            Ok(visit.recovery_codes(&codes, "/account/passkeys").show())
        }
        Ok(PasskeyEnrolled { passkey, .. }) => {
            Ok(visit.to("/account/passkeys").saying("passkey_added", passkey.name.as_str()).go())
        }
        Err(Error::NotFound) => Err(Error::NotFound.into()),
        Err(error) => Ok(new_page(&visit).typed("name", typed).refused(error).show()),
    }
}

async fn enrol(visit: &Visit, caller: Caller, answer: &KeyAnswer, name: PasskeyName) -> Result<PasskeyEnrolled, Error> {
    visit.accounts.finish_passkey_registration(caller, answer, name, &visit.device).await
}

pub(in crate::pages) async fn show(visit: Visit, id: Result<Path<String>, PathRejection>) -> Answer {
    let caller = visit.fresh_caller().await?;
    let key = find(&visit, caller, id).await?;
    Ok(one_page(&visit, key).show())
}

/// Gives a key another name, or removes it.
pub(in crate::pages) async fn change(visit: Visit, id: Result<Path<String>, PathRejection>, mut form: Form) -> Answer {
    let caller = visit.fresh_caller().await?;
    let key = find(&visit, caller, id).await?;
    let (is_removal, typed) = (form.is_ticked("remove"), form.text("name"));
    let outcome = if is_removal {
        visit.accounts.remove_passkey(caller, key.id, &visit.device).await
    } else {
        rename(&visit, caller, key.id, &typed).await
    };
    match outcome {
        Ok(()) if is_removal => Ok(visit.to("/account/passkeys").saying("passkey_removed", key.name.as_str()).go()),
        Ok(()) => Ok(visit.to("/account/passkeys").saying("passkey_renamed", "").go()),
        Err(Error::NotFound) => Err(Error::NotFound.into()),
        Err(error) if is_removal => Ok(one_page(&visit, key).refused(error).show()),
        Err(error) => Ok(one_page(&visit, key).typed("name", typed).refused(error).show()),
    }
}

async fn rename(visit: &Visit, caller: Caller, id: PasskeyId, typed: &str) -> Result<(), Error> {
    visit.accounts.rename_passkey(caller, id, &name(typed)?, &visit.device).await?;
    Ok(())
}

fn name(typed: &str) -> Result<PasskeyName, Error> {
    PasskeyName::parse(typed).ok_or(Error::field("name", "invalid_name"))
}

/// There is nothing here where keys cannot be used.
fn has_keys(visit: &Visit) -> Result<(), Error> {
    if visit.accounts.has_webauthn() { Ok(()) } else { Err(Error::NotFound) }
}

/// The visitor's key that a path names.
async fn find(visit: &Visit, caller: Caller, id: Result<Path<String>, PathRejection>) -> Result<Passkey, Error> {
    let id = http::named(id, PasskeyId::parse)?;
    let keys = visit.accounts.passkeys(caller).await?;
    keys.into_iter().find(|key| key.id == id).ok_or(Error::NotFound)
}

/// For a passkey, unless a security key is asked for.
fn new_page(visit: &Visit) -> Page<'_> {
    let kind = visit.asked("kind").and_then(|kind| PasskeyKind::parse(&kind)).unwrap_or(PasskeyKind::Passkey);
    visit.page("account_passkey_new.html").with("kind", kind.as_str())
}

fn one_page(visit: &Visit, key: Passkey) -> Page<'_> {
    let name = key.name.as_str().to_owned();
    visit.page("account_passkey.html").with("key", Shown::from(key)).typed("name", name)
}
