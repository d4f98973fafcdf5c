//! What a page answers: HTML, a way to another page, or trouble.

use std::collections::BTreeMap;

use ::axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{LOCATION, SET_COOKIE},
    },
    response::{Html, IntoResponse, Response},
};
use minijinja::Value;
use serde::Serialize;

use super::{
    admin::May,
    cookies::{Flash, Pre},
    visit::Visit,
};
use crate::{
    catalogue::pages::text,
    error::Error,
    flow::FlowId,
    guard::Rejection,
    http::{NotFresh, Problem, chain},
};

/// What the handler of a page answers.
pub(super) type Answer = Result<Response, Trouble>;

/// Something went wrong that no form can help: the shell answers it.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// With a page that says so.
    Problem(Box<Problem>),
    /// As where the guard does not let someone in.
    Refused(Box<Rejection>),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem.into())
    }
}

impl From<NotFresh> for Trouble {
    fn from(reason: NotFresh) -> Self {
        match reason {
            NotFresh::Denied(rejection) => Self::Refused(rejection.into()),
            NotFresh::Failed(error) => error.into(),
        }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        match &self {
            Self::Problem(problem) => {
                let mut response = problem.head().into_response();
                response.extensions_mut().insert(self);
                response
            }
            // It rides in the answer by itself.
            Self::Refused(rejection) => rejection.response(Body::empty()),
        }
    }
}

/// Something wrong with what was typed.
#[derive(Clone, Debug, Serialize)]
struct Complaint {
    /// The field it is about, if it is about one.
    field: Option<&'static str>,
    text: String,
}

/// A page in the making.
pub(super) struct Page<'a> {
    visit: &'a Visit,
    template: &'static str,
    context: BTreeMap<&'static str, Value>,
    typed: BTreeMap<&'static str, String>,
    complaints: Vec<Complaint>,
    head: (StatusCode, HeaderMap),
}

impl<'a> Page<'a> {
    pub(super) fn new(visit: &'a Visit, template: &'static str) -> Self {
        Self {
            visit,
            template,
            context: BTreeMap::new(),
            typed: BTreeMap::new(),
            complaints: Vec::new(),
            head: (StatusCode::OK, HeaderMap::new()),
        }
    }

    /// Gives the template a value.
    pub(super) fn with(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.context.insert(name, Value::from_serialize(value));
        self
    }

    /// Shows in a field what was typed into it before. Not for secrets.
    pub(super) fn typed(mut self, field: &'static str, value: impl Into<String>) -> Self {
        self.typed.insert(field, value.into());
        self
    }

    /// Has the status of this failure, which the page tells in its own words.
    pub(super) fn answering(mut self, problem: impl Into<Problem>) -> Self {
        self.head = problem.into().head();
        self
    }

    /// Says what is wrong with what was typed.
    pub(super) fn refused(mut self, problem: impl Into<Problem>) -> Self {
        let problem = problem.into();
        self.head = problem.head();
        self.complaints = match problem.errors() {
            [] => vec![Complaint { field: field_of(problem.code()), text: in_words(problem.code(), self.visit) }],
            errors => errors
                .iter()
                .map(|error| Complaint {
                    field: Some(error.field()).filter(|field| !HIDDEN.contains(field)),
                    text: in_words(error.code(), self.visit),
                })
                .collect(),
        };
        self
    }

    /// Shows the form again and says what is wrong with what was typed, unless nothing more can come of it.
    pub(super) fn again(self, error: Error) -> Result<Response, Error> {
        match error {
            Error::FlowInvalid => Err(error),
            error => Ok(self.refused(error).show()),
        }
    }

    /// Sets a cookie with it.
    pub(super) fn cookie(mut self, cookie: HeaderValue) -> Self {
        self.head.1.append(SET_COOKIE, cookie);
        self
    }

