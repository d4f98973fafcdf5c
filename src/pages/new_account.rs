//! What is typed into a form that makes an account.

use super::{form::Form, page::Page};
use crate::{
    FieldError,
    account::{Accounts, Invitation, Registration},
    error::Error,
};

/// The fields of the form.
pub(super) struct Typed {
    /// Those that are shown again if something is wrong.
    shown: [(&'static str, String); 3],
    password: String,
    again: String,
}

impl Typed {
    pub(super) fn of(form: &mut Form) -> Self {
        Self {
            shown: ["username", "email", "display_name"].map(|field| (field, form.text(field))),
            password: form.text("new_password"),
            again: form.text("new_password_again"),
        }
    }

    /// The account that it describes, or every fault of every field.
    pub(super) fn registration(&self, accounts: &Accounts) -> Result<Registration, Error> {
        let [(_, username), (_, email), (_, name)] = &self.shown;
        let registration = accounts.registration(username, email, &self.password, name);
        if self.password == self.again {
            return registration;
        }
        let mut errors = match registration {
            Err(Error::InvalidFields(errors)) => errors,
            Err(error) => return Err(error),
            Ok(_) => Vec::new(),
        };
        errors.push(FieldError { field: "new_password_again", code: "password_mismatch" });
        Err(Error::InvalidFields(errors))
    }

    /// The account that it describes, for someone who sets its password by a mailed link. `None` if a password was typed.
    pub(super) fn invitation(&self) -> Option<Result<Invitation, Error>> {
        let [(_, username), (_, email), (_, name)] = &self.shown;
        let has_password = !self.password.is_empty() || !self.again.is_empty();
        (!has_password).then(|| Invitation::parse(username, email, name))
    }

    /// The form again, with what was typed and what is wrong with it.
    pub(super) fn refused(self, page: Page<'_>, error: Error) -> Page<'_> {
        let page = page.refused(as_fields(error));
        self.shown.into_iter().fold(page, |page, (field, text)| page.typed(field, text))
    }
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
