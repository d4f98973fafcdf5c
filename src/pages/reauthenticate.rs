//! `/reauthenticate`: asked of whoever opens something that takes more than being logged in, and leads back to it.

use super::{
    codes,
    form::Form,
    page::{Answer, Page},
    visit::Visit,
};
use crate::{
    account::{Caller, Login, SecondFactorCode},
    error::Error,
    password::Password,
};

pub(super) async fn show(visit: Visit) -> Answer {
    let caller = visit.caller().await?;
    Ok(page(&visit, caller).await?.show())
}

pub(super) async fn confirm(visit: Visit, mut form: Form) -> Answer {
    let caller = visit.caller().await?;
    match again(&visit, caller, &mut form).await {
        Ok(login) => {
            let cookie = visit.log_in(&login).await?;
            Ok(visit.to_next().cookie(cookie).go())
        }
        Err(Error::SessionEnded) => Err(Error::SessionEnded.into()),
        Err(error) => Ok(page(&visit, caller).await?.refused(error).show()),
    }
}

/// Takes whatever was shown: a password, with a second factor if there is one, or a passkey alone.
async fn again(visit: &Visit, caller: Caller, form: &mut Form) -> Result<Login, Error> {
    let second = second_factor(form)?;
    let password = form.take("password");
    #[cfg(feature = "webauthn")]
    if let (Some(SecondFactorCode::Key(answer)), None) = (&second, &password) {
        return visit.accounts.reauthenticate_with_passkey(caller, answer, &visit.device).await;
    }
    let password = password.filter(|typed| !typed.is_empty()).ok_or(Error::field("password", "missing"))?;
    let password = Password::parse(&password).map_err(|problem| Error::field("password", problem.code()))?;
    visit.accounts.reauthenticate(caller, password, second, &visit.device).await
}

fn second_factor(form: &mut Form) -> Result<Option<SecondFactorCode>, Error> {
    #[cfg(feature = "webauthn")]
    if form.has("webauthn_response") {
        return super::passkey::answer(form, None).map(|answer| Some(SecondFactorCode::Key(answer)));
    }
    codes::typed(form, "two_fa_code")
}

/// The page asks for what the account has: of several second factors the one that `with` names, and else a code.
async fn page(visit: &Visit, caller: Caller) -> Result<Page<'_>, Error> {
    let record = visit.accounts.record_of(caller).await?;
    let has = record.second_factors;
    let with = match visit.asked("with").as_deref() {
        Some("recovery") if has.any() => "recovery",
        Some("key") if has.webauthn => "key",
        _ if has.totp => "code",
        _ if has.webauthn => "key",
        _ => "nothing",
    };
    let page =
        visit.page("reauthenticate.html").with("with", with).with("password", visit.accounts.takes_password(&record));
    let page = page.with("username", record.user.username.as_str()).with("passkey", has_passkey(visit, caller).await?);
    Ok(page.with("totp", has.totp).with("key", has.webauthn))
}

#[cfg(feature = "webauthn")]
async fn has_passkey(visit: &Visit, caller: Caller) -> Result<bool, Error> {
    let keys = visit.accounts.passkeys(caller).await?;
    let is_whole = |key: &crate::passkey::Passkey| key.kind == crate::passkey::PasskeyKind::Passkey;
    Ok(visit.accounts.has_webauthn() && keys.iter().any(is_whole))
}

#[cfg(not(feature = "webauthn"))]
#[expect(clippy::unused_async, reason = "it is asked for as where there are keys")]
async fn has_passkey(_: &Visit, _: Caller) -> Result<bool, Error> {
    Ok(false)
}
