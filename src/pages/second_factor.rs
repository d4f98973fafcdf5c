//! `/login/second-factor`

use ::axum::response::Response;

use super::{
    codes,
    form::Form,
    page::{Answer, Page},
    visit::Visit,
};
use crate::{
    account::{SecondFactorCode, UnfinishedLogin},
    error::Error,
    flow::Step,
};

pub(super) async fn show(visit: Visit) -> Answer {
    visit.or_start_again(visit.waits_for(Step::SecondFactor).await.map(|login| page(&visit, &login).show()))
}

pub(super) async fn finish(visit: Visit, form: Form) -> Answer {
    visit.or_start_again(take(&visit, form).await)
}

async fn take(visit: &Visit, mut form: Form) -> Result<Response, Error> {
    let outcome = match second_factor(visit, &mut form) {
        Ok(shown) => visit.accounts.login_with_second_factor(visit.flow()?, &shown, &visit.device).await,
        Err(error) => Err(error),
    };
    match visit.go_on(outcome, None).await {
        // Asked for only now: what is asked of a key is asked anew by that.
        Err(error) => page(visit, &visit.waits_for(Step::SecondFactor).await?).again(error),
        done => done,
    }
}

/// What was shown for it, whichever field there was.
fn second_factor(visit: &Visit, form: &mut Form) -> Result<SecondFactorCode, Error> {
    #[cfg(feature = "webauthn")]
    if form.has("webauthn_response") {
        return super::passkey::answer(form, Some(visit.flow()?)).map(SecondFactorCode::Key);
    }
    #[cfg(not(feature = "webauthn"))]
    let _ = visit;
    codes::needed(form, "code")
}

fn page<'a>(visit: &'a Visit, login: &UnfinishedLogin) -> Page<'a> {
    let options = login.webauthn_options.as_ref().map(ToString::to_string);
    let has_recovery = visit.asked("with").as_deref() == Some("recovery");
    visit
        .page("second_factor.html")
        .with("with_recovery", has_recovery || !(login.second_factors.totp || options.is_some()))
        .with("totp", login.second_factors.totp)
        .with("options", options)
}
