//! `/password-strength`: what the service makes of a new password, told as soon as its field is left.

use ::axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{form::Form, page, visit::Visit};
use crate::{error::Error, http::Problem, password::OwnWords};

/// What the script of the page shows.
#[derive(Serialize)]
struct Verdict {
    /// Whether it would be taken.
    good: bool,
    /// What to say of it.
    text: String,
}

/// Answers with a verdict, or with nothing where there is none: it is a courtesy, and the form says it in any case.
pub(super) async fn judge(visit: Visit, mut form: Form) -> Response {
    let typed = form.text("password");
    let words = ["username", "email", "name"].map(|field| form.text(field));
    let words = words.iter().fold(OwnWords::default(), |words, text| words.and(text));
    let verdict = match visit.accounts.judge_password(&typed, words, &visit.device).await {
        Ok(()) => Verdict { good: true, text: page::in_words("password_good", &visit) },
        Err(Error::InvalidFields(errors)) => {
            let texts: Vec<_> = errors.iter().map(|error| page::in_words(error.code, &visit)).collect();
            Verdict { good: false, text: texts.join(" ") }
        }
        Err(error) => return Problem::from(error).head().into_response(),
    };
    Json(verdict).into_response()
}
