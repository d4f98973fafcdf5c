//! `/account/admin/users/{id}/password`: a password for someone who has lost theirs.

use super::{Named, operator, page, page_of};
use crate::{
    account::User,
    error::Error,
    pages::{
        form::Form,
        page::{Answer, Page},
        passwords,
        visit::Visit,
    },
};

pub(in crate::pages) async fn ask(visit: Visit, Named(id): Named) -> Answer {
    operator(&visit).await?;
    let user = visit.accounts.user(id).await?.user;
    Ok(question(&visit, &user).show())
}

pub(in crate::pages) async fn set(visit: Visit, Named(id): Named, mut form: Form) -> Answer {
    let operator = operator(&visit).await?;
    let user = visit.accounts.user(id).await?.user;
    let outcome = match passwords::typed_twice(&visit.accounts, &mut form) {
        Ok(new) => visit.accounts.administer(&operator, &visit.device).reset_password(id, new).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => Ok(visit.to(&page_of(id)).saying("user_password", user.username.as_str()).go()),
        Err(Error::NotFound) => Err(Error::NotFound.into()),
        Err(error) => Ok(question(&visit, &user).refused(error).show()),
    }
}

fn question<'a>(visit: &'a Visit, user: &User) -> Page<'a> {
    page(visit, "admin_password.html").with("username", user.username.as_str()).with("back", page_of(user.id))
}
