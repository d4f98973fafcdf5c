//! What was sent from a form of this service.

use std::borrow::Cow;

use ::axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header::CONTENT_TYPE},
};

use super::origin;
use crate::http::{problem::Problem, state::AppState};

/// The fields of a form. One that was sent twice is none.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let mut named = self.0.extract_if(.., |(key, _)| key == name);
        let value = named.next().map(|(_, value)| value);
        if named.next().is_some() { None } else { value }
    }
}

impl FromRequest<AppState> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        if !origin::is_own(request.headers(), &state.accounts().config().public_url.to_string()) {
            let detail = "this form was not sent from a page of this service";
            return Err(Problem::new(StatusCode::FORBIDDEN, "cross_origin", detail));
        }
        let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let detail = "the body must be application/x-www-form-urlencoded";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|_| Problem::invalid_request("the body could not be read"))?;
        Ok(Self(form_urlencoded::parse(&body).map(owned).collect()))
    }
}

fn owned((key, value): (Cow<'_, str>, Cow<'_, str>)) -> (String, String) {
    (key.into_owned(), value.into_owned())
}
