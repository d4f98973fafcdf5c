//! People who open a page of a service without being logged in: sent to the login page, and back.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use ::axum::http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{ACCEPT, AUTHORIZATION, CACHE_CONTROL, HeaderMap, LOCATION, VARY},
};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::guard::{Rejection, RejectionKind};

/// Where people show who they are.
pub(super) const LOGIN: &str = "/login";

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// A layer around a guard that answers people with the way to the login page where the guard would answer them 401. The
/// page leads back to where they were going. Programs get the guard's answer.
///
/// ```
/// # #[cfg(all(feature = "pages", feature = "sqlite"))]
/// # fn app(auth: &portcullis::Portcullis) -> axum::Router {
/// use axum::routing::get;
/// use portcullis::{axum::GuardedRouter, guard::RouteRule};
///
/// GuardedRouter::<()>::new()
///     .route("/notes", get(async || "the notes"), RouteRule::authenticated())
///     .guard(auth.guard())
///     .layer(auth.send_to_login())
///     .merge(auth.pages())
///     .into_router()
/// # }
/// ```
///
/// Who is a person is told by what browsers send when someone opens a page: `Sec-Fetch-Mode: navigate`, or where that is
/// not sent, that HTML is accepted. Whoever sent a token is none.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SendToLogin;

impl<S> Layer<S> for SendToLogin {
    type Service = SendsToLogin<S>;

    fn layer(&self, inner: S) -> SendsToLogin<S> {
        SendsToLogin { inner }
    }
}

/// The service that [`SendToLogin`] makes of another.
#[derive(Clone, Debug)]
pub struct SendsToLogin<S> {
    inner: S,
}

impl<S, B, ResBody> Service<Request<B>> for SendsToLogin<S>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    ResBody: Default,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = SendsToLoginFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let page = is_opened_by_a_person(&request).then(|| request.uri().clone());
        SendsToLoginFuture { answer: self.inner.call(request), page }
    }
}

pin_project! {
    /// Resolves to the answer of the service, or to the way to the login page.
    #[derive(Debug)]
    pub struct SendsToLoginFuture<F> {
        #[pin]
        answer: F,
        page: Option<Uri>,
    }
}

impl<F, ResBody, E> Future for SendsToLoginFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    ResBody: Default,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let answer = ready!(this.answer.poll(cx))?;
        let rejection = answer.extensions().get::<Rejection>();
        let way = rejection.zip(this.page.take()).and_then(|(rejection, page)| way_to_show(rejection, &page));
        let Some(way) = way else { return Poll::Ready(Ok(answer)) };
        let mut response = Response::new(ResBody::default());
        *response.status_mut() = StatusCode::SEE_OTHER;
        let headers = response.headers_mut();
        headers.insert(LOCATION, way);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(answer.headers().get(VARY).cloned().map(|vary| (VARY, vary)));
        Poll::Ready(Ok(response))
    }
}

/// The page on which to show who one is, and back to this one. `None` where another login would not help.
pub(super) fn way_to_show(rejection: &Rejection, back: &Uri) -> Option<HeaderValue> {
    match rejection.kind() {
        RejectionKind::Unauthenticated | RejectionKind::InvalidToken => way_to(LOGIN, back),
        RejectionKind::InsufficientUserAuthentication { .. } => way_to("/reauthenticate", back),
        _ => None,
    }
}

/// A page, and back to this one.
pub(super) fn way_to(page: &str, back: &Uri) -> Option<HeaderValue> {
    let back = back.path_and_query().map_or("/", |path| path.as_str());
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", back).finish();
    HeaderValue::try_from(format!("{page}?{query}")).ok()
}

/// Whether this is what a browser sends when someone opens a page.
pub(super) fn is_opened_by_a_person<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    matches!(*request.method(), Method::GET | Method::HEAD)
        && !headers.contains_key(AUTHORIZATION)
        && match headers.get(SEC_FETCH_MODE) {
            Some(mode) => mode == "navigate",
            None => accepts_html(headers),
        }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|list| list.split(',')).any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("text/html")
    })
}
