//! How an act on an account can fail: one list for all rooms, each with the stable `code` that clients rely on.

use std::time::Duration;

use crate::{
    account::UnfinishedLogin,
    flow::Step,
    password::HashError,
    principal::Scopes,
    secret::RandomUnavailable,
    store::{Conflict, StoreError},
};

/// Why something was not done.
///
/// What a client may know is in the variant and its [`code`](Self::code); causes are for the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Name and password do not open an account: one answer for unknown, wrong and disabled.
    #[error("the name or the password is wrong")]
    InvalidCredentials,
    /// The password of someone already known is wrong.
    #[error("the password is wrong")]
    InvalidPassword,
    /// What was shown is right, and the account asks for more: the next step is named, with the flow to take it in.
    #[error("the login needs another step")]
    LoginUnfinished(Box<UnfinishedLogin>),
    /// The second factor is wrong, or was used before. The flow lives on.
    #[error("the second factor is wrong")]
    InvalidSecondFactor(Box<UnfinishedLogin>),
    /// A flow leads nowhere: one answer for unknown, expired, finished, and good for another step.
    #[error("the flow is not valid, or no longer")]
    FlowInvalid,
    /// The account has no second factor.
    #[error("there is no second factor")]
    NoSecondFactor,
    /// It is the last way into the account, which cannot be removed.
    #[error("there would be no way left to log in")]
    LastFactor,
    /// The credential was good when the request came in, but its session or its user is gone.
    #[error("the session has ended")]
    SessionEnded,
    /// A refresh token opens nothing: one answer for unknown, expired, ended, used before and no longer allowed.
    #[error("the refresh token is not valid, or no longer")]
    RefreshInvalid,
    /// A mailed token or code opens nothing: one answer for unknown, used, expired and made for something else.
    #[error("the token is not valid, or no longer")]
    TokenInvalid,
    /// A token was asked for that may do more than its user.
    #[error("the scope asked for is more than the user has")]
    ScopeExceeded,
    /// It would give what the one who does it may not do themselves, or be done to someone who may do more.
    #[error("this takes a scope that you do not have")]
    ScopeLacking(Scopes),
    /// Nobody who runs the service would be left.
    #[error("this is the last administrator")]
    LastAdmin,
    /// The user has as many API keys as they may have.
    #[error("there are as many API keys as there may be; delete one first")]
    TooManyApiKeys,
    /// What was named does not exist, or is not the caller's.
    #[error("there is nothing here")]
    NotFound,
    /// Some fields are not as they must be.
    #[error("some fields are not valid")]
    InvalidFields(Vec<FieldError>),
    /// The user name is taken, now or by an account that was deleted.
    #[error("the user name is taken")]
    UsernameTaken,
    /// The e-mail address belongs to another account.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Nobody can register here by themselves.
    #[error("registration is closed")]
    RegistrationClosed,
    /// Too many attempts have failed.
    #[error("too many attempts; try again later")]
    TooManyAttempts {
        /// How long to wait.
        retry_after: Duration,
    },
    /// There is more work than this server takes on at once.
    #[error("the server is overloaded; try again later")]
    Overloaded {
        /// How long to wait.
        retry_after: Duration,
    },
    /// Something this depends on does not answer.
    #[error("the service is unavailable; try again later")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A defect of this program or of its data.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The stable code of this failure, as the HTTP contract names it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidCredentials => "invalid_credentials",
            Self::InvalidPassword => "invalid_password",
            Self::LoginUnfinished(login) => match login.step {
                Step::SecondFactor => "second_factor_required",
                Step::Enrolment => "second_factor_enrolment_required",
                Step::NewPassword => "password_change_required",
            },
            Self::InvalidSecondFactor(_) => "invalid_second_factor",
            Self::FlowInvalid => "flow_invalid",
            Self::NoSecondFactor => "no_second_factor",
            Self::LastFactor => "last_factor",
            Self::SessionEnded => "invalid_token",
            Self::RefreshInvalid => "refresh_invalid",
            Self::TokenInvalid => "token_invalid",
            Self::ScopeExceeded => "invalid_request",
            Self::ScopeLacking(_) => "insufficient_scope",
            Self::LastAdmin => "last_admin",
            Self::TooManyApiKeys => "too_many_api_keys",
            Self::NotFound => "not_found",
            Self::InvalidFields(_) => "invalid_fields",
            Self::UsernameTaken => "username_taken",
            Self::EmailTaken => "email_taken",
            Self::RegistrationClosed => "registration_closed",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::Overloaded { .. } => "overloaded",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// A single field that is not as it must be.
    #[must_use]
    pub fn field(field: &'static str, code: &'static str) -> Self {
        Self::InvalidFields(vec![FieldError { field, code }])
    }

    pub(crate) fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

/// What is wrong with one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name in the body.
    pub field: &'static str,
    /// What is wrong with it, as a stable code: `missing`, `wrong_type`, `password_too_short`, …
    pub code: &'static str,
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(Conflict::Username) => Self::UsernameTaken,
            StoreError::Conflict(Conflict::Email) => Self::EmailTaken,
            StoreError::LastAdmin => Self::LastAdmin,
            StoreError::Unavailable(_) => Self::Unavailable(error.into()),
            StoreError::Conflict(Conflict::Id) | StoreError::Broken(_) | StoreError::Url(_) => {
                Self::Internal(error.into())
            }
        }
    }
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Overloaded { retry_after } => Self::Overloaded { retry_after },
            HashError::OutOfMemory | HashError::Random(_) => Self::Unavailable(error.into()),
            other => Self::internal(other),
        }
    }
}

impl From<RandomUnavailable> for Error {
    fn from(error: RandomUnavailable) -> Self {
        Self::Unavailable(error.into())
    }
}
