//! New passwords, which are typed twice.

use super::form::Form;
use crate::{account::Accounts, error::Error, password::Password};

/// Reads a new password from the fields `new_password` and `new_password_again`, and names every fault of either.
pub(super) fn typed_twice(accounts: &Accounts, form: &mut Form) -> Result<Password, Error> {
    let (new, again) = (form.text("new_password"), form.text("new_password_again"));
    let screened = accounts.screen_password("new_password", &new);
    match (screened, new == again) {
        (Ok(password), true) => Ok(password),
        (Err(error), true) => Err(error),
        (Err(Error::InvalidFields(mut errors)), false) => {
            errors.push(MISMATCH);
            Err(Error::InvalidFields(errors))
        }
        (_, false) => Err(Error::InvalidFields(vec![MISMATCH])),
    }
}

const MISMATCH: crate::FieldError = crate::FieldError { field: "new_password_again", code: "password_mismatch" };
