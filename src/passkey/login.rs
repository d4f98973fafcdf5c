//! Logging in with a passkey and nothing else, and showing with a key again who one is.

use super::{Ceremony, CeremonyStart, KeyAnswer, PasskeyLogin, PasskeyVerified, challenge::Bound, proof::Checked};
use crate::{
    account::{Accounts, Asked, Caller, Entered, FirstFactor, Login, UserId},
    audit::{Event, EventKind},
    error::Error,
    session::{Device, Opening, Start},
};

impl Accounts {
    /// Begins a login with a passkey, of whomever the authenticator remembers. The options do for a button and, with
    /// `mediation: "conditional"`, for the suggestions of a login field.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where WebAuthn is off.
    pub async fn start_passkey_login(&self, device: &Device) -> Result<CeremonyStart, Error> {
        let question = self.relying_party()?.assert_anyone()?;
        self.begin_ceremony(Bound { ceremony: Ceremony::Login, user: None, session: None }, question, device).await
    }

    /// Opens a session for the user whose passkey answered.
    ///
    /// # Errors
    ///
    /// - [`Error::FlowInvalid`] if no such login was begun, or it was answered before.
    /// - [`Error::InvalidCredentials`], one answer for an unknown passkey, a wrong answer, a disabled account and, where that
    ///   is asked for, an address that is not confirmed.
    /// - [`Error::LoginUnfinished`] if the account asks for a new password.
    pub async fn finish_passkey_login(
        &self,
        answer: &KeyAnswer,
        remember: bool,
        device: &Device,
    ) -> Result<Login, Error> {
        let bound = Bound { ceremony: Ceremony::Login, user: None, session: None };
        let challenge = self.take_challenge(&answer.flow, bound).await?.ok_or(Error::FlowInvalid)?;
        let verified = match self.check_key(&challenge, &answer.response, device).await? {
            Checked::Right(verified) => verified,
            Checked::Wrong(user) => return self.refuse_passkey(user, device).await,
        };
        let user = verified.user();
        let Some(passkey) = verified.whole(self).await? else { return self.refuse_passkey(Some(user), device).await };
        match self.enter_with_passkey(passkey, &Start::Login { remember }, device).await? {
            Some(login) => Ok(login),
            None => self.refuse_passkey(Some(user), device).await,
        }
    }

    /// Opens the session that a passkey leads to; `None` if the account is shut, or waits for its address to be confirmed.
    pub(super) async fn enter_with_passkey(
        &self,
        passkey: PasskeyLogin,
        start: &Start,
        device: &Device,
    ) -> Result<Option<Login>, Error> {
        match self.enter(FirstFactor::Passkey(passkey), Opening { start, attempt: None, device }).await? {
            Some(Entered::Session(login)) => Ok(Some(*login)),
            Some(Entered::Partly(partly)) => self.go_on(*partly, None, start, device).await.map(Some),
            None => Ok(None),
        }
    }

    async fn refuse_passkey<T>(&self, user: Option<UserId>, device: &Device) -> Result<T, Error> {
        self.refuse_login(user, Event::new(EventKind::LoginFailed, self.now(), device).amr(["hwk"])).await
    }

    /// Checks the answer of a key as a second factor; `None` if it is wrong, or its challenge is another's or gone.
    pub(crate) async fn check_second_key(
        &self,
        asked: Asked<'_>,
        answer: &KeyAnswer,
    ) -> Result<Option<PasskeyVerified>, Error> {
        let bound = match asked.session {
            None => Bound::to_login_of(asked.user),
            session => Bound { ceremony: Ceremony::Reauthentication, user: Some(asked.user), session },
        };
        if let Some(challenge) = self.take_challenge(&answer.flow, bound).await?
            && let Checked::Right(verified) = self.check_key(&challenge, &answer.response, asked.device).await?
        {
            return Ok(Some(verified));
        }
        self.store().record(&asked.event(EventKind::SecondFactorFailed, self).amr(["hwk"])).await?;
        Ok(None)
    }

    /// Begins to ask the caller again who they are, for any of their keys.
    ///
    /// # Errors
    ///
    /// - [`Error::NoSecondFactor`] if they have no key.
    /// - [`Error::NotFound`] where WebAuthn is off.
    /// - [`Error::SessionEnded`] if the account is gone, or the credential belongs to no session.
    pub async fn start_reauthentication(&self, caller: Caller, device: &Device) -> Result<CeremonyStart, Error> {
        let relying_party = self.relying_party()?;
        let session = Some(caller.session.ok_or(Error::SessionEnded)?);
        let keys = self.store().passkeys(caller.user).await?;
        if keys.is_empty() {
            return Err(Error::NoSecondFactor);
        }
        let bound = Bound { ceremony: Ceremony::Reauthentication, user: Some(caller.user), session };
        self.begin_ceremony(bound, relying_party.assert(&keys)?, device).await
    }

    /// Takes a passkey of the caller in place of their password and second factor. Their session goes on as after
    /// [`reauthenticate`](Self::reauthenticate).
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidFields`], naming `webauthn_response`, if the answer is wrong, or its challenge is another's or gone.
    /// - The same, naming `password`, if the key is a security key: it is a second factor, beside the password.
    /// - [`Error::SessionEnded`] if the session or the account is gone, or the credential belongs to no session.
    pub async fn reauthenticate_with_passkey(
        &self,
        caller: Caller,
        answer: &KeyAnswer,
        device: &Device,
    ) -> Result<Login, Error> {
        let session = self.session_of_caller(caller).await?;
        let asked = Asked { user: caller.user, session: caller.session, device };
        let verified = self.check_second_key(asked, answer).await?;
        let verified = verified.ok_or(Error::field("webauthn_response", "invalid_response"))?;
        let passkey = verified.whole(self).await?.ok_or(Error::field("password", "missing"))?;
        let start = Start::Reauthentication { of: session };
        self.enter_with_passkey(passkey, &start, device).await?.ok_or(Error::SessionEnded)
    }
}
