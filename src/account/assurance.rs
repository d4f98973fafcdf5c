//! The one check between what someone has shown and a session.
//!
//! Every way to log in ends here, and opening a session takes what only this makes. So no path can forget it: a first
//! factor is not proof enough, and where the account asks for more, neither is what the check makes of it.

#[cfg(feature = "webauthn")]
use super::second_factor::BY_KEY;
use super::{SecondFactor, SecondFactors, User, UserRecord};
#[cfg(feature = "webauthn")]
use crate::passkey::PasskeyLogin;
use crate::{
    clock::Timestamp,
    config::SecondFactorPolicy,
    error::Error,
    flow::{FLOW_LIFETIME, Flow, FlowId, Step},
    password::PasswordVerified,
    secret::TokenHash,
};

/// The `amr` value of a login with more than one factor (RFC 8176).
const MULTIPLE: &str = "mfa";

/// A first factor that was checked.
#[derive(Debug)]
#[non_exhaustive]
pub enum FirstFactor {
    /// A password.
    Password(PasswordVerified),
    /// A passkey, which is two.
    #[cfg(feature = "webauthn")]
    Passkey(PasskeyLogin),
}

/// How far what was shown goes.
///
/// Whoever wants a session has to say what becomes of a login that needs more:
///
/// ```
/// use portcullis::{Error, account::{Assurance, Assured, FirstFactor}, config::SecondFactorPolicy};
///
/// fn assured(first: FirstFactor) -> Result<Assured, Error> {
///     match Assurance::of(first, SecondFactorPolicy::Optional)? {
///         Assurance::Full(assured) => Ok(assured),
///         Assurance::Partial(_) => Err(Error::FlowInvalid),
///     }
/// }
/// ```
///
/// What leaves that out does not compile:
///
/// ```compile_fail,E0005
/// use portcullis::{Error, account::{Assurance, Assured, FirstFactor}, config::SecondFactorPolicy};
///
/// fn assured(first: FirstFactor) -> Result<Assured, Error> {
///     let Assurance::Full(assured) = Assurance::of(first, SecondFactorPolicy::Optional)?;
///     Ok(assured)
/// }
/// ```
#[derive(Debug)]
pub enum Assurance {
    /// All the way.
    Full(Assured),
    /// The account asks for more.
    Partial(PartlyAssured),
}

/// Proof that a user has shown all that their account asks for. Only the checks of this module make one.
///
/// A first factor of an account that asks for two comes to it with the proof of the second, and not without:
///
/// ```
/// use portcullis::{Error, account::{Assured, PartlyAssured, SecondFactor}};
///
/// fn assured(partly: PartlyAssured, second: SecondFactor) -> Result<Assured, Error> {
///     partly.with(second)
/// }
/// ```
///
/// ```compile_fail,E0061
/// use portcullis::{Error, account::{Assured, PartlyAssured, SecondFactor}};
///
/// fn assured(partly: PartlyAssured) -> Result<Assured, Error> {
///     partly.with() // without a second factor
/// }
/// ```
///
/// ```compile_fail,E0451
/// use portcullis::account::{Assured, PartlyAssured};
///
/// fn assured(partly: PartlyAssured) -> Assured {
///     Assured { shown: partly.shown, flow: None } // the fields are private
/// }
/// ```
#[derive(Debug)]
pub struct Assured {
    shown: Shown,
    flow: Option<TokenHash>,
}

/// Proof that a user has shown a first factor, of an account that asks for more. It opens nothing.
#[derive(Debug)]
pub struct PartlyAssured {
    shown: Shown,
    step: Step,
    second_factors: SecondFactors,
    flow: Option<TokenHash>,
}

/// Who has shown what.
#[derive(Debug)]
struct Shown {
    user: User,
    password_version: i64,
    amr: Vec<String>,
    at: Timestamp,
}

impl Assurance {
    /// How far this first factor goes, where `policy` says who has to have a second one.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidCredentials`] if the account is disabled: a stranger cannot tell that from a wrong password.
    pub fn of(first: FirstFactor, policy: SecondFactorPolicy) -> Result<Self, Error> {
        let verified = match first {
            FirstFactor::Password(verified) => verified,
            #[cfg(feature = "webauthn")]
            FirstFactor::Passkey(passkey) => return Assured::by_passkey(passkey).map(Self::Full),
        };
        if verified.user().disabled_at.is_some() {
            return Err(Error::InvalidCredentials);
        }
        let (password_version, at) = (verified.password_version(), verified.at());
        let second_factors = verified.second_factors();
        let shown = Shown { user: verified.into_user(), password_version, amr: vec!["pwd".to_owned()], at };
        let step = if second_factors.any() {
            Step::SecondFactor
        } else if policy.binds(&shown.user.roles) {
            Step::Enrolment
        } else {
            return Ok(Self::Full(Assured { shown, flow: None }));
        };
        Ok(Self::Partial(PartlyAssured { shown, step, second_factors, flow: None }))
    }
}

