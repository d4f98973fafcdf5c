//! `/account/admin/users/{id}`: one account, and what can be done to it.

use super::{Named, page, users::Shown};
use crate::{
    access,
    pages::{page::Answer, visit::Visit},
};

pub(in crate::pages) async fn show(visit: Visit, Named(id): Named) -> Answer {
    let caller = visit.caller().await?;
    let record = visit.accounts.user(id).await?;
    let is_admin = access::is_admin(&record.user.roles);
    let page = page(&visit, "admin_user.html").with("user", Shown::from(record));
    Ok(page.with("is_admin", is_admin).with("is_oneself", caller.user == id).show())
}