    /// Sets what is kept until there is a session.
    pub(super) fn pre(self, pre: &Pre) -> Self {
        let cookie = pre.set(self.visit.accounts.config());
        cookie.into_iter().fold(self, Self::cookie)
    }

    /// The page. What the last one had to say to it is said by that, and taken back.
    pub(super) fn show(self) -> Response {
        let Self { visit, template, mut context, typed, complaints, head: (status, mut headers) } = self;
        let flash = visit.pre.flash.as_ref();
        let said = flash.and_then(|flash| {
            let text = text(&format!("flash.{}", flash.kind))?;
            Some(text.replace("{about}", &flash.about))
        });
        if flash.is_some() && !headers.contains_key(SET_COOKIE) {
            let kept = Pre { flash: None, ..visit.pre.clone() };
            headers.extend(kept.set(visit.accounts.config()).map(|cookie| (SET_COOKIE, cookie)));
        }
        context.insert("flash", Value::from(said));
        context.insert("typed", Value::from_serialize(&typed));
        context.insert("complaints", Value::from_serialize(&complaints));
        context.insert("path", Value::from(visit.path.as_str()));
        context.insert("next_query", Value::from(visit.with_next("")));
        context.insert("administers", Value::from(May::of(visit.principal()).home()));
        context.insert("logged_in", Value::from(visit.principal().is_some()));
        match visit.pages.render(template, Value::from(context)) {
            Ok(page) => (status, headers, Html(page)).into_response(),
            Err(error) => {
                tracing::error!(template, error = %chain(&error), "a page cannot be made");
                Trouble::from(Problem::internal()).into_response()
            }
        }
    }
}

/// A way to another page.
pub(super) struct Leave<'a> {
    visit: &'a Visit,
    location: String,
    pre: Pre,
    cookies: Vec<HeaderValue>,
}

impl<'a> Leave<'a> {
    pub(super) fn new(visit: &'a Visit, location: String) -> Self {
        Self { visit, location, pre: Pre { flash: None, ..visit.pre.clone() }, cookies: Vec::new() }
    }

    /// Says something there: a text of the catalogue, under `flash.`, about this.
    pub(super) fn saying(mut self, kind: &str, about: &str) -> Self {
        self.pre.flash = Some(Flash::new(kind, about));
        self
    }

    /// Says there what was to be said here.
    pub(super) fn passing_on(mut self) -> Self {
        self.pre.flash.clone_from(&self.visit.pre.flash);
        self
    }

    /// In this flow, or in none any more.
    pub(super) fn in_flow(mut self, flow: Option<FlowId>) -> Self {
        self.pre.flow = flow;
        self
    }

    /// Sets a cookie with it.
    pub(super) fn cookie(mut self, cookie: HeaderValue) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// 303: whatever was sent here, the other page is fetched.
    pub(super) fn go(self) -> Response {
        let Self { visit, location, pre, cookies } = self;
        let Ok(location) = HeaderValue::try_from(location) else {
            return Trouble::from(Problem::internal()).into_response();
        };
        let mut response = (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
        let pre = (pre != visit.pre).then(|| pre.set(visit.accounts.config())).flatten();
        for cookie in cookies.into_iter().chain(pre) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

/// Fields that nobody sees.
const HIDDEN: [&str; 2] = ["", "webauthn_response"];

/// The field that a failure is about, as forms name it.
fn field_of(code: &str) -> Option<&'static str> {
    Some(match code {
        "invalid_credentials" => "name",
        "invalid_second_factor" => "code",
        "username_taken" => "username",
        "email_taken" => "email",
        "invalid_password" => "password",
        _ => return None,
    })
}

/// What went wrong, for people. A code that the catalogue does not know is shown as it is.
pub(super) fn in_words(code: &str, visit: &Visit) -> String {
    let min = visit.accounts.config().password_policy.min_length().to_string();
    text(&format!("error.{code}")).map_or_else(|| code.replace('_', " "), |text| text.replace("{min}", &min))
}
