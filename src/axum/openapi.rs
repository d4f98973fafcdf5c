//! What a document of OpenAPI says of security, taken from the rules that hold.

use http::Method;
use utoipa::openapi::{
    OpenApi,
    path::{Operation, PathItem},
    security::SecurityRequirement,
};

use super::stated::StatedRule;
use crate::guard::RouteRule;

/// States for every operation of the document that has a rule what the rule asks, in place of what was stated there.
///
/// `scheme` names one of the document's security schemes. Scopes are named with it; where a rule leaves a choice, every
/// way to meet it is listed. A public operation has an empty list, an optional one can also be used without. What else
/// a rule asks, such as a second factor, OpenAPI has no words for. Operations without a rule stay as they are.
///
/// It is there with the feature `openapi`, and with `accounts` and `axum` together.
///
/// ```
/// use axum::routing::get;
/// use portcullis::{axum::{GuardedRouter, describe_security}, guard::RouteRule};
/// use utoipa::OpenApi;
///
/// #[utoipa::path(get, path = "/reports", responses((status = 200)))]
/// async fn reports() {}
///
/// #[derive(OpenApi)]
/// #[openapi(paths(reports))]
/// struct Document;
///
/// let router = GuardedRouter::<()>::new().route("/reports", get(reports), RouteRule::scopes(["reports:read"]));
/// let mut document = Document::openapi();
/// describe_security(&mut document, "bearer", router.rules());
/// let document = serde_json::to_value(&document)?;
/// assert_eq!(document["paths"]["/reports"]["get"]["security"], serde_json::json!([{"bearer": ["reports:read"]}]));
/// # Ok::<_, serde_json::Error>(())
/// ```
pub fn describe_security(document: &mut OpenApi, scheme: &str, rules: &[StatedRule]) {
    for (path, item) in &mut document.paths.paths {
        let here: Vec<_> = rules.iter().filter(|stated| shape(stated.path()) == shape(path)).collect();
        for (method, operation) in operations(item) {
            if let Some(rule) = rule(&here, &method) {
                operation.security = Some(requirements(scheme, rule));
            }
        }
    }
}

/// The operations there are, with their methods.
pub(crate) fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::HEAD, &mut item.head),
        (Method::DELETE, &mut item.delete),
        (Method::OPTIONS, &mut item.options),
        (Method::PATCH, &mut item.patch),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::TRACE, &mut item.trace),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// The rule for a method: its own, else that of `GET` for `HEAD`, else that of a route that takes every method.
fn rule<'a>(rules: &[&'a StatedRule], method: &Method) -> Option<&'a RouteRule> {
    let stated = |method: Option<&Method>| rules.iter().find(|stated| stated.method() == method);
    let followed = || (method == Method::HEAD).then_some(&Method::GET).and_then(|get| stated(Some(get)));
    stated(Some(method)).or_else(followed).or_else(|| stated(None)).map(|stated| stated.rule())
}

fn requirements(scheme: &str, rule: &RouteRule) -> Vec<SecurityRequirement> {
    if rule.is_public() {
        return Vec::new();
    }
    let with_credential = ways(rule).into_iter().map(|scopes| SecurityRequirement::new(scheme, scopes));
    let without = rule.is_optional().then(SecurityRequirement::default);
    without.into_iter().chain(with_credential).collect()
}

/// The sets of scopes each of which is enough: one scope out of every choice.
fn ways(rule: &RouteRule) -> Vec<Vec<String>> {
    rule.scope_choices().iter().fold(vec![Vec::new()], |ways, choice| {
        let with = |scope: &str| -> Vec<Vec<String>> {
            ways.iter().map(|way| way.iter().cloned().chain([scope.to_owned()]).collect()).collect()
        };
        choice.iter().flat_map(with).collect()
    })
}

/// A path without the names of its parameters, which the document and the router may give differently.
fn shape(path: &str) -> String {
    let mut depth = 0_usize;
    path.chars()
        .filter(|char| match char {
            '{' => {
                depth += 1;
                depth == 1
            }
            '}' => {
                depth = depth.saturating_sub(1);
                depth == 0
            }
            _ => depth == 0,
        })
        .collect()
}