impl PartlyAssured {
    /// What is missing.
    #[must_use]
    pub fn step(&self) -> Step {
        self.step
    }

    /// Who it is.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.shown.user
    }

    /// The second factors that the account has.
    #[must_use]
    pub fn second_factors(&self) -> SecondFactors {
        self.second_factors
    }

    /// What this and a second factor come to.
    ///
    /// # Errors
    ///
    /// [`Error::FlowInvalid`] if the second factor is somebody else's.
    pub fn with(self, second: SecondFactor) -> Result<Assured, Error> {
        if second.user() != self.shown.user.id {
            return Err(Error::FlowInvalid);
        }
        let mut shown = self.shown;
        shown.amr.extend(second.amr().iter().chain(&[MULTIPLE]).copied().map(str::to_owned));
        Ok(Assured { shown, flow: self.flow })
    }

    /// The same, of a login that is to end this flow.
    #[cfg(feature = "webauthn")]
    pub(super) fn in_flow(self, flow: &FlowId) -> Self {
        Self { flow: Some(flow.hash()), ..self }
    }

    /// What to remember of it until the next step, which has to be taken within five minutes from `now`.
    pub(crate) fn flow(&self, remember: bool, now: Timestamp) -> Flow {
        Flow {
            step: self.step,
            user: self.shown.user.id,
            amr: self.shown.amr.clone(),
            auth_time: self.shown.at,
            password_version: self.shown.password_version,
            generation: self.shown.user.generation,
            remember,
            expires_at: now + FLOW_LIFETIME,
        }
    }

    /// The proof that a flow keeps, for the user as they are now. `None` if they are not as they were when it began. The
    /// session that it leads to ends the flow.
    pub(crate) fn resume(id: &FlowId, flow: Flow, record: UserRecord) -> Option<Self> {
        let UserRecord { user, password_version, second_factors, .. } = record;
        let unchanged = user.id == flow.user
            && password_version == flow.password_version
            && user.generation == flow.generation
            && user.disabled_at.is_none()
            && (flow.step == Step::Enrolment) != second_factors.any();
        let shown = Shown { user, password_version, amr: flow.amr, at: flow.auth_time };
        unchanged.then(|| Self { shown, step: flow.step, second_factors, flow: Some(id.hash()) })
    }
}

impl Assured {
    #[cfg(feature = "webauthn")]
    fn by_passkey(passkey: PasskeyLogin) -> Result<Self, Error> {
        let at = passkey.at();
        let UserRecord { user, password_version, .. } = passkey.into_record();
        if user.disabled_at.is_some() {
            return Err(Error::InvalidCredentials);
        }
        let amr = BY_KEY.iter().chain(&[MULTIPLE]).copied().map(str::to_owned).collect();
        Ok(Self { shown: Shown { user, password_version, amr, at }, flow: None })
    }

    /// Who it is.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.shown.user
    }

    /// The version of the password that was checked.
    #[must_use]
    pub fn password_version(&self) -> i64 {
        self.shown.password_version
    }

    /// How they showed it: RFC 8176 values.
    #[must_use]
    pub fn amr(&self) -> &[String] {
        &self.shown.amr
    }

    /// When they showed the first of it.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.shown.at
    }

    /// The flow that led here, which ends with the session that is opened.
    pub(crate) fn flow(&self) -> Option<TokenHash> {
        self.flow
    }

    /// Gives the user back.
    #[must_use]
    pub fn into_user(self) -> User {
        self.shown.user
    }
}

/// The authentication context class of a session whose user has shown who they are in these ways: `aal2` with a second
/// factor, `aal1` without.
pub(crate) fn acr_of(amr: &[String]) -> &'static str {
    if is_multiple(amr) { "aal2" } else { "aal1" }
}

/// Whether more than one factor was shown.
pub(crate) fn is_multiple(amr: &[String]) -> bool {
    amr.iter().any(|way| way == MULTIPLE)
}
