//! Challenges on the server: given out with a flow, bound to what they are for, and gone with their first answer.

use serde_json::Value;

use super::{Ceremony, Challenge, Question, Refusal, RelyingParty};
use crate::{
    account::{Accounts, UserId},
    error::Error,
    flow::{FLOW_LIFETIME, FlowId},
    session::{Device, SessionId},
    throttle::network,
};

/// A ceremony that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CeremonyStart {
    /// What to send back with the answer. It is good for five minutes, and for one answer.
    pub flow: FlowId,
    /// What to ask the browser: bare, as its JSON parsers take it.
    pub options: Value,
}

/// What a challenge is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) ceremony: Ceremony,
    pub(crate) user: Option<UserId>,
    pub(crate) session: Option<SessionId>,
}

impl Bound {
    /// To a login that waits for its second factor.
    pub(crate) const fn to_login_of(user: UserId) -> Self {
        Self { ceremony: Ceremony::SecondFactor, user: Some(user), session: None }
    }
}

impl Accounts {
    /// The relying party.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where WebAuthn is off.
    pub(super) fn relying_party(&self) -> Result<&RelyingParty, Error> {
        self.inner().relying_party.as_ref().ok_or(Error::NotFound)
    }

    /// Whether keys can be used here: not where `public_url` is an IP address.
    #[must_use]
    pub fn has_webauthn(&self) -> bool {
        self.inner().relying_party.is_some()
    }

    /// Gives a challenge out with a flow of its own.
    pub(super) async fn begin_ceremony(
        &self,
        bound: Bound,
        question: Question,
        device: &Device,
    ) -> Result<CeremonyStart, Error> {
        let flow = FlowId::generate()?;
        let options = self.give_challenge(&flow, bound, question, device).await?;
        Ok(CeremonyStart { flow, options })
    }

    /// Gives a challenge out with this flow, in place of any that it has.
    async fn give_challenge(
        &self,
        flow: &FlowId,
        bound: Bound,
        question: Question,
        device: &Device,
    ) -> Result<Value, Error> {
        let Bound { ceremony, user, session } = bound;
        let asker = match (user, device.address) {
            (Some(user), _) => Some(format!("user:{user}")),
            (None, Some(address)) => Some(format!("network:{}", network(address))),
            (None, None) => None,
        };
        let expires_at = self.now() + FLOW_LIFETIME;
        let challenge = Challenge { ceremony, user, session, state: question.state, expires_at };
        if !self.store().put_challenge(&flow.hash(), &challenge, asker.as_deref()).await? {
            return Err(Error::SessionEnded);
        }
        Ok(question.options)
    }

    /// Takes the challenge of a flow away, whatever it was for. `None` if there is none, or it is bound to something else.
    pub(super) async fn take_challenge(&self, flow: &FlowId, bound: Bound) -> Result<Option<Challenge>, Error> {
        let challenge = self.store().take_challenge(&flow.hash(), self.now()).await?;
        Ok(challenge
            .filter(|taken| bound == Bound { ceremony: taken.ceremony, user: taken.user, session: taken.session }))
    }

    /// What asks for any of a user's keys, in a login that waits for its second factor. `None` if they have none, or
    /// WebAuthn is off.
    pub(crate) async fn ask_for_key(
        &self,
        flow: &FlowId,
        user: UserId,
        device: &Device,
    ) -> Result<Option<Value>, Error> {
        let Some(relying_party) = self.inner().relying_party.as_ref() else { return Ok(None) };
        let keys = self.store().passkeys(user).await?;
        if keys.is_empty() {
            return Ok(None);
        }
        let question = relying_party.assert(&keys)?;
        self.give_challenge(flow, Bound::to_login_of(user), question, device).await.map(Some)
    }
}

/// Only what goes wrong on our side gets this far: what is wrong with an answer is handled where it is checked.
impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::internal(refusal)
    }
}
