//! Why a stream broke off. It is written to the log and goes no further.

use std::error::Error;

use http::StatusCode;

use crate::jwt::remote::RemoteError;

#[derive(Debug, thiserror::Error)]
pub(super) enum FeedError {
    #[error("there is no token to ask with: {0}")]
    NoToken(Box<dyn Error + Send + Sync>),
    #[error("what should be a token cannot stand in a header")]
    BadToken,
    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error("answered with status {0}")]
    Status(StatusCode),
    #[error("the answer is not a stream of events")]
    NotAStream,
    #[error("nothing was heard for too long")]
    Silence,
    #[error("the server ended it")]
    Ended,
    #[error("an event is too large")]
    EventTooLarge,
    #[error("an event is not as it must be")]
    BadEvent,
    #[error("there are more revocations than may be held")]
    TooMany,
}
