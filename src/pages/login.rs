//! `/login`

use super::{
    form::Form,
    page::{Answer, Page},
    visit::Visit,
};
use crate::{account::Credentials, config::RegistrationPolicy, error::Error, password::Password};

pub(super) async fn show(visit: Visit) -> Answer {
    if visit.is_logged_in().await?.is_some() {
        return Ok(visit.to_next().passing_on().go());
    }
    Ok(page(&visit).show())
}

pub(super) async fn log_in(visit: Visit, mut form: Form) -> Answer {
    let (name, password) = (form.text("name"), form.text("password"));
    let remember = form.is_ticked("remember");
    let outcome = match credentials(&name, &password, remember) {
        Ok(credentials) => visit.go_on(visit.accounts.login(credentials, &visit.device).await, None).await,
        Err(error) => Err(error),
    };
    Ok(outcome.unwrap_or_else(|error| {
        let page = page(&visit).typed("name", name).refused(error);
        if remember { page.typed("remember", "on") } else { page }.show()
    }))
}

fn credentials(name: &str, password: &str, remember: bool) -> Result<Credentials, Error> {
    if name.is_empty() || password.is_empty() {
        // What is missing is told field by field; what is wrong is not.
        let missing = [("name", name), ("password", password)].into_iter().filter(|(_, typed)| typed.is_empty());
        let missing = missing.map(|(field, _)| crate::FieldError { field, code: "missing" });
        return Err(Error::InvalidFields(missing.collect()));
    }
    let password = Password::parse(password).map_err(|problem| Error::field("password", problem.code()))?;
    Ok(Credentials { remember, ..Credentials::new(name, password) })
}

pub(super) fn page(visit: &Visit) -> Page<'_> {
    let is_open = visit.accounts.config().registration != RegistrationPolicy::Closed;
    visit.page("login.html").with("registration", is_open).with("passkeys", has_passkeys(visit))
}

#[cfg(feature = "webauthn")]
fn has_passkeys(visit: &Visit) -> bool {
    visit.accounts.has_webauthn()
}

#[cfg(not(feature = "webauthn"))]
const fn has_passkeys(_: &Visit) -> bool {
    false
}
