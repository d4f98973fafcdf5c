//! The only map from failures to statuses: every failure becomes a problem document (RFC 9457).

use std::time::Duration;

use ::axum::{
    extract::rejection::BytesRejection,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::second_factor::TwoFaRequiredResponse;
use crate::{Error, FieldError, guard::RejectionKind};

/// A problem document, `application/problem+json`: what a client is told of a failure.
///
/// Handlers of your own may answer with it too:
///
/// ```
/// use axum::http::StatusCode;
/// use portcullis::http::Problem;
///
/// async fn note() -> Result<String, Problem> {
///     Err(Problem::new(StatusCode::CONFLICT, "note_locked", "somebody else is writing"))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the `code` tells problems apart.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What went wrong, for people.
    detail: String,
    /// What went wrong, for programs. Stable.
    code: &'static str,
    /// What is wrong with which field; only with the code `invalid_fields`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
    /// What to go on with; only where a login needs another step, or its second factor was wrong.
    #[serde(flatten)]
    #[schema(ignore)]
    login: Option<TwoFaRequiredResponse>,
    #[serde(skip)]
    retry_after: Option<u64>,
}

/// A problem document with what a login goes on with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is a name in the document for what a `Problem` is there")]
pub(super) struct UnfinishedLoginProblem {
    #[serde(flatten)]
    problem: Problem,
    #[serde(flatten)]
    login: TwoFaRequiredResponse,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// The field's name in the body.
    field: &'static str,
    /// What is wrong with it, as a stable code.
    code: &'static str,
}

impl FieldProblem {
    /// The field's name in the body.
    #[cfg(feature = "pages")]
    pub(crate) const fn field(&self) -> &'static str {
        self.field
    }

    /// What is wrong with it.
    #[cfg(feature = "pages")]
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }
}

impl Problem {
    /// A problem with this status, stable code and explanation for people.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            errors: Vec::new(),
            login: None,
            retry_after: None,
        }
    }

    /// The same problem, with the advice to try again after this time, in whole seconds.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(whole_seconds(wait)), ..self }
    }

    /// The request is broken as a whole.
    pub(super) fn invalid_request(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
    }

    /// There is nothing at this path.
    pub(crate) fn nothing_here() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here")
    }

    /// The path does not take the method that was used.
    pub(crate) fn wrong_method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path does not take that method")
    }

    /// The body cannot be read, or is too large.
    pub(crate) fn unreadable(rejection: &BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            _ => Self::invalid_request("the body could not be read"),
        }
    }

    pub(super) fn too_large() -> Self {
        let detail = format!("the body must not be larger than {} bytes", super::BODY_LIMIT);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    /// What went wrong, for programs.
    #[cfg(feature = "pages")]
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }

    /// What is wrong with which field.
    #[cfg(feature = "pages")]
    pub(crate) fn errors(&self) -> &[FieldProblem] {
        &self.errors
    }

    /// How it is answered, whatever the body says: the status, and the headers that go with it.
    pub(crate) fn head(&self) -> (StatusCode, HeaderMap) {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = HeaderMap::new();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge(self.code)));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        (status, headers)
    }

    /// A defect of this program or of how it is mounted; the log says more.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "internal error")
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = status_of(&error);
        if let Error::Unavailable(cause) | Error::Internal(cause) = &error {
            tracing::error!(code = error.code(), cause = %chain(cause.as_ref()), "request failed");
        }
        let problem = Self::new(status, error.code(), error.to_string());
        match error {
            Error::InvalidFields(errors) => Self { errors: errors.into_iter().map(Into::into).collect(), ..problem },
            Error::LoginUnfinished(login) | Error::InvalidSecondFactor(login) => {
                Self { login: Some((*login).into()), ..problem }
            }
            Error::TooManyAttempts { retry_after } | Error::Overloaded { retry_after } => {
                Self { retry_after: Some(whole_seconds(retry_after)), ..problem }
            }
            Error::Unavailable(_) => Self { retry_after: Some(1), ..problem },
            // Which of two requests came first is nobody's business: the guard would have said the same.
            Error::SessionEnded => Self { detail: RejectionKind::InvalidToken.detail().to_owned(), ..problem },
            _ => problem,
        }
    }
}

const fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::InvalidCredentials
        | Error::InvalidSecondFactor(_)
        | Error::FlowInvalid
        | Error::SessionEnded
        | Error::RefreshInvalid => StatusCode::UNAUTHORIZED,
        Error::TokenInvalid | Error::ScopeExceeded => StatusCode::BAD_REQUEST,
        Error::NotFound => StatusCode::NOT_FOUND,
        Error::LoginUnfinished(_) | Error::InvalidPassword | Error::RegistrationClosed | Error::ScopeLacking(_) => {
            StatusCode::FORBIDDEN
        }
        Error::UsernameTaken
        | Error::EmailTaken
        | Error::NoSecondFactor
        | Error::LastFactor
        | Error::LastAdmin
        | Error::TooManyApiKeys
        | Error::TooManyPasskeys => StatusCode::CONFLICT,
        Error::InvalidFields(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Overloaded { .. } | Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Rounded up: whoever waits that long has waited long enough.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// An error with all its causes, for the log.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

impl From<FieldError> for FieldProblem {
    fn from(error: FieldError) -> Self {
        Self { field: error.field, code: error.code }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, mut headers) = self.head();
        let body = serde_json::to_string(&self).unwrap_or_default();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        (status, headers, body).into_response()
    }
}

/// What goes with a 401: the guard's own challenge where the token is to blame, a bare one after a login that failed.
fn challenge(code: &str) -> &'static str {
    if code == "invalid_token" { r#"Bearer realm="restricted", error="invalid_token""# } else { "Bearer" }
}

/// Answers a path that nobody knows: 404 `not_found`.
pub async fn not_found() -> Problem {
    Problem::nothing_here()
}

/// Answers a known path with a verb it does not have: 405 `method_not_allowed`. axum adds `Allow`.
pub async fn method_not_allowed() -> Problem {
    Problem::wrong_method()
}

/// Keeps every answer about an account out of caches, unless its room says otherwise.
pub(super) async fn no_store(mut response: Response) -> Response {
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
