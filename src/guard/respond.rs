//! What a refused client is answered.

use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};

use super::{
    grpc,
    rejection::{Rejection, RejectionKind},
};

/// Makes the response to a request that the guard refuses. Closures from a [`Rejection`] to a response do.
///
/// The guard adds to the response what it lacks of `WWW-Authenticate`, `Retry-After` and `Cache-Control: no-store`.
pub trait Respond<B> {
    /// The response. [`Rejection::response`] gives it the right status.
    fn respond(&self, rejection: &Rejection) -> Response<B>;
}

impl<B, F: Fn(&Rejection) -> Response<B>> Respond<B> for F {
    fn respond(&self, rejection: &Rejection) -> Response<B> {
        self(rejection)
    }
}

/// Answers with a problem document (RFC 9457) that has a stable `code`, for every body that can be made of a `String`.
///
/// Whatever is wrong with a token, the document is the same, byte for byte. What a good one lacks is told in members of
/// their own: `scopes`, `roles`, `max_age` in seconds, `acr_values`, `amr`. A client of gRPC is answered as by
/// [`Grpc`](super::Grpc) instead.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProblemDocument;

impl<B: From<String>> Respond<B> for ProblemDocument {
    fn respond(&self, rejection: &Rejection) -> Response<B> {
        if rejection.is_to_grpc() {
            return grpc::response(rejection, String::new().into());
        }
        let kind = rejection.kind();
        let mut document = problem(kind.status(), kind.detail(), kind.code());
        document.insert_str(document.len() - 1, &lacking(kind));
        let mut response = rejection.response(if rejection.is_to_head() { String::new() } else { document }.into());
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM_JSON);
        response
    }
}

/// Answers with status and headers alone, for every body that can be empty.
///
/// A client of gRPC is answered as by [`Grpc`](super::Grpc) instead.
#[derive(Clone, Copy, Debug, Default)]
pub struct Empty;

impl<B: Default> Respond<B> for Empty {
    fn respond(&self, rejection: &Rejection) -> Response<B> {
        if rejection.is_to_grpc() { grpc::response(rejection, B::default()) } else { rejection.response(B::default()) }
    }
}

pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A problem document. The texts are this crate's own, so that nothing in them needs escaping.
pub(crate) fn problem(status: StatusCode, detail: &'static str, code: &'static str) -> String {
    let title = status.canonical_reason().unwrap_or(code);
    let status = status.as_u16();
    format!(r#"{{"type":"about:blank","title":"{title}","status":{status},"detail":"{detail}","code":"{code}"}}"#)
}

/// What would do, as further members of a problem document.
fn lacking(kind: &RejectionKind) -> String {
    let member = |name, value: serde_json::Value| format!(r#","{name}":{value}"#);
    let list = |name, names: Vec<&str>| if names.is_empty() { String::new() } else { member(name, names.into()) };
    match kind {
        RejectionKind::InsufficientScope { required, roles } => {
            list("scopes", required.iter().collect()) + &list("roles", roles.iter().map(String::as_str).collect())
        }
        RejectionKind::InsufficientUserAuthentication { max_age, second_factor, amr } => {
            let max_age = max_age.map(|age| member("max_age", age.as_secs().into())).unwrap_or_default();
            let acr_values = if *second_factor { member("acr_values", "aal2".into()) } else { String::new() };
            max_age + &acr_values + &list("amr", amr.iter().map(String::as_str).collect())
        }
        _ => String::new(),
    }
}
