//! `/account`: who one is here.

use super::{page::Answer, visit::Visit};

pub(super) async fn show(visit: Visit) -> Answer {
    let user = visit.accounts.profile(visit.caller().await?).await?;
    let page = visit.page("account.html").with("username", user.username.as_str()).with("email", user.email.as_str());
    Ok(page.with("name", &user.name).show())
}
