//! A request that the guard does not let through.

use std::{borrow::Cow, sync::Arc, time::Duration};

use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, Entry, HeaderMap, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE},
};

use super::{authenticate::AuthError, challenge::Challenges, credential::Unusable, rule::Denied};
use crate::principal::Scopes;

/// Why a request was refused, and all that an answer needs to say so.
///
/// It rides in the extensions of the response, for whoever logs or counts; and in those of a request that passed a
/// route with [`RouteRule::optional`](super::RouteRule::optional) without a credential, where it says how the request
/// would have been refused had the rule been stricter.
#[derive(Clone, Debug)]
pub struct Rejection {
    kind: RejectionKind,
    reason: Cow<'static, str>,
    challenges: Arc<Challenges>,
    to: Addressee,
}

/// Who is answered, as far as it changes the form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Addressee {
    /// The sender of a `HEAD` request.
    Head,
    /// A client of gRPC.
    Grpc,
    /// Everyone else.
    Other,
}

impl Addressee {
    pub(super) fn of<B>(request: &Request<B>) -> Self {
        let is_grpc = |value: &HeaderValue| match value.as_bytes().split_at_checked(16) {
            Some((start, rest)) => {
                start.eq_ignore_ascii_case(b"application/grpc")
                    && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
            }
            None => false,
        };
        match request.headers().get(CONTENT_TYPE) {
            _ if request.method() == Method::HEAD => Self::Head,
            Some(value) if is_grpc(value) => Self::Grpc,
            _ => Self::Other,
        }
    }
}

/// What a refusal comes down to, as far as a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectionKind {
    /// 401: there is no credential.
    Unauthenticated,
    /// 400: what there is cannot be read as one credential.
    InvalidRequest,
    /// 401: the credential is no good.
    InvalidToken,
    /// 403: the credential is a cookie, and another site may have made the browser send it.
    CrossOrigin,
    /// 403: the principal lacks a scope or a role, or has one that the rule bars.
    InsufficientScope {
        /// The scopes that would do.
        required: Scopes,
        /// The roles that would do.
        roles: Vec<String>,
    },
    /// 401: the user has to authenticate again, more recently or better.
    InsufficientUserAuthentication {
        /// How long ago the user may have authenticated, if that was too long ago.
        max_age: Option<Duration>,
        /// Whether a second factor is missing.
        second_factor: bool,
        /// The ways of authenticating (RFC 8176) that would do, if another one was used.
        amr: Vec<String>,
    },
    /// 503: credentials cannot be checked now.
    Unavailable {
        /// How long to wait before trying again.
        retry_after: Duration,
    },
    /// 429: the credential has been used too often of late.
    TooManyRequests {
        /// How long to wait before trying again.
        retry_after: Duration,
    },
}

impl RejectionKind {
    /// The stable code of this kind: of RFC 6750 and RFC 9470 where they have one.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::CrossOrigin => "cross_origin",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::InsufficientUserAuthentication { .. } => "insufficient_user_authentication",
            Self::Unavailable { .. } => "unavailable",
            Self::TooManyRequests { .. } => "too_many_requests",
        }
    }

    /// The status it is answered with.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::InvalidToken | Self::InsufficientUserAuthentication { .. } => {
                StatusCode::UNAUTHORIZED
            }
            Self::CrossOrigin | Self::InsufficientScope { .. } => StatusCode::FORBIDDEN,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// A sentence for the person at the other end.
    #[must_use]
    pub const fn detail(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "This needs a credential.",
            Self::InvalidRequest => "The credential cannot be read. Send exactly one.",
            Self::InvalidToken => "The credential is not valid, or no longer.",
            Self::CrossOrigin => "This can be asked for from this site's own pages only.",
            Self::InsufficientScope { .. } => "The credential does not allow this.",
            Self::InsufficientUserAuthentication { .. } => "This needs a more recent or a stronger login.",
            Self::Unavailable { .. } => "Credentials cannot be checked at the moment. Try again later.",
            Self::TooManyRequests { .. } => "The credential has been used too often of late. Try again later.",
        }
    }
}

impl Rejection {
    pub(super) fn new(cause: impl Into<Cause>, challenges: &Arc<Challenges>, to: Addressee) -> Self {
        let Cause { kind, reason } = cause.into();
        Self { kind, reason, challenges: Arc::clone(challenges), to }
    }

