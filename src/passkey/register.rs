//! Adding a key to an account that is there.

use super::{
    Ceremony, CeremonyStart, KeyAnswer, Passkey, PasskeyId, PasskeyKind, PasskeyName, Refusal, RegisteredKey,
    Registering, UserHandle, challenge::Bound,
};
use crate::{
    account::{Accounts, Caller, UserId},
    audit::EventKind,
    clock::Timestamp,
    error::Error,
    recovery::RecoveryCodes,
    session::Device,
    store::PasskeyAdded,
};

/// A key that was added.
#[derive(Clone, Debug)]
pub struct PasskeyEnrolled {
    /// The key.
    pub passkey: Passkey,
    /// The recovery codes, to be shown once, if it is the account's first second factor.
    pub recovery_codes: Option<RecoveryCodes>,
}

impl Accounts {
    /// Begins to add a key to the caller's account. None of those that they have can be added again.
    ///
    /// # Errors
    ///
    /// - [`Error::NotFound`] where WebAuthn is off.
    /// - [`Error::SessionEnded`] if the account is gone.
    pub async fn start_passkey_registration(&self, caller: Caller, kind: PasskeyKind) -> Result<CeremonyStart, Error> {
        let relying_party = self.relying_party()?;
        let user = self.record_of(caller).await?.user;
        let handle = self.store().user_handle(user.id, UserHandle::generate()?).await?.ok_or(Error::SessionEnded)?;
        let keys = self.store().passkeys(user.id).await?;
        let who = Registering { handle, username: user.username.as_str(), name: &user.name };
        let question = relying_party.register(kind, who, &keys)?;
        self.begin_ceremony(Self::bound_to_registration(caller), question).await
    }

    /// Adds the key that answered, under this name. From then on a login with the password asks for it, or for another
    /// second factor of the account.
    ///
    /// # Errors
    ///
    /// - [`Error::FlowInvalid`] if the caller began no such registration in this session, or it was answered before.
    /// - [`Error::InvalidFields`], naming `webauthn_response`, if the answer is wrong or the key is someone's already.
    pub async fn finish_passkey_registration(
        &self,
        caller: Caller,
        answer: &KeyAnswer,
        name: PasskeyName,
        device: &Device,
    ) -> Result<PasskeyEnrolled, Error> {
        let relying_party = self.relying_party()?;
        let challenge = self.take_challenge(&answer.flow, Self::bound_to_registration(caller)).await?;
        let challenge = challenge.ok_or(Error::FlowInvalid)?;
        let key = relying_party.registered(&challenge.state, &answer.response).map_err(wrong_answer)?;
        let passkey = key.of(caller.user, name, self.now());
        let codes = RecoveryCodes::generate()?;
        let hashes = codes.hashes(caller.user, &self.inner().recovery_key);
        let event = self.event_of(EventKind::PasskeyAdded, caller, device);
        let recovery_codes = match self.store().add_passkey(&passkey, &hashes, &event).await? {
            PasskeyAdded::First => Some(codes),
            PasskeyAdded::Further => None,
            PasskeyAdded::Refused => return Err(Error::field("webauthn_response", "invalid_response")),
        };
        self.inner().mail.wake();
        Ok(PasskeyEnrolled { passkey, recovery_codes })
    }

    const fn bound_to_registration(caller: Caller) -> Bound {
        Bound { ceremony: Ceremony::Registration, user: Some(caller.user), session: caller.session }
    }
}

/// What to tell of an answer to a registration that was refused.
pub(super) fn wrong_answer(refusal: Refusal) -> Error {
    if let Refusal::State(_) = refusal {
        return refusal.into();
    }
    tracing::debug!(%refusal, "the registration of a key was refused");
    Error::field("webauthn_response", "invalid_response")
}

impl RegisteredKey {
    /// The key, as this user's from now on.
    pub(super) fn of(self, user: UserId, name: PasskeyName, now: Timestamp) -> Passkey {
        Passkey {
            id: PasskeyId::new(now),
            user,
            kind: self.kind,
            name,
            credential_id: self.credential_id,
            public_key: self.public_key,
            sign_count: self.sign_count,
            backup_eligible: self.backup_eligible,
            backed_up: self.backed_up,
            transports: self.transports,
            created_at: now,
            last_used_at: None,
        }
    }
}
