//! The proof that a key's answer was right.

use super::{Challenge, KeyResponse, Passkey, PasskeyId, PasskeyKind, Refusal, UsedKey};
use crate::{
    account::{Accounts, Asked, UserId, UserRecord},
    audit::{Event, EventKind},
    clock::Timestamp,
    error::Error,
    session::{Device, SessionId},
    store::PasskeyUse,
};

/// Someone answered a challenge with a key of this user, and both are used up. Only the checks of this module make one.
#[derive(Debug)]
pub struct PasskeyVerified {
    key: PasskeyId,
    user: UserId,
    kind: PasskeyKind,
    at: Timestamp,
}

impl PasskeyVerified {
    /// Whose key it was.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The whole login that it is, if it came from a passkey and the authenticator made sure who holds it. `None` if it is a
    /// second factor, or the user is gone.
    pub(crate) async fn whole(self, accounts: &Accounts) -> Result<Option<PasskeyLogin>, Error> {
        if self.kind != PasskeyKind::Passkey {
            return Ok(None);
        }
        let record = accounts.store().user(self.user).await?;
        Ok(record.map(|record| PasskeyLogin { record, key: self.key, at: self.at }))
    }
}

/// Someone logged in with a passkey: they have it, and their authenticator made sure that they are its holder. These are two
/// factors.
#[derive(Clone, Debug)]
pub struct PasskeyLogin {
    record: UserRecord,
    key: PasskeyId,
    at: Timestamp,
}

impl PasskeyLogin {
    /// Who it is, as they were when it was checked.
    #[must_use]
    pub const fn record(&self) -> &UserRecord {
        &self.record
    }

    /// Which passkey it was.
    #[must_use]
    pub const fn key(&self) -> PasskeyId {
        self.key
    }

    /// When it was checked.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The same proof for the user as they are now; `None` if it is another user.
    #[must_use]
    pub fn of(self, now: UserRecord) -> Option<Self> {
        (now.user.id == self.record.user.id).then_some(Self { record: now, ..self })
    }

    /// Gives the user back.
    #[must_use]
    pub fn into_record(self) -> UserRecord {
        self.record
    }

    /// Proof for whoever has just made this account with a passkey.
    pub(super) const fn of_new(record: UserRecord, key: PasskeyId, at: Timestamp) -> Self {
        Self { record, key, at }
    }
}

/// What an answer came to.
pub(super) enum Checked {
    /// It was right.
    Right(PasskeyVerified),
    /// It was not; whose key it claimed to be from, if that is anybody's.
    Wrong(Option<UserId>),
}

impl Accounts {
    /// Checks an answer to a challenge that was taken for it.
    pub(super) async fn check_key(
        &self,
        challenge: &Challenge,
        response: &KeyResponse,
        device: &Device,
    ) -> Result<Checked, Error> {
        let relying_party = self.relying_party()?;
        let Some(id) = response.credential_id() else { return Ok(Checked::Wrong(None)) };
        let Some((key, handle)) = self.store().passkey_by_credential(&id).await? else {
            return Ok(Checked::Wrong(None));
        };
        let wrong = Ok(Checked::Wrong(Some(key.user)));
        if challenge.user.is_some_and(|user| user != key.user) {
            return wrong;
        }
        match relying_party.asserted(&challenge.state, response, &key, handle) {
            Ok(used) if key.kind == PasskeyKind::Passkey && !used.user_verified => wrong,
            Ok(used) => self.accept(key, used, challenge.session, device).await,
            Err(Refusal::Count) => {
                self.record_fallen_count(&key, challenge.session, device).await?;
                wrong
            }
            Err(Refusal::State(cause)) => Err(Error::internal(cause)),
            Err(refusal) => {
                tracing::debug!(user = %key.user, key = %key.id, %refusal, "the answer of a key was refused");
                wrong
            }
        }
    }

    /// Notes that the key was used. That its count has risen was checked against what it was when the challenge was given
    /// out; here it is against what it is now.
    async fn accept(
        &self,
        key: Passkey,
        used: UsedKey,
        session: Option<SessionId>,
        device: &Device,
    ) -> Result<Checked, Error> {
        let UsedKey { sign_count, backed_up, .. } = used;
        let at = self.now();
        if self.store().use_passkey(&PasskeyUse { id: key.id, sign_count, backed_up, at }).await? {
            return Ok(Checked::Right(PasskeyVerified { key: key.id, user: key.user, kind: key.kind, at }));
        }
        self.record_fallen_count(&key, session, device).await?;
        Ok(Checked::Wrong(Some(key.user)))
    }

    async fn record_fallen_count(
        &self,
        key: &Passkey,
        session: Option<SessionId>,
        device: &Device,
    ) -> Result<(), Error> {
        let asked = Asked { user: key.user, session, device };
        let event: Event = asked.event(EventKind::PasskeyCountFell, self);
        Ok(self.store().record(&event).await?)
    }
}
