//! The code of a second factor, as forms have it.

use super::form::Form;
use crate::{account::SecondFactorCode, error::Error, recovery::RecoveryCode, totp::TotpCode};

/// Reads a recovery code where the form has a field for one, else the code of an app from this field; `None` if the form
/// has neither.
pub(super) fn typed(form: &mut Form, totp: &'static str) -> Result<Option<SecondFactorCode>, Error> {
    if let Some(typed) = form.take("recovery_code") {
        let code = RecoveryCode::parse(&typed).ok_or(Error::field("recovery_code", "invalid_code"))?;
        return Ok(Some(SecondFactorCode::Recovery(code)));
    }
    let Some(typed) = form.take(totp) else { return Ok(None) };
    let code = TotpCode::parse(&typed).ok_or(Error::field(totp, "invalid_code"))?;
    Ok(Some(SecondFactorCode::Totp(code)))
}

/// The same from a form that is about the code.
pub(super) fn needed(form: &mut Form, totp: &'static str) -> Result<SecondFactorCode, Error> {
    typed(form, totp)?.ok_or(Error::field(totp, "invalid_code"))
}
