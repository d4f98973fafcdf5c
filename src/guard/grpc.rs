//! Refusals as gRPC has them.

use http::{HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE};

use super::{
    rejection::{Rejection, RejectionKind},
    respond::Respond,
};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// Answers as a gRPC server does that has nothing but a status to send ("Trailers-Only"): HTTP 200, with `grpc-status`
/// and `grpc-message` among the headers, for every body that can be empty.
///
/// | refusal | `grpc-status` |
/// |---|---|
/// | no credential, a bad one, one that is too old or too weak | 16 `UNAUTHENTICATED` |
/// | a missing scope, a cookie from another site | 7 `PERMISSION_DENIED` |
/// | not one credential | 3 `INVALID_ARGUMENT` |
/// | a credential that has been used too often | 8 `RESOURCE_EXHAUSTED` |
/// | credentials cannot be checked | 14 `UNAVAILABLE` |
///
/// The challenge stays in `www-authenticate`, which a client finds in the metadata of the status. This is for services
/// that speak nothing but gRPC; [`ProblemDocument`](super::ProblemDocument) and [`Empty`](super::Empty) take this form
/// by themselves where the request is one of gRPC.
///
/// ```
/// # use portcullis::{jwt::JwtVerifier, guard::RuleError};
/// use portcullis::guard::{AuthLayer, Grpc};
///
/// # fn build(verifier: JwtVerifier) -> Result<(), RuleError> {
/// let guard = AuthLayer::builder(verifier).exclude("/grpc.health.v1.Health/Check").on_reject(Grpc).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Grpc;

impl<B: Default> Respond<B> for Grpc {
    fn respond(&self, rejection: &Rejection) -> Response<B> {
        response(rejection, B::default())
    }
}

pub(super) fn response<B>(rejection: &Rejection, empty: B) -> Response<B> {
    let mut response = rejection.response(empty);
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_STATUS, code(rejection.kind()).into());
    // The encoding leaves nothing in that a header could not hold.
    if let Ok(message) = HeaderValue::try_from(encoded(rejection.kind().detail())) {
        headers.insert(GRPC_MESSAGE, message);
    }
    response
}

const fn code(kind: &RejectionKind) -> u16 {
    match kind {
        RejectionKind::InvalidRequest => 3,
        RejectionKind::CrossOrigin | RejectionKind::InsufficientScope { .. } => 7,
        RejectionKind::TooManyRequests { .. } => 8,
        RejectionKind::Unavailable { .. } => 14,
        RejectionKind::Unauthenticated
        | RejectionKind::InvalidToken
        | RejectionKind::InsufficientUserAuthentication { .. } => 16,
    }
}

/// Percent-encodes what is not visible ASCII or a space, and `%`, as the gRPC protocol has it for `grpc-message`.
fn encoded(message: &str) -> String {
    let encode = |byte: u8| match byte {
        b' '..=b'~' if byte != b'%' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    message.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_percent_encoded() {
        assert_eq!(encoded("100% sure, \u{fc}\r\n"), "100%25 sure, %C3%BC%0D%0A");
    }
}
