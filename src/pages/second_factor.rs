//! `/login/second-factor`

use ::axum::response::Response;

use super::{
    form::Form,
    page::{Answer, Page},
    visit::Visit,
};
use crate::{
    account::{SecondFactorCode, UnfinishedLogin},
    error::Error,
    flow::Step,
    recovery::RecoveryCode,
    totp::TotpCode,
};

pub(super) async fn show(visit: Visit) -> Answer {
    visit.or_start_again(visit.waits_for(Step::SecondFactor).await.map(|login| page(&visit, &login).show()))
}

pub(super) async fn finish(visit: Visit, form: Form) -> Answer {
    visit.or_start_again(take(&visit, form).await)
}

async fn take(visit: &Visit, mut form: Form) -> Result<Response, Error> {
    let login = visit.waits_for(Step::SecondFactor).await?;
    let outcome = match code(&mut form) {
        Ok(code) => visit.accounts.login_with_second_factor(visit.flow()?, &code, &visit.device).await,
        Err(error) => Err(error),
    };
    visit.go_on(outcome, None).await.or_else(|error| page(visit, &login).again(error))
}

/// The code of either kind, whichever field of the two was shown.
fn code(form: &mut Form) -> Result<SecondFactorCode, Error> {
    if let Some(typed) = form.take("recovery_code") {
        let code = RecoveryCode::parse(&typed).ok_or(Error::field("recovery_code", "invalid_code"))?;
        return Ok(SecondFactorCode::Recovery(code));
    }
    let code = TotpCode::parse(&form.text("code")).ok_or(Error::field("code", "invalid_code"))?;
    Ok(SecondFactorCode::Totp(code))
}

fn page<'a>(visit: &'a Visit, login: &UnfinishedLogin) -> Page<'a> {
    let with_recovery = visit.asked("with").as_deref() == Some("recovery") || !login.second_factors.totp;
    visit.page("second_factor.html").with("with_recovery", with_recovery).with("totp", login.second_factors.totp)
}
