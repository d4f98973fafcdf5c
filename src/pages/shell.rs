//! What every page has around it: a form that was not sent from here is not read, a page that was asked for under another
//! name is asked for again, trouble becomes a page, and each answer has the headers that keep it to itself.
//!
//! It stands before every route of the pages, so no route can forget it.

use ::axum::{
    extract::{ConnectInfo, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode, Uri,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, LOCATION, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use minijinja::context;

use super::{
    page::Trouble,
    send_to_login::{LOGIN, is_opened_by_a_person, way_to, way_to_show},
    state::PageState,
};
use crate::{
    catalogue::pages::text,
    config::{Config, PublicUrl},
    error::Error,
    guard::Rejection,
    http::{Problem, is_from_own_page},
};

/// The headers of every answer. No page runs or shows anything from elsewhere or from within itself, sends a form
/// elsewhere, or is framed.
pub(super) fn headers(config: &Config) -> Vec<(HeaderName, HeaderValue)> {
    // It also governs where the answer to a form may lead (CSP level 3, section 6.4.2).
    let forms = config.next_origins.iter().map(ToString::to_string);
    let forms = std::iter::once("'self'".to_owned()).chain(forms).collect::<Vec<_>>().join(" ");
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
    );
    let policy = HeaderValue::try_from(policy).ok().map(|policy| (CONTENT_SECURITY_POLICY, policy));
    let https = config.public_url.is_https();
    let transport = https.then_some((STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")));
    let others = [
        // The address of a page may hold a secret. Under `no-referrer` browsers would not say where a form was sent from.
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let others = others.map(|(name, value)| (name, HeaderValue::from_static(value)));
    policy.into_iter().chain(transport).chain(others).collect()
}

/// Answers a request to a page.
pub(super) async fn around(State(state): State<PageState>, request: Request, next: Next) -> Response {
    let config = state.app.accounts().config();
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = if let Some(here) = elsewhere(&request, &state, &config.public_url) {
        here
    } else if !method.is_safe() && !is_from_own_page(request.headers(), &config.public_url.to_string()) {
        let detail = "this form was not sent from a page of this service";
        Trouble::from(Problem::new(StatusCode::FORBIDDEN, "cross_origin", detail)).into_response()
    } else {
        next.run(request).await
    };
    // What was sent is lost; the page that it was sent from is not.
    let back = if method.is_safe() { uri } else { Uri::try_from(uri.path()).unwrap_or_default() };
    if let Some(rejection) = response.extensions().get::<Rejection>().cloned() {
        response = refused(&rejection, &back, &state);
    } else if let Some(Trouble::Problem(problem)) = response.extensions().get::<Trouble>().cloned() {
        // Between the guard and the page: the guard would have said so a moment later.
        let way = (problem.code() == Error::SessionEnded.code()).then(|| way_to(LOGIN, &back)).flatten();
        response = match way {
            Some(way) => (StatusCode::SEE_OTHER, [(LOCATION, way)]).into_response(),
            None => trouble(&problem, response.headers().clone(), &state),
        };
    }
    sealed(response, &state)
}

/// Answers a path that nobody knows. It may be one of programs too, and they are not told in HTML.
pub(super) async fn nothing_here(State(state): State<PageState>, request: Request) -> Response {
    if is_opened_by_a_person(&request) {
        sealed(trouble(&Problem::nothing_here(), HeaderMap::new(), &state), &state)
    } else {
        Problem::nothing_here().into_response()
    }
}

fn sealed(mut response: Response, state: &PageState) -> Response {
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in &state.pages.inner().headers {
        headers.insert(name, value.clone());
    }
    response
}

/// Where to ask for a page that was asked for under another name of this host: cookies, passkeys and forms belong to the
/// one that is public. What a trusted proxy asks for, it may ask for under any.
fn elsewhere(request: &Request, state: &PageState, own: &PublicUrl) -> Option<Response> {
    let host = request.headers().get(HOST)?.to_str().ok()?;
    let own = own.to_string();
    let is_own = own.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host));
    let peer = request.extensions().get::<ConnectInfo<std::net::SocketAddr>>()?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if is_own || !request.method().is_safe() || state.app.addresses().trusts(peer.ip()) {
        return None;
    }
    let location = HeaderValue::try_from(format!("{own}{path}")).ok()?;
    Some((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response())
}

/// What a visitor is answered whom the guard did not let in: the way to show who they are, and back.
fn refused(rejection: &Rejection, back: &Uri, state: &PageState) -> Response {
    if let Some(way) = way_to_show(rejection, back) {
        return (StatusCode::SEE_OTHER, [(LOCATION, way)]).into_response();
    }
    let kind = rejection.kind();
    trouble(&Problem::new(kind.status(), kind.code(), kind.detail()), HeaderMap::new(), state)
}

/// A page that says what went wrong, and what to do next.
fn trouble(problem: &Problem, kept: HeaderMap, state: &PageState) -> Response {
    let of = |part: &str| text(&format!("trouble.{}.{part}", problem.code()));
    let title = of("title").or_else(|| text("trouble.other.title"));
    let words = of("text").or_else(|| text("trouble.other.text"));
    let (status, headers) = problem.head();
    let page = state.pages.render("error.html", context! { title, text => words });
    let page = page.unwrap_or_else(|error| {
        tracing::error!(%error, "the page for errors cannot be made");
        title.unwrap_or_default().to_owned()
    });
    (status, kept, headers, Html(page)).into_response()
}
