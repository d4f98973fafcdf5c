//! `/login/enrol`: setting up an authenticator app in the middle of a login, where the service asks for one.

use ::axum::response::Response;

use super::{
    account::authenticator::setup_shown,
    form::Form,
    page::{Answer, Page},
    visit::Visit,
};
use crate::{
    error::Error,
    flow::Step,
    totp::{Enrolling, TotpCode, TotpSecret, TotpSetup},
};

pub(super) async fn show(visit: Visit) -> Answer {
    visit.or_start_again(begin(&visit).await)
}

pub(super) async fn finish(visit: Visit, form: Form) -> Answer {
    visit.or_start_again(confirm(&visit, form).await)
}

async fn begin(visit: &Visit) -> Result<Response, Error> {
    let who = Enrolling::Login(visit.flow()?.clone());
    Ok(page(visit, &visit.accounts.set_up_totp(&who, &visit.device).await?).show())
}

async fn confirm(visit: &Visit, mut form: Form) -> Result<Response, Error> {
    visit.waits_for(Step::Enrolment).await?;
    let who = Enrolling::Login(visit.flow()?.clone());
    let outcome = match TotpCode::parse(&form.text("code")) {
        Some(code) => visit.accounts.confirm_totp(&who, &code, &visit.device).await,
        None => Err(Error::field("code", "invalid_code")),
    };
    let outcome = match outcome {
        Ok(enrolled) => {
            let login = enrolled.login.ok_or(Error::FlowInvalid);
            visit.go_on(login, enrolled.recovery_codes.as_ref()).await
        }
        Err(error) => visit.go_on(Err(error), None).await,
    };
    let Err(error) = outcome else { return outcome };
    // The page alone has the secret: it came with the code, to be shown again where that is wrong.
    match TotpSecret::from_base32(&form.text("secret")) {
        Some(secret) => page(visit, &visit.accounts.show_totp_setup(&who, secret).await?).again(error),
        None => begin(visit).await,
    }
}

fn page<'a>(visit: &'a Visit, setup: &TotpSetup) -> Page<'a> {
    setup_shown(visit.page("enrol.html"), setup)
}
