//! The one check between what someone has shown and a session.
//!
//! Every way to log in ends here, and opening a session takes what only this makes. So no path can forget it: a first
//! factor is not proof enough, and where the account asks for more, neither is what the check makes of it.

#[cfg(feature = "webauthn")]
use super::second_factor::BY_KEY;
use super::{ExternalVerified, SecondFactor, SecondFactors, User, UserRecord};
#[cfg(feature = "webauthn")]
use crate::passkey::PasskeyLogin;
use crate::{
    clock::Timestamp,
    config::SecondFactorPolicy,
    error::Error,
    flow::{FLOW_LIFETIME, Flow, FlowId, Step},
    passkey::PasskeyId,
    password::{PasswordRenewed, PasswordVerified},
    secret::TokenHash,
};

/// The `amr` value of a login with more than one factor (RFC 8176).
const MULTIPLE: &str = "mfa";

/// A first factor that was checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FirstFactor {
    /// A password.
    Password(PasswordVerified),
    /// The word of something else: see [`CredentialBackend`](super::CredentialBackend).
    External(ExternalVerified),
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
/// use portcullis::{Error, account::{Assurance, PartlyAssured, SecondFactor}};
///
/// fn further(partly: PartlyAssured, second: SecondFactor) -> Result<Assurance, Error> {
///     partly.with(second)
/// }
/// ```
///
/// ```compile_fail,E0061
/// use portcullis::{Error, account::{Assurance, PartlyAssured, SecondFactor}};
///
/// fn further(partly: PartlyAssured) -> Result<Assurance, Error> {
///     partly.with() // without a second factor
/// }
/// ```
///
/// ```compile_fail,E0451
/// use portcullis::account::Assured;
///
/// fn another(assured: Assured) -> Assured {
///     Assured { flow: None, ..assured } // the fields are private
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
    flow: Option<TokenHash>,
}

/// Who has shown what, and what their account has.
#[derive(Debug)]
struct Shown {
    user: User,
    password_version: i64,
    second_factors: SecondFactors,
    must_change_password: bool,
    amr: Vec<String>,
    /// The key that it rests on, where it was that and no password.
    passkey: Option<PasskeyId>,
    at: Timestamp,
}

impl FirstFactor {
    /// Who has shown it, as they were when it was checked.
    #[must_use]
    pub fn user(&self) -> &User {
        match self {
            Self::Password(verified) => verified.user(),
            Self::External(verified) => &verified.record().user,
            #[cfg(feature = "webauthn")]
            Self::Passkey(verified) => &verified.record().user,
        }
    }

    /// The same for the user as they are now; `None` if it is not right any more, or it is another user.
    #[must_use]
    pub fn of(self, now: UserRecord) -> Option<Self> {
        match self {
            Self::Password(verified) => verified.of(now).map(Self::Password),
            Self::External(verified) => verified.of(now).map(Self::External),
            #[cfg(feature = "webauthn")]
            Self::Passkey(verified) => verified.of(now).map(Self::Passkey),
        }
    }
}

impl Assurance {
    /// How far this first factor goes at a login, where `policy` says who has to have a second one.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidCredentials`] if the account is disabled: a stranger cannot tell that from a wrong password.
    pub fn of(first: FirstFactor, policy: SecondFactorPolicy) -> Result<Self, Error> {
        let shown = Shown::of(first)?;
        Ok(Self::next(shown, policy, None))
    }

    /// How far it goes for someone who is logged in. They are asked for the second factor that they have, and can do there
    /// what else a login would ask of them.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidCredentials`] if the account is disabled.
    pub fn again(first: FirstFactor) -> Result<Self, Error> {
        let shown = Shown { must_change_password: false, ..Shown::of(first)? };
        Ok(Self::next(shown, SecondFactorPolicy::Optional, None))
    }

    /// What is still missing, in the one order there is: second factor, new password, session.
    fn next(shown: Shown, policy: SecondFactorPolicy, flow: Option<TokenHash>) -> Self {
        let one_factor = !is_multiple(&shown.amr);
        let step = if one_factor && shown.second_factors.any() {
            Step::SecondFactor
        } else if one_factor && policy.binds(&shown.user.roles) {
            Step::Enrolment
        } else if shown.must_change_password {
            Step::NewPassword
        } else {
            return Self::Full(Assured { shown, flow });
        };
        Self::Partial(PartlyAssured { shown, step, flow })
    }
}

