//! `/login/new-password`

use ::axum::response::Response;

use super::{form::Form, page::Answer, passwords, visit::Visit};
use crate::{error::Error, flow::Step};

pub(super) async fn show(visit: Visit) -> Answer {
    visit.or_start_again(visit.waits_for(Step::NewPassword).await.map(|_| visit.page("new_password.html").show()))
}

pub(super) async fn finish(visit: Visit, form: Form) -> Answer {
    visit.or_start_again(set(&visit, form).await)
}

async fn set(visit: &Visit, mut form: Form) -> Result<Response, Error> {
    visit.waits_for(Step::NewPassword).await?;
    let outcome = match passwords::typed_twice(&visit.accounts, &mut form) {
        Ok(new) => visit.accounts.login_with_new_password(visit.flow()?, new, &visit.device).await,
        Err(error) => Err(error),
    };
    visit.go_on(outcome, None).await.or_else(|error| visit.page("new_password.html").again(error))
}
