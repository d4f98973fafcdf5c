//! `/account/profile`: the name to show.

use crate::{
    account::DisplayName,
    error::Error,
    pages::{
        form::Form,
        page::{Answer, Page},
        visit::Visit,
    },
};

pub(in crate::pages) async fn show(visit: Visit) -> Answer {
    let name = visit.accounts.profile(visit.caller().await?).await?.name;
    Ok(page(&visit, name).show())
}

pub(in crate::pages) async fn change(visit: Visit, mut form: Form) -> Answer {
    let caller = visit.caller().await?;
    let typed = form.text("display_name");
    let Some(name) = DisplayName::parse(&typed) else {
        return Ok(page(&visit, typed).refused(Error::field("display_name", "invalid_name")).show());
    };
    visit.accounts.rename(caller, name, &visit.device).await?;
    Ok(visit.to("/account").saying("profile_changed", "").go())
}

fn page(visit: &Visit, name: String) -> Page<'_> {
    visit.page("account_profile.html").typed("display_name", name)
}
