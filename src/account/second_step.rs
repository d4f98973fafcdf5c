//! The further steps of a login, for accounts that ask for more than a password.

use serde_json::Value;

use super::{
    Accounts, Asked, Assurance, Assured, Login, PartlyAssured, SecondFactorCode, SecondFactors, UserId, is_multiple,
};
use crate::{
    audit::EventKind,
    error::Error,
    flow::{FlowId, Step},
    password::Password,
    recovery::{RECOVERY_CODES_FEW, RecoveryCodes},
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
    /// What to take the step in. It is good for five minutes, and for nothing else. `None` where it is taken by asking the
    /// same again with a code: [`Accounts::reauthenticate`].
    pub flow: Option<FlowId>,
    /// What to ask a browser for one of their keys, where they have any, as
    /// `PublicKeyCredential.parseRequestOptionsFromJSON` takes it. It is good for one answer.
    pub webauthn_options: Option<Value>,
    /// The recovery codes, to be shown once, if the step before was to set up a first second factor.
    pub recovery_codes: Option<RecoveryCodes>,
}

impl Accounts {
    /// A login that has begun, if it waits for this step. It costs the flow nothing to ask; their keys are asked anew by
    /// that, unless the login waits for something else.
    ///
    /// # Errors
    ///
    /// [`Error::FlowInvalid`] if the login does not wait for that, or no longer.
    pub async fn unfinished_login(&self, flow: &FlowId, step: Step, device: &Device) -> Result<UnfinishedLogin, Error> {
        let (partly, _) = self.resume_login(flow, step).await?;
        self.ask_again(&partly, flow.clone(), device).await
    }

    /// Takes a login further with a second factor; if it is all that was missing, the login is finished.
    ///
    /// # Errors
    ///
    /// - [`Error::FlowInvalid`] if the login does not wait for that, or no longer.
    /// - [`Error::InvalidSecondFactor`] if the code is wrong or was used before. The flow takes another.
    /// - [`Error::LoginUnfinished`] if more is missing.
    /// - [`Error::TooManyAttempts`] after many wrong codes, in whichever flow: a wait, which no password shortens.
    pub async fn login_with_second_factor(
        &self,
        flow: &FlowId,
        code: &SecondFactorCode,
        device: &Device,
    ) -> Result<Login, Error> {
        let (partly, start) = self.resume_login(flow, Step::SecondFactor).await?;
        let asked = Asked { user: partly.user().id, session: None, device };
        match self.check_second_factor(asked, code).await? {
            Some(second) => self.advance_login(partly.with(second)?, &start, None, device).await,
            None => Err(Error::InvalidSecondFactor(self.ask_again(&partly, flow.clone(), device).await?.into())),
        }
    }

    /// Finishes a login with a new password, where one was asked for.
    ///
    /// # Errors
    ///
    /// - [`Error::FlowInvalid`] if the login does not wait for that, or no longer.
    /// - [`Error::InvalidFields`] naming `new_password` if it does not meet the policy, or is the one it was.
    /// - [`Error::Overloaded`] as at login.
    pub async fn login_with_new_password(&self, flow: &FlowId, new: Password, device: &Device) -> Result<Login, Error> {
        let (partly, start) = self.resume_login(flow, Step::NewPassword).await?;
        let renewed = self.renew_password(&partly, new, device).await?;
        self.advance_login(partly.with_new_password(renewed)?, &start, None, device).await
    }

    /// Takes a login further that has come part of the way: at once if the code for it is there, else in a flow.
    pub(crate) async fn go_on(
        &self,
        partly: PartlyAssured,
        code: Option<SecondFactorCode>,
        start: &Start,
        device: &Device,
    ) -> Result<Login, Error> {
        let (Step::SecondFactor, Some(code)) = (partly.step(), code) else {
            return Err(Error::LoginUnfinished(self.suspend_login(&partly, start, device).await?.into()));
        };
        let asked = Asked { user: partly.user().id, session: None, device };
        match self.check_second_factor(asked, &code).await? {
            Some(second) => {
                #[cfg(feature = "webauthn")]
                let partly = match &code {
                    SecondFactorCode::Key(answer) => partly.in_flow(&answer.flow),
                    _ => partly,
                };
                self.advance_login(partly.with(second)?, start, None, device).await
            }
            None => Err(Error::InvalidSecondFactor(self.suspend_login(&partly, start, device).await?.into())),
        }
    }

