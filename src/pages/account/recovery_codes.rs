//! `/account/recovery-codes`: a new set, shown once.

use crate::{
    error::Error,
    pages::{
        form::Form,
        page::{Answer, Page},
        visit::Visit,
    },
};

pub(in crate::pages) async fn show(visit: Visit) -> Answer {
    let caller = visit.fresh_caller().await?;
    let left = visit.accounts.recovery_codes_left(caller).await?;
    let has_second_factor = visit.accounts.record_of(caller).await?.second_factors.any();
    Ok(page(&visit, left).with("has_second_factor", has_second_factor).show())
}

pub(in crate::pages) async fn replace(visit: Visit, _: Form) -> Answer {
    let caller = visit.fresh_caller().await?;
    match visit.accounts.new_recovery_codes(caller, &visit.device).await {
        Ok(codes) => Ok(visit.recovery_codes(&codes, "/account").show()),
        Err(error @ Error::NoSecondFactor) => {
            Ok(page(&visit, 0).with("has_second_factor", false).answering(error).show())
        }
        Err(error) => Err(error.into()),
    }
}

fn page(visit: &Visit, left: u32) -> Page<'_> {
    visit.page("account_recovery_codes.html").with("left", left)
}
