//! The further steps of a login, for accounts that ask for more than a password.

use serde_json::Value;

use super::{Accounts, Asked, Assured, Login, PartlyAssured, SecondFactorCode, SecondFactors, UserId};
use crate::{
    audit::EventKind,
    error::Error,
    flow::{FlowId, Step},
    recovery::RECOVERY_CODES_FEW,
    session::{Device, Opening, Start},
};

/// A login that needs another step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedLogin {
    /// Which step.
    pub step: Step,
    /// Who is logging in.
    pub user: UserId,
    /// The second factors that they have.
    pub second_factors: SecondFactors,
    /// What to take the step in. It is good for five minutes, and for nothing else. `None` where it is taken by asking the same
    /// again with a code: [`Accounts::reauthenticate`].
    pub flow: Option<FlowId>,
    /// What to ask a browser for one of their keys, where they have any, as
    /// `PublicKeyCredential.parseRequestOptionsFromJSON` takes it. It is good for one answer.
    pub webauthn_options: Option<Value>,
}

impl Accounts {
    /// Finishes a login with a second factor.
    ///
    /// # Errors
    ///
    /// - [`Error::FlowInvalid`] if the login does not wait for that, or no longer.
    /// - [`Error::InvalidSecondFactor`] if the code is wrong or was used before. The flow takes another.
    /// - [`Error::TooManyAttempts`] after many wrong codes, in whichever flow: a wait, which no password shortens.
    pub async fn login_with_second_factor(
        &self,
        flow: &FlowId,
        code: &SecondFactorCode,
        device: &Device,
    ) -> Result<Login, Error> {
        let (partly, remember) = self.resume_login(flow, Step::SecondFactor).await?;
        let asked = Asked { user: partly.user().id, session: None, device };
        match self.check_second_factor(asked, code).await? {
            Some(second) => self
                .finish_login(partly.with(second)?, &Start::Login { remember }, device)
                .await?
                .ok_or(Error::FlowInvalid),
            None => Err(Error::InvalidSecondFactor(self.ask_again(&partly, flow.clone()).await?.into())),
        }
    }

    /// Takes a login further that has come part of the way: at once if the code for it is there, else in a flow.
    pub(super) async fn go_on(
        &self,
        partly: PartlyAssured,
        code: Option<SecondFactorCode>,
        remember: bool,
        device: &Device,
    ) -> Result<Login, Error> {
        let (Step::SecondFactor, Some(code)) = (partly.step(), code) else {
            return Err(Error::LoginUnfinished(self.suspend_login(&partly, remember, device).await?.into()));
        };
        let asked = Asked { user: partly.user().id, session: None, device };
        let second = self.check_second_factor(asked, &code).await?;
        #[cfg(feature = "webauthn")]
        let partly = match &code {
            SecondFactorCode::Key(answer) => partly.in_flow(&answer.flow),
            _ => partly,
        };
        match second {
            Some(second) => self
                .finish_login(partly.with(second)?, &Start::Login { remember }, device)
                .await?
                .ok_or(Error::FlowInvalid),
            None => Err(Error::InvalidSecondFactor(self.suspend_login(&partly, remember, device).await?.into())),
        }
    }

    /// Remembers a login until its next step.
    async fn suspend_login(
        &self,
        partly: &PartlyAssured,
        remember: bool,
        device: &Device,
    ) -> Result<UnfinishedLogin, Error> {
        let id = FlowId::generate()?;
        let asked = Asked { user: partly.user().id, session: None, device };
        let event = asked.event(EventKind::LoginUnfinished, self);
        if !self.store().start_flow(&id.hash(), &partly.flow(remember, self.now()), &event).await? {
            return Err(Error::InvalidCredentials);
        }
        self.ask_again(partly, id).await
    }

    /// What to answer to a login that waits for a second factor in this flow, with a new challenge for their keys.
    async fn ask_again(&self, partly: &PartlyAssured, flow: FlowId) -> Result<UnfinishedLogin, Error> {
        #[cfg(feature = "webauthn")]
        let webauthn_options = match partly.step() {
            Step::SecondFactor => self.ask_for_key(&flow, partly.user().id).await?,
            Step::Enrolment => None,
        };
        #[cfg(not(feature = "webauthn"))]
        let webauthn_options = None;
        Ok(UnfinishedLogin { webauthn_options, ..partly.unfinished(Some(flow)) })
    }

    /// A login that waits for this step, and whether its user asked to be remembered.
    pub(crate) async fn resume_login(&self, id: &FlowId, step: Step) -> Result<(PartlyAssured, bool), Error> {
        let flow = self.store().flow(&id.hash(), self.now()).await?;
        let flow = flow.filter(|flow| flow.step == step).ok_or(Error::FlowInvalid)?;
        let record = self.store().user(flow.user).await?.ok_or(Error::FlowInvalid)?;
        let remember = flow.remember;
        let partly = PartlyAssured::resume(id, flow, record).ok_or(Error::FlowInvalid)?;
        Ok((partly, remember))
    }

    /// Opens the session that a second factor leads to; `None` as for [`open_session`](Self::open_session).
    pub(crate) async fn finish_login(
        &self,
        assured: Assured,
        start: &Start,
        device: &Device,
    ) -> Result<Option<Login>, Error> {
        let opened = self.open_session(assured, Opening { start, attempt: None, device }).await?;
        let Some(login) = opened else { return Ok(None) };
        let left = self.store().recovery_codes_left(login.user.id).await?;
        Ok(Some(Login { recovery_codes_left: (left <= RECOVERY_CODES_FEW).then_some(left), ..login }))
    }
}

impl PartlyAssured {
    pub(crate) fn unfinished(&self, flow: Option<FlowId>) -> UnfinishedLogin {
        UnfinishedLogin {
            step: self.step(),
            user: self.user().id,
            second_factors: self.second_factors(),
            flow,
            webauthn_options: None,
        }
    }
}
