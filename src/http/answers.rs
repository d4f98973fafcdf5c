//! What a route may answer beside what its handler says, added to the document, so that no handler has to repeat it: the
//! guard's refusals, those of the body's reader, and what can befall every request.

use utoipa::openapi::{Content, Header, OpenApi, Ref, RefOr, Response, path::Operation};

use crate::axum::operations;

/// How problem documents are sent.
const PROBLEM: &str = "application/problem+json";

/// What stands between a request and every handler.
const EVERYWHERE: [(&str, &str); 2] =
    [("500", "`internal`: a defect; the log says more"), ("503", "`unavailable`: something this depends on is down")];

/// What the guard answers.
const GUARDED: [(&str, &str); 4] = [
    ("400", "`invalid_request`: the credential cannot be read, or there are two"),
    ("401", "`unauthenticated`, `invalid_token`, or `insufficient_user_authentication`"),
    ("403", "`insufficient_scope`, or `cross_origin`"),
    ("429", "`too_many_requests`: the API key has been used too often of late"),
];

/// What becomes of a body that is none.
const WITH_BODY: [(&str, &str); 4] = [
    ("400", "`invalid_request`: the body is not valid JSON"),
    ("413", "`body_too_large`: more than 64 KiB"),
    ("415", "`unsupported_media_type`: the body must be `application/json`"),
    ("422", "`invalid_fields`: which, and what is wrong with them, is in `errors`"),
];

/// Completes the document: every operation has a name of its own and states every answer it may give, and every problem is
/// sent as one.
pub(super) fn complete(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(name(method.as_str(), path));
            for (status, description) in may_answer(operation) {
                let response = || RefOr::T(Response::new(description));
                operation.responses.responses.entry(status.to_owned()).or_insert_with(response);
            }
            for (status, response) in &mut operation.responses.responses {
                if let (RefOr::T(response), Ok(400..)) = (response, status.parse::<u16>()) {
                    send_as_problem(status, response);
                }
            }
        }
    }
}

fn may_answer(operation: &Operation) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
    let with_body = operation.request_body.is_some();
    let guarded = operation.security.as_ref().is_some_and(|ways| !ways.is_empty());
    let body = WITH_BODY.into_iter().filter(move |_| with_body);
    let guard = GUARDED.into_iter().filter(move |_| guarded);
    body.chain(guard).chain(EVERYWHERE)
}

/// A problem document, unless something else is said of its body, with the headers that go with its status.
fn send_as_problem(status: &str, response: &mut Response) {
    let content = response.content.shift_remove("application/json");
    let content = content.unwrap_or_else(|| RefOr::T(Content::new(Some(Ref::from_schema_name("Problem")))));
    response.content.insert(PROBLEM.to_owned(), content);
    let header = match status {
        "401" => "WWW-Authenticate",
        "429" | "503" => "Retry-After",
        _ => return,
    };
    response.headers.insert(header.to_owned(), RefOr::T(Header::default()));
}

/// `post_auth_login`: what programs that are made of the document call it.
fn name(method: &str, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method.to_lowercase(), |name, word| format!("{name}_{word}"))
}
