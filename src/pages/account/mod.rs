//! `/account`: what people see and change of their own. Each page beside this one calls what the account routes call.

pub(super) mod api_keys;
pub(super) mod authenticator;
pub(super) mod email;
pub(super) mod leave;
#[cfg(feature = "webauthn")]
pub(super) mod passkeys;
pub(super) mod password;
pub(super) mod profile;
pub(super) mod recovery_codes;
pub(super) mod sessions;

use super::{page::Answer, visit::Visit};
use crate::{
    account::{Caller, UserRecord},
    error::Error,
};

/// The most of one kind that is counted.
const COUNTED: u32 = 100;

/// How many of each there are.
#[derive(Debug, serde::Serialize)]
struct Counts {
    recovery_codes: u32,
    sessions: usize,
    api_keys: usize,
    passkeys: Option<usize>,
}

/// Who one is here, and the way to everything else.
pub(super) async fn show(visit: Visit) -> Answer {
    let caller = visit.caller().await?;
    let record = visit.accounts.record_of(caller).await?;
    let counts = count(&visit, caller).await?;
    let UserRecord { user, password, second_factors, backend, .. } = record;
    let page = visit.page("account.html").with("username", user.username.as_str()).with("email", user.email.as_str());
    let page = page.with("name", &user.name).with("is_verified", user.email_verified_at.is_some());
    let page = page.with("has_password", password.is_some()).with("is_elsewhere", backend.is_some());
    let page = page.with("totp", second_factors.totp);
    Ok(page.with("second_factor", second_factors.any()).with("counts", counts).show())
}

async fn count(visit: &Visit, caller: Caller) -> Result<Counts, Error> {
    let accounts = &visit.accounts;
    Ok(Counts {
        recovery_codes: accounts.recovery_codes_left(caller).await?,
        sessions: accounts.sessions(caller, None, COUNTED).await?.len(),
        api_keys: accounts.api_keys(caller, None, COUNTED).await?.len(),
        passkeys: passkeys(visit, caller).await?,
    })
}

#[cfg(feature = "webauthn")]
async fn passkeys(visit: &Visit, caller: Caller) -> Result<Option<usize>, Error> {
    if visit.accounts.has_webauthn() { Ok(Some(visit.accounts.passkeys(caller).await?.len())) } else { Ok(None) }
}

#[cfg(not(feature = "webauthn"))]
#[expect(clippy::unused_async, reason = "it is asked for as where there are keys")]
async fn passkeys(_: &Visit, _: Caller) -> Result<Option<usize>, Error> {
    Ok(None)
}