    /// What it comes down to.
    #[must_use]
    pub const fn kind(&self) -> &RejectionKind {
        &self.kind
    }

    /// What exactly was wrong. This is for logs: a client that learns it can tell a forged token from an expired one.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The reason, if it was not made up for this one request.
    pub(super) const fn constant_reason(&self) -> Option<&'static str> {
        if let Cow::Borrowed(reason) = self.reason { Some(reason) } else { None }
    }

    /// Whether the request was a `HEAD`, so that the answer must have no body.
    #[must_use]
    pub const fn is_to_head(&self) -> bool {
        matches!(self.to, Addressee::Head)
    }

    /// Whether the request was one of gRPC, by its content type, so that its client looks for `grpc-status`. The stock
    /// answers then take the form of [`Grpc`](super::Grpc).
    #[must_use]
    pub const fn is_to_grpc(&self) -> bool {
        matches!(self.to, Addressee::Grpc)
    }

    /// A response with this body, the status, and the headers that go with it: the challenge, `Retry-After` where there
    /// is something to wait for, and `Cache-Control: no-store`.
    #[must_use]
    pub fn response<B>(&self, body: B) -> Response<B> {
        let mut response = Response::new(body);
        *response.status_mut() = self.kind.status();
        self.complete(&mut response);
        response
    }

    /// Adds what a response to a refused request must have and this one has not: those headers, and the rejection
    /// itself among its extensions.
    pub(super) fn complete<B>(&self, response: &mut Response<B>) {
        let headers = response.headers_mut();
        default(headers, CACHE_CONTROL, || Some(HeaderValue::from_static("no-store")));
        default(headers, WWW_AUTHENTICATE, || self.challenges.to(&self.kind));
        if let RejectionKind::Unavailable { retry_after } | RejectionKind::TooManyRequests { retry_after } = self.kind {
            let secs = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
            default(headers, RETRY_AFTER, || Some(secs.max(1).into()));
        }
        response.extensions_mut().get_or_insert_with(|| self.clone());
    }
}

/// What a guard answers that has no challenges of its own: for a handler that holds a rule against a principal itself.
impl From<Denied> for Rejection {
    fn from(denied: Denied) -> Self {
        Self::new(denied, &Arc::default(), Addressee::Other)
    }
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: impl FnOnce() -> Option<HeaderValue>) {
    if let Entry::Vacant(entry) = headers.entry(name) {
        value().map(|value| entry.insert(value));
    }
}

/// What led to a rejection.
pub(super) struct Cause {
    kind: RejectionKind,
    reason: Cow<'static, str>,
}

impl Cause {
    pub(super) const NO_CREDENTIAL: Self =
        Self { kind: RejectionKind::Unauthenticated, reason: Cow::Borrowed("no credential") };
}

impl From<Unusable> for Cause {
    fn from(unusable: Unusable) -> Self {
        let (kind, reason) = match unusable {
            Unusable::Malformed(reason) => (RejectionKind::InvalidRequest, reason),
            Unusable::CrossOrigin(reason) => (RejectionKind::CrossOrigin, reason),
        };
        Self { kind, reason: reason.into() }
    }
}

impl From<AuthError> for Cause {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Invalid { reason } => Self { kind: RejectionKind::InvalidToken, reason },
            AuthError::Unavailable { retry_after } => {
                Self { kind: RejectionKind::Unavailable { retry_after }, reason: "cannot be checked".into() }
            }
            AuthError::TooManyRequests { retry_after } => {
                Self { kind: RejectionKind::TooManyRequests { retry_after }, reason: "too many requests".into() }
            }
        }
    }
}

impl From<Denied> for Cause {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Scope { required, roles } => {
                let reason = match (required.is_empty(), roles.is_empty()) {
                    (false, _) => "missing scope",
                    (true, false) => "missing role",
                    (true, true) => "barred",
                };
                Self { kind: RejectionKind::InsufficientScope { required, roles }, reason: reason.into() }
            }
            Denied::Authentication { max_age, second_factor, amr } => {
                let reason = match (second_factor, max_age) {
                    (true, _) => "no second factor",
                    (false, Some(_)) => "not fresh",
                    (false, None) => "another way of authenticating",
                };
                let kind = RejectionKind::InsufficientUserAuthentication { max_age, second_factor, amr };
                Self { kind, reason: reason.into() }
            }
        }
    }
}