impl Shown {
    fn of(first: FirstFactor) -> Result<Self, Error> {
        let shown = match first {
            FirstFactor::Password(verified) => Self {
                password_version: verified.password_version(),
                second_factors: verified.second_factors(),
                must_change_password: verified.must_change(),
                amr: vec!["pwd".to_owned()],
                passkey: None,
                at: verified.at(),
                user: verified.into_user(),
            },
            FirstFactor::External(verified) => {
                let (record, amr, at) = verified.into_parts();
                let UserRecord { user, password_version, second_factors, .. } = record;
                Self { user, password_version, second_factors, must_change_password: false, amr, passkey: None, at }
            }
            #[cfg(feature = "webauthn")]
            FirstFactor::Passkey(verified) => Self::by_passkey(verified),
        };
        if shown.user.disabled_at.is_some() { Err(Error::InvalidCredentials) } else { Ok(shown) }
    }

    #[cfg(feature = "webauthn")]
    fn by_passkey(verified: PasskeyLogin) -> Self {
        let (passkey, at) = (Some(verified.key()), verified.at());
        let UserRecord { user, password_version, second_factors, must_change_password, .. } = verified.into_record();
        let amr = BY_KEY.iter().chain(&[MULTIPLE]).copied().map(str::to_owned).collect();
        Self { user, password_version, second_factors, must_change_password, amr, passkey, at }
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

    /// The version of the password that was checked.
    #[must_use]
    pub fn password_version(&self) -> i64 {
        self.shown.password_version
    }

    /// How they have shown it so far: RFC 8176 values.
    #[must_use]
    pub fn amr(&self) -> &[String] {
        &self.shown.amr
    }

    /// The second factors that the account has.
    #[must_use]
    pub fn second_factors(&self) -> SecondFactors {
        self.shown.second_factors
    }

    /// What this and a second factor come to.
    ///
    /// # Errors
    ///
    /// [`Error::FlowInvalid`] if the second factor is somebody else's.
    #[expect(clippy::needless_pass_by_value, reason = "a proof is good for once")]
    pub fn with(self, second: SecondFactor) -> Result<Assurance, Error> {
        if second.user() != self.shown.user.id {
            return Err(Error::FlowInvalid);
        }
        let mut shown = self.shown;
        shown.amr.extend(second.amr().iter().chain(&[MULTIPLE]).copied().map(str::to_owned));
        Ok(Assurance::next(shown, SecondFactorPolicy::Optional, self.flow))
    }

    /// What this and a new password come to.
    ///
    /// # Errors
    ///
    /// [`Error::FlowInvalid`] if the new password is somebody else's, or something else is missing before it.
    #[expect(clippy::needless_pass_by_value, reason = "a proof is good for once")]
    pub fn with_new_password(self, renewed: PasswordRenewed) -> Result<Assurance, Error> {
        if renewed.user() != self.shown.user.id || self.step != Step::NewPassword {
            return Err(Error::FlowInvalid);
        }
        let password_version = renewed.password_version();
        let shown = Shown { password_version, must_change_password: false, ..self.shown };
        Ok(Assurance::next(shown, SecondFactorPolicy::Optional, self.flow))
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

    /// The flow that led here, which ends with the next step.
    pub(crate) fn led_by(&self) -> Option<TokenHash> {
        self.flow
    }

    /// The proof that a flow keeps, for the user as they are now. `None` if they are not as they were when it began. What
    /// comes of it ends the flow.
    pub(crate) fn resume(id: &FlowId, flow: Flow, record: UserRecord) -> Option<Self> {
        let UserRecord { user, password_version, second_factors, must_change_password, .. } = record;
        let step_is_next = match flow.step {
            Step::SecondFactor => second_factors.any(),
            Step::Enrolment => !second_factors.any(),
            Step::NewPassword => is_multiple(&flow.amr) || !second_factors.any(),
        };
        let unchanged = user.id == flow.user
            && password_version == flow.password_version
            && user.generation == flow.generation
            && user.disabled_at.is_none();
        let (amr, at) = (flow.amr, flow.auth_time);
        let shown = Shown { user, password_version, second_factors, must_change_password, amr, passkey: None, at };
        (step_is_next && unchanged).then(|| Self { shown, step: flow.step, flow: Some(id.hash()) })
    }
}

impl Assured {
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

    /// The key that they showed it with, if it was that and no password: to open a session, they have to have it still.
    pub(crate) fn passkey(&self) -> Option<PasskeyId> {
        self.shown.passkey
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