    /// Opens the session if nothing is missing any more, else names the next step. `recovery_codes` are those that the
    /// step before has made, so that they are shown.
    pub(crate) async fn advance_login(
        &self,
        assurance: Assurance,
        start: &Start,
        recovery_codes: Option<RecoveryCodes>,
        device: &Device,
    ) -> Result<Login, Error> {
        match assurance {
            Assurance::Full(assured) => self.finish_login(assured, start, device).await?.ok_or(Error::FlowInvalid),
            Assurance::Partial(partly) => {
                let unfinished = self.suspend_login(&partly, start, device).await?;
                Err(Error::LoginUnfinished(UnfinishedLogin { recovery_codes, ..unfinished }.into()))
            }
        }
    }

    /// Remembers a login until its next step. The flow that led so far ends.
    async fn suspend_login(
        &self,
        partly: &PartlyAssured,
        start: &Start,
        device: &Device,
    ) -> Result<UnfinishedLogin, Error> {
        let id = FlowId::generate()?;
        let asked = Asked { user: partly.user().id, session: None, device };
        let event = asked.event(EventKind::LoginUnfinished, self).amr(partly.amr()).about(partly.step().as_str());
        let remember = matches!(start, Start::Login { remember: true });
        let flow = partly.flow(remember, self.now());
        if !self.store().start_flow(&id.hash(), &flow, partly.led_by().as_ref(), &event).await? {
            return Err(if partly.led_by().is_some() { Error::FlowInvalid } else { Error::InvalidCredentials });
        }
        self.ask_again(partly, id, device).await
    }

    /// What to answer to a login that waits for a second factor in this flow, with a new challenge for their keys.
    #[cfg_attr(
        not(feature = "webauthn"),
        expect(clippy::unused_async, unused_variables, reason = "keys are looked up, for a device")
    )]
    async fn ask_again(&self, partly: &PartlyAssured, flow: FlowId, device: &Device) -> Result<UnfinishedLogin, Error> {
        #[cfg(feature = "webauthn")]
        let webauthn_options = match partly.step() {
            Step::SecondFactor => self.ask_for_key(&flow, partly.user().id, device).await?,
            Step::Enrolment | Step::NewPassword => None,
        };
        #[cfg(not(feature = "webauthn"))]
        let webauthn_options = None;
        Ok(UnfinishedLogin { webauthn_options, ..partly.unfinished(Some(flow)) })
    }

    /// A login that waits for this step, and how it began.
    pub(crate) async fn resume_login(&self, id: &FlowId, step: Step) -> Result<(PartlyAssured, Start), Error> {
        let flow = self.store().flow(&id.hash(), self.now()).await?.filter(|flow| flow.step == step);
        let flow = flow.ok_or(Error::FlowInvalid)?;
        let record = self.store().user(flow.user).await?.ok_or(Error::FlowInvalid)?;
        let start = Start::Login { remember: flow.remember };
        let partly = PartlyAssured::resume(id, flow, record).ok_or(Error::FlowInvalid)?;
        Ok((partly, start))
    }

    /// Opens the session that further steps lead to; `None` as for [`open_session`](Self::open_session).
    pub(crate) async fn finish_login(
        &self,
        assured: Assured,
        start: &Start,
        device: &Device,
    ) -> Result<Option<Login>, Error> {
        let has_second_factor = is_multiple(assured.amr());
        let mut opened = self.open_session(assured, Opening { start, attempt: None, device }).await?;
        if has_second_factor && let Some(login) = &mut opened {
            let left = self.store().recovery_codes_left(login.user.id).await?;
            login.recovery_codes_left = (left <= RECOVERY_CODES_FEW).then_some(left);
        }
        Ok(opened)
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
            recovery_codes: None,
        }
    }
}
