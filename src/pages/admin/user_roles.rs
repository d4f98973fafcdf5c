//! `/account/admin/users/{id}/roles`: which roles someone has.

use serde::Serialize;

use super::{Named, operator, page, page_of};
use crate::{
    account::{Accounts, User},
    error::Error,
    http,
    pages::{
        form::Form,
        page::{Answer, Page},
        visit::Visit,
    },
};

/// A role to be ticked.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Choice {
    name: String,
    scopes: String,
    ticked: bool,
}

/// Every role there is, with those ticked that are among these.
pub(super) async fn choices(accounts: &Accounts, ticked: &[String]) -> Result<Vec<Choice>, Error> {
    let roles = accounts.roles().await?.into_iter().map(|role| Choice {
        ticked: ticked.iter().any(|name| name == role.name.as_str()),
        name: role.name.to_string(),
        scopes: role.scopes.to_string(),
    });
    Ok(roles.collect())
}

pub(in crate::pages) async fn ask(visit: Visit, Named(id): Named) -> Answer {
    operator(&visit).await?;
    let user = visit.accounts.user(id).await?.user;
    Ok(question(&visit, &user, &user.roles).await?.show())
}

pub(in crate::pages) async fn give(visit: Visit, Named(id): Named, mut form: Form) -> Answer {
    let operator = operator(&visit).await?;
    let user = visit.accounts.user(id).await?.user;
    let ticked = form.all("roles");
    let outcome = match http::role_names(&ticked) {
        Ok(roles) => visit.accounts.administer(&operator, &visit.device).set_user_roles(id, roles).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(_) => Ok(visit.to(&page_of(id)).saying("user_roles", user.username.as_str()).go()),
        Err(Error::NotFound) => Err(Error::NotFound.into()),
        Err(error) => Ok(question(&visit, &user, &ticked).await?.refused(error).show()),
    }
}

async fn question<'a>(visit: &'a Visit, user: &User, ticked: &[String]) -> Result<Page<'a>, Error> {
    let page = page(visit, "admin_user_roles.html").with("username", user.username.as_str());
    Ok(page.with("roles", choices(&visit.accounts, ticked).await?).with("back", page_of(user.id)))
}
