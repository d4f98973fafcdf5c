//! `/account/authenticator`: the authenticator app, set up and removed.

use minijinja::Value;

use crate::{
    account::Caller,
    error::Error,
    pages::{
        codes,
        form::Form,
        page::{Answer, Page},
        visit::Visit,
    },
    totp::{Enrolling, TotpCode, TotpSecret, TotpSetup},
};

pub(in crate::pages) async fn show(visit: Visit) -> Answer {
    Ok(page(&visit, visit.caller().await?).await?.show())
}

/// Removes it. Whoever cannot show a code of it shows a recovery code.
pub(in crate::pages) async fn remove(visit: Visit, mut form: Form) -> Answer {
    let caller = visit.caller().await?;
    let outcome = match codes::needed(&mut form, "code") {
        Ok(code) => visit.accounts.disable_totp(caller, &code, &visit.device).await,
        Err(error) => Err(error),
    };
    match outcome {
        // Removed in another window, that is as well.
        Ok(()) | Err(Error::NoSecondFactor) => Ok(visit.to("/account").saying("authenticator_removed", "").go()),
        Err(error) => Ok(page(&visit, caller).await?.refused(error).show()),
    }
}

async fn page(visit: &Visit, caller: Caller) -> Result<Page<'_>, Error> {
    let with_recovery = visit.asked("with").as_deref() == Some("recovery");
    let page = visit.page("account_authenticator.html").with("with_recovery", with_recovery);
    Ok(page.with("is_set_up", visit.accounts.totp_is_configured(caller).await?))
}

/// Begins to set one up. One that is there stays until another has shown a code.
pub(in crate::pages) async fn begin(visit: Visit) -> Answer {
    let caller = visit.fresh_caller().await?;
    let setup = visit.accounts.set_up_totp(&Enrolling::Caller(caller), &visit.device).await?;
    Ok(setup_page(&visit, &setup).show())
}

pub(in crate::pages) async fn confirm(visit: Visit, mut form: Form) -> Answer {
    let caller = visit.fresh_caller().await?;
    let who = Enrolling::Caller(caller);
    let outcome = match TotpCode::parse(&form.text("code")) {
        Some(code) => visit.accounts.confirm_totp(&who, &code, &visit.device).await,
        None => Err(Error::field("code", "invalid_code")),
    };
    let error = match outcome {
        Ok(enrolled) => {
            return Ok(match &enrolled.recovery_codes {
                Some(codes) => visit.recovery_codes(codes, "/account").show(),
                None => visit.to("/account").saying("authenticator_changed", "").go(),
            });
        }
        Err(error) => error,
    };
    // The page alone has the secret: it came with the code, to be shown again where that is wrong.
    let setup = match TotpSecret::from_base32(&form.text("secret")) {
        Some(secret) => visit.accounts.show_totp_setup(&who, secret).await?,
        None => visit.accounts.set_up_totp(&who, &visit.device).await?,
    };
    Ok(setup_page(&visit, &setup).refused(error).show())
}

fn setup_page<'a>(visit: &'a Visit, setup: &TotpSetup) -> Page<'a> {
    setup_shown(visit.page("account_set_up.html"), setup)
}

/// What an authenticator app is given, on a page.
pub(in crate::pages) fn setup_shown<'a>(page: Page<'a>, setup: &TotpSetup) -> Page<'a> {
    page.with("secret", setup.secret.to_base32().as_str())
        .with("uri", setup.uri.as_str())
        .with("qr", Value::from_safe_string(setup.qr_svg.to_string()))
}
