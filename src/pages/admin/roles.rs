//! `/account/admin/roles`, `/account/admin/new-role`: the roles there are, and what they may do.

use ::axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use serde::Serialize;

use super::{operator, page};
use crate::{
    access::{ADMIN, Operator, Role, RoleName},
    error::Error,
    http,
    pages::{
        form::Form,
        page::{Answer, Page, Trouble},
        visit::Visit,
    },
};

/// The role that a path names.
#[derive(Clone, Debug)]
pub(in crate::pages) struct NamedRole(RoleName);

impl<S: Send + Sync> FromRequestParts<S> for NamedRole {
    type Rejection = Trouble;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Trouble> {
        Ok(Self(http::named(Path::from_request_parts(parts, state).await, RoleName::parse)?))
    }
}

#[derive(Clone, Debug, Serialize)]
struct Shown {
    name: String,
    scopes: Vec<String>,
}

pub(in crate::pages) async fn list(visit: Visit) -> Answer {
    visit.caller().await?;
    let roles = visit.accounts.roles().await?.into_iter();
    let scopes_of = |role: &Role| role.scopes.iter().map(str::to_owned).collect();
    let roles = roles.map(|role| Shown { scopes: scopes_of(&role), name: role.name.to_string() });
    Ok(page(&visit, "admin_roles.html").with("roles", roles.collect::<Vec<_>>()).show())
}

pub(in crate::pages) async fn ask_new(visit: Visit) -> Answer {
    operator(&visit).await?;
    Ok(page(&visit, "admin_new_role.html").show())
}

pub(in crate::pages) async fn make(visit: Visit, mut form: Form) -> Answer {
    let operator = operator(&visit).await?;
    let (name, scopes) = (form.text("role"), form.text("scopes"));
    let outcome = match new_name(&visit, &name).await {
        Ok(new) => set(&visit, &operator, new, &scopes).await,
        Err(error) => Err(error),
    };
    Ok(match outcome {
        Ok(()) => visit.to("/account/admin/roles").saying("role_set", &name).go(),
        Err(error) => {
            let page = page(&visit, "admin_new_role.html").typed("role", name);
            page.typed("scopes", scopes).refused(error).show()
        }
    })
}

/// What was typed, as the name of a role that is not there yet: a button that says "make" changes none that is.
async fn new_name(visit: &Visit, typed: &str) -> Result<RoleName, Error> {
    let name = RoleName::parse(typed).ok_or(Error::field("role", "invalid_role"))?;
    match found(visit, &name).await {
        Ok(_) => Err(Error::field("role", "role_taken")),
        Err(Error::NotFound) => Ok(name),
        Err(error) => Err(error),
    }
}

pub(in crate::pages) async fn ask(visit: Visit, NamedRole(name): NamedRole) -> Answer {
    operator(&visit).await?;
    let role = found(&visit, &name).await?;
    let scopes = role.scopes.iter().collect::<Vec<_>>().join("\n");
    Ok(question(&visit, &name, scopes).show())
}

pub(in crate::pages) async fn change(visit: Visit, NamedRole(name): NamedRole, mut form: Form) -> Answer {
    let operator = operator(&visit).await?;
    found(&visit, &name).await?;
    let scopes = form.text("scopes");
    Ok(match set(&visit, &operator, name.clone(), &scopes).await {
        Ok(()) => visit.to("/account/admin/roles").saying("role_set", name.as_str()).go(),
        Err(error) => question(&visit, &name, scopes).refused(error).show(),
    })
}

pub(in crate::pages) async fn ask_delete(visit: Visit, NamedRole(name): NamedRole) -> Answer {
    operator(&visit).await?;
    found(&visit, &name).await?;
    Ok(last_question(&visit, &name).show())
}

pub(in crate::pages) async fn delete(visit: Visit, NamedRole(name): NamedRole) -> Answer {
    let operator = operator(&visit).await?;
    match visit.accounts.administer(&operator, &visit.device).delete_role(name.clone()).await {
        Ok(()) => Ok(visit.to("/account/admin/roles").saying("role_deleted", name.as_str()).go()),
        Err(Error::NotFound) => Err(Error::NotFound.into()),
        Err(error) => Ok(last_question(&visit, &name).refused(error).show()),
    }
}

async fn set(visit: &Visit, operator: &Operator, name: RoleName, scopes: &str) -> Result<(), Error> {
    let role = Role { name, scopes: scopes.split_whitespace().collect() };
    visit.accounts.administer(operator, &visit.device).set_role(role).await
}

async fn found(visit: &Visit, name: &RoleName) -> Result<Role, Error> {
    visit.accounts.roles().await?.into_iter().find(|role| role.name == *name).ok_or(Error::NotFound)
}

fn question<'a>(visit: &'a Visit, name: &RoleName, scopes: String) -> Page<'a> {
    let page = page(visit, "admin_role.html").with("role", name.as_str()).with("is_built_in", name.as_str() == ADMIN);
    page.typed("scopes", scopes)
}

fn last_question<'a>(visit: &'a Visit, name: &RoleName) -> Page<'a> {
    let page = page(visit, "admin_act.html").with("act", "delete_role").with("username", name.as_str());
    page.with("back", format!("/account/admin/roles/{name}")).with("danger", true)
}
