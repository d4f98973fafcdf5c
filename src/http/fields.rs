//! Reading a JSON body field by field, so that one answer names every field that is not as it must be.

use ::axum::{
    body::Bytes,
    extract::{FromRequest, OptionalFromRequest, Request},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE},
    },
};
use serde_json::{Map, Value};

use super::problem::Problem;
use crate::{Error, FieldError, jwt::strict::Strict};

/// The members of a JSON object, and what was found wrong with them so far. Unknown members are ignored.
#[derive(Debug, Default)]
pub(super) struct Fields {
    members: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// A text that must be there. If it is not, that is noted and the text is empty.
    pub(super) fn text(&mut self, field: &'static str) -> String {
        self.text_of(field, &[field])
    }

    /// A text that must be there under one of these names; the first is the one that errors name.
    pub(super) fn text_of(&mut self, field: &'static str, names: &[&str]) -> String {
        match names.iter().find_map(|name| self.present(name)) {
            Some(Value::String(text)) => text,
            Some(_) => self.reject(field, "wrong_type"),
            None => self.reject(field, "missing"),
        }
    }

    /// A text that may be absent or null.
    pub(super) fn optional_text(&mut self, field: &'static str) -> Option<String> {
        match self.present(field)? {
            Value::String(text) => Some(text),
            _ => Some(self.reject(field, "wrong_type")),
        }
    }

    /// An object that may be absent or null. If it is something else, that is noted and it is empty.
    #[cfg(feature = "webauthn")]
    pub(super) fn object(&mut self, field: &'static str) -> Option<Value> {
        let value = self.present(field)?;
        if value.is_object() {
            return Some(value);
        }
        self.reject(field, "wrong_type");
        Some(Value::Object(Map::new()))
    }

    /// A switch that may be absent or null, which is off.
    pub(super) fn switch(&mut self, field: &'static str) -> bool {
        match self.present(field) {
            Some(Value::Bool(on)) => on,
            Some(_) => {
                self.reject(field, "wrong_type");
                false
            }
            None => false,
        }
    }

    /// A switch that may be absent or null, which is neither on nor off.
    pub(super) fn optional_switch(&mut self, field: &'static str) -> Option<bool> {
        let switch = self.present(field)?;
        if !switch.is_boolean() {
            self.reject(field, "wrong_type");
        }
        switch.as_bool()
    }

    /// A whole number that may be absent or null, and is not negative.
    pub(super) fn optional_number(&mut self, field: &'static str) -> Option<u64> {
        let number = self.present(field)?;
        if number.as_u64().is_none() {
            self.reject(field, "wrong_type");
        }
        number.as_u64()
    }

    /// A list of texts that must be there.
    pub(super) fn texts(&mut self, field: &'static str) -> Vec<String> {
        let list = self.present(field);
        let missing = if list.is_none() { "missing" } else { "wrong_type" };
        let texts = list.and_then(|list| serde_json::from_value(list).ok());
        texts.unwrap_or_else(|| {
            self.reject(field, missing);
            Vec::new()
        })
    }

    /// A list of texts that may be absent or null, and then has nothing in it.
    pub(super) fn optional_texts(&mut self, field: &'static str) -> Vec<String> {
        if self.members.get(field).is_none_or(Value::is_null) { Vec::new() } else { self.texts(field) }
    }

    /// Ends the reading: the outcome of what was made of the fields, unless a field was missing or of the wrong type.
    /// Then everything found wrong is told at once.
    pub(super) fn finish<T>(mut self, outcome: Result<T, Error>) -> Result<T, Error> {
        if self.errors.is_empty() {
            return outcome;
        }
        if let Err(Error::InvalidFields(more)) = outcome {
            let is_new = |error: &FieldError| self.errors.iter().all(|known| known.field != error.field);
            let more: Vec<_> = more.into_iter().filter(is_new).collect();
            self.errors.extend(more);
        }
        Err(Error::InvalidFields(self.errors))
    }

    /// Whether there is a member of this name.
    #[cfg(feature = "webauthn")]
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    fn present(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    fn reject(&mut self, field: &'static str, code: &'static str) -> String {
        self.errors.push(FieldError { field, code });
        String::new()
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "the body must be application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
        }
        if states_too_much(request.headers()) {
            return Err(Problem::too_large());
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| Problem::unreadable(&rejection))?;
        // A member that is there twice has two readings, and the other one may have been checked elsewhere.
        match serde_json::from_slice(&body).map(|Strict(body)| body) {
            Ok(Value::Object(members)) => Ok(Self { members, errors: Vec::new() }),
            Ok(_) => Err(Problem::invalid_request("the body must be a JSON object")),
            Err(_) => Err(Problem::invalid_request("the body is not valid JSON")),
        }
    }
}

/// Two fields at once: what is wrong with either is told together.
pub(crate) fn both<A, B>(a: Result<A, Error>, b: Result<B, Error>) -> Result<(A, B), Error> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(Error::InvalidFields(mut errors)), Err(Error::InvalidFields(more))) => {
            errors.extend(more);
            Err(Error::InvalidFields(errors))
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// A body that may be left out: there is none if the request states neither its type nor its length.
impl<S: Send + Sync> OptionalFromRequest<S> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        let length = request.headers().get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
        let is_absent = matches!(length, None | Some(b"0")) && !request.headers().contains_key(CONTENT_TYPE);
        if is_absent { Ok(None) } else { <Self as FromRequest<S>>::from_request(request, state).await.map(Some) }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let media_type = only.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

/// Whether the body is said to be too large, so that nobody need wait for it to come.
fn states_too_much(headers: &HeaderMap) -> bool {
    let stated = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    stated.is_some_and(|length| length > super::BODY_LIMIT)
}
