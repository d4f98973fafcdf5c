//! `/register`

use super::{
    form::Form,
    new_account::Typed,
    page::{Answer, Trouble},
    visit::Visit,
};
use crate::{account::Registered, config::RegistrationPolicy, error::Error};

pub(super) async fn show(visit: Visit) -> Answer {
    if visit.accounts.config().registration == RegistrationPolicy::Closed {
        return Err(Trouble::from(Error::RegistrationClosed));
    }
    Ok(visit.page("register.html").show())
}

pub(super) async fn register(visit: Visit, mut form: Form) -> Answer {
    let typed = Typed::of(&mut form);
    match make(&visit, &typed).await {
        Ok(_) if visit.accounts.config().registration == RegistrationPolicy::Approval => {
            Ok(visit.to("/login").saying("waits_for_approval", "").go())
        }
        Ok(made) => Ok(visit.to("/verify-email").saying("registered", made.email.as_str()).go()),
        Err(error) => Ok(typed.refused(visit.page("register.html"), error).show()),
    }
}

async fn make(visit: &Visit, typed: &Typed) -> Result<Registered, Error> {
    visit.accounts.register(typed.registration(&visit.accounts)?, &visit.device).await
}
