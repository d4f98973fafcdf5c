//! `/register`

use super::{
    form::Form,
    page::{Answer, Page, Trouble},
    visit::Visit,
};
use crate::{FieldError, account::Registered, config::RegistrationPolicy, error::Error};

pub(super) async fn show(visit: Visit) -> Answer {
    if visit.accounts.config().registration == RegistrationPolicy::Closed {
        return Err(Trouble::from(Error::RegistrationClosed));
    }
    Ok(page(&visit).show())
}

pub(super) async fn register(visit: Visit, mut form: Form) -> Answer {
    let typed = ["username", "email", "display_name"].map(|field| (field, form.text(field)));
    let [(_, username), (_, email), (_, name)] = &typed;
    let (password, again) = (form.text("new_password"), form.text("new_password_again"));
    match make(&visit, [username, email, &password, name], password == again).await {
        Ok(made) => Ok(visit.to("/verify-email").saying("registered", made.email.as_str()).go()),
        Err(error) => {
            let page = page(&visit).refused(as_fields(error));
            Ok(typed.into_iter().fold(page, |page, (field, text)| page.typed(field, text)).show())
        }
    }
}

async fn make(visit: &Visit, typed: [&str; 4], same: bool) -> Result<Registered, Error> {
    let [username, email, password, name] = typed;
    let registration = visit.accounts.registration(username, email, password, name);
    let mismatch = FieldError { field: "new_password_again", code: "password_mismatch" };
    let registration = match (registration, same) {
        (Err(Error::InvalidFields(mut errors)), false) => {
            errors.push(mismatch);
            return Err(Error::InvalidFields(errors));
        }
        (Ok(_), false) => return Err(Error::InvalidFields(vec![mismatch])),
        (registration, _) => registration?,
    };
    visit.accounts.register(registration, &visit.device).await
}

/// The same failure, with the names that fields have in this form.
fn as_fields(error: Error) -> Error {
    let Error::InvalidFields(errors) = error else { return error };
    let renamed = errors.into_iter().map(|error| match error.field {
        "password" => FieldError { field: "new_password", ..error },
        "name" => FieldError { field: "display_name", ..error },
        _ => error,
    });
    Error::InvalidFields(renamed.collect())
}

fn page(visit: &Visit) -> Page<'_> {
    visit.page("register.html")
}
