//! `/account/admin/new-user`: an account for someone, with a password that they change, or a mail by which they set one.

use super::{May, operator, page, page_of, user_roles::choices};
use crate::{
    access::{Operator, RoleName},
    account::User,
    error::Error,
    http,
    pages::{
        form::Form,
        new_account::Typed,
        page::{Answer, Page},
        visit::Visit,
    },
};

pub(in crate::pages) async fn ask(visit: Visit) -> Answer {
    operator(&visit).await?;
    Ok(question(&visit, &[]).await?.show())
}

pub(in crate::pages) async fn make(visit: Visit, mut form: Form) -> Answer {
    let operator = operator(&visit).await?;
    let (ticked, typed) = (form.all("roles"), Typed::of(&mut form));
    let made = match http::role_names(&ticked) {
        Ok(roles) => account(&visit, &operator, &typed, roles).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(user) if May::of(visit.principal()).see_users => {
            let kind = if typed.invitation().is_some() { "user_invited" } else { "user_created" };
            Ok(visit.to(&page_of(user.id)).saying(kind, user.email.as_str()).go())
        }
        Ok(user) => Ok(visit.to("/account/admin/new-user").saying("user_created", user.username.as_str()).go()),
        Err(error) => Ok(typed.refused(question(&visit, &ticked).await?, error).show()),
    }
}

async fn account(visit: &Visit, operator: &Operator, typed: &Typed, roles: Vec<RoleName>) -> Result<User, Error> {
    let administration = visit.accounts.administer(operator, &visit.device);
    match typed.invitation() {
        Some(invitation) => administration.invite_user(invitation?, roles).await,
        None => administration.create_user(typed.registration(&visit.accounts)?, roles).await,
    }
}

async fn question<'a>(visit: &'a Visit, ticked: &[String]) -> Result<Page<'a>, Error> {
    Ok(page(visit, "admin_new_user.html").with("roles", choices(&visit.accounts, ticked).await?))
}
