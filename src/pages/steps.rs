//! Where a login leads that was taken one step further.

use ::axum::response::Response;

use super::{
    cookies::Pre,
    page::{Answer, Page},
    visit::Visit,
};
use crate::{
    account::{Login, UnfinishedLogin},
    error::Error,
    flow::Step,
    recovery::RecoveryCodes,
};

/// The page of a step.
pub(super) const fn page_of(step: Step) -> &'static str {
    match step {
        Step::SecondFactor => "/login/second-factor",
        Step::Enrolment => "/login/enrol",
        Step::NewPassword => "/login/new-password",
    }
}

impl Visit {
    /// Goes on with a login: to where it was to lead, or to the page of the next step. Codes that were made on the way are
    /// shown first, as they are shown once.
    ///
    /// # Errors
    ///
    /// What the login failed with.
    pub(super) async fn go_on(
        &self,
        outcome: Result<Login, Error>,
        codes: Option<&RecoveryCodes>,
    ) -> Result<Response, Error> {
        match outcome {
            Ok(login) => self.enter(&login, codes).await,
            Err(Error::LoginUnfinished(unfinished)) => {
                let UnfinishedLogin { step, flow, recovery_codes, .. } = *unfinished;
                let Some(codes) = recovery_codes else {
                    return Ok(self.to(page_of(step)).in_flow(flow).go());
                };
                let page = self.recovery_codes(&codes, &self.with_next(page_of(step)));
                Ok(page.pre(&Pre { flow, flash: None }).show())
            }
            Err(error) => Err(error),
        }
    }

    async fn enter(&self, login: &Login, codes: Option<&RecoveryCodes>) -> Result<Response, Error> {
        let cookie = self.log_in(login).await?;
        if let Some(codes) = codes {
            return Ok(self.recovery_codes(codes, self.next()).cookie(cookie).pre(&Pre::default()).show());
        }
        let away = self.to_next().in_flow(None).cookie(cookie);
        Ok(match login.recovery_codes_left {
            Some(left) => away.saying("few_codes", &left.to_string()),
            None => away,
        }
        .go())
    }

    /// A page that shows recovery codes, once, and leads on.
    pub(super) fn recovery_codes<'a>(&'a self, codes: &RecoveryCodes, on: &str) -> Page<'a> {
        let codes: Vec<_> = codes.iter().map(|code| code.grouped().to_string()).collect();
        self.page("recovery_codes.html").with("codes", codes).with("on", on)
    }

    /// The login that waits for this step.
    pub(super) async fn waits_for(&self, step: Step) -> Result<UnfinishedLogin, Error> {
        self.accounts.unfinished_login(self.flow()?, step, &self.device).await
    }

    /// The answer of a step; or the way to the first one, from a step that leads nowhere any more.
    pub(super) fn or_start_again(&self, outcome: Result<Response, Error>) -> Answer {
        match outcome {
            Err(Error::FlowInvalid) => Ok(self.to("/login").in_flow(None).saying("flow_over", "").go()),
            outcome => Ok(outcome?),
        }
    }
}
