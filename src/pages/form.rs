//! What was sent from a form. That it was sent from one of this service, the shell has seen to.

use std::borrow::Cow;

use ::axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header::CONTENT_TYPE},
};

use super::{page::Trouble, state::PageState};
use crate::http::Problem;

/// The fields of a form. One that was sent twice is none.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// What was typed into a field; `None` if the form has none of this name.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let mut named = self.0.extract_if(.., |(key, _)| key == name);
        let value = named.next().map(|(_, value)| value);
        if named.next().is_some() { None } else { value }
    }

    /// What was typed into a field, perhaps nothing.
    pub(super) fn text(&mut self, name: &str) -> String {
        self.take(name).unwrap_or_default()
    }

    /// Everything that was ticked or chosen under one name.
    pub(super) fn all(&mut self, name: &str) -> Vec<String> {
        self.0.extract_if(.., |(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// Whether the form has a field of this name.
    #[cfg(feature = "webauthn")]
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Whether a box was ticked.
    pub(super) fn is_ticked(&mut self, name: &str) -> bool {
        self.take(name).is_some()
    }
}

impl FromRequest<PageState> for Form {
    type Rejection = Trouble;

    async fn from_request(request: Request, state: &PageState) -> Result<Self, Trouble> {
        let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            let detail = "the body must be application/x-www-form-urlencoded";
            return Err(Trouble::from(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                detail,
            )));
        }
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|rejection| Trouble::from(Problem::unreadable(&rejection)))?;
        Ok(Self(form_urlencoded::parse(&body).map(owned).collect()))
    }
}

fn owned((key, value): (Cow<'_, str>, Cow<'_, str>)) -> (String, String) {
    (key.into_owned(), value.into_owned())
}
