//! Rules about the resource that a path names, and about who comes in person.

use std::{future::Ready, future::ready};

use http::{Method, StatusCode};
use portcullis::{
    CredentialKind, Identity, Principal,
    clock::{SystemClock, Timestamp},
    guard::{AuthError, AuthLayer, Authenticate, Credential, Denied, Level, RouteRule, RuleErrorKind},
};

use crate::support::{count, get_as};

/// Lets everyone in with the roles that stand in the token, and commas between them would not fit into one.
struct Roles;

impl Authenticate for Roles {
    type Future = Ready<Result<Principal, AuthError>>;

    fn authenticate(&self, credential: Credential<'_>) -> Self::Future {
        let Credential::Bearer(token) = credential else { return ready(Err(AuthError::invalid("unknown kind"))) };
        ready(Ok(principal(token.split('+').map(str::to_owned).collect(), CredentialKind::AccessToken)))
    }
}

fn principal(roles: Vec<String>, credential: CredentialKind) -> Principal {
    Principal::new(Identity {
        id: "ada".to_owned(),
        name: None,
        email: None,
        scopes: ["notes:read"].into_iter().collect(),
        roles,
        session: None,
        amr: Vec::new(),
        acr: None,
        auth_time: Some(Timestamp::from_secs(0)),
        expires_at: Timestamp::from_secs(0),
        credential,
    })
}

#[tokio::test]
async fn az_2_a_member_passes_for_the_resource_in_the_path_alone() {
    let layer = AuthLayer::builder(Roles)
        .rule(Method::GET, "/lists/{id}", RouteRule::member("list", "id", Level::Manager))
        .rule(Method::GET, "/teams/{team}/lists/{id}", RouteRule::member("list", "id", "owner"))
        .build()
        .unwrap();
    let both = "list-42-manager+list-7-owner";
    for (token, path, expected) in [
        (both, "/lists/42", 200),
        (both, "/lists/42?id=7", 200),
        (both, "/lists/42/", 200),
        (both, "/lists/7", 403),
        (both, "/lists/7/", 403),
        (both, "/lists/420", 403),
        (both, "/teams/42/lists/7", 200),
        (both, "/teams/7/lists/42", 403),
        ("list-42-member", "/lists/42", 403),
        ("List-42-manager", "/lists/42", 403),
        ("group-42-manager", "/lists/42", 403),
        // Every way of writing a path that another could read as another one.
        (both, "/lists/4%32", 403),
        (both, "/l%69sts/42", 403),
        (both, "//lists/42", 403),
        (both, "/x/../lists/42", 403),
        (both, "/lists/42;x", 403),
        (both, "/lists/42/../43", 403),
        (both, "/lists\\42", 403),
    ] {
        let (answer, _) = count(&layer, get_as(token, path)).await;
        assert_eq!(answer.status().as_u16(), expected, "{token} {path}");
    }
}

#[test]
fn a_rule_that_names_no_segment_of_its_pattern_is_refused() {
    let member = || RouteRule::member("list", "id", Level::Member);
    for pattern in ["/lists", "/lists/{other}", "/lists/{*id}", "/lists/x{id}"] {
        let built = AuthLayer::builder(Roles).rule(Method::GET, pattern, member()).build();
        assert_eq!(built.unwrap_err().kind(), &RuleErrorKind::NoSuchParameter, "{pattern}");
    }
    let built = AuthLayer::builder(Roles).default_rule(member()).build();
    assert_eq!(built.unwrap_err().kind(), &RuleErrorKind::NoSuchParameter);
}

#[tokio::test]
async fn a_rule_without_a_pattern_lets_nobody_pass() {
    let rule = RouteRule::member("list", "id", Level::Public);
    let layer = AuthLayer::new(Roles).with_rule(rule.clone());
    let (answer, calls) = count(&layer, get_as("list-42-public", "/lists/42")).await;
    assert_eq!((answer.status(), calls), (StatusCode::FORBIDDEN, 0));
    let ada = principal(vec!["list-42-public".to_owned()], CredentialKind::AccessToken);
    assert!(matches!(rule.check(&ada, &SystemClock), Err(Denied::Scope { .. })));
    assert_eq!(rule.to_string(), "role list-{id}-public");
}

#[test]
fn ak_2_a_key_is_no_person() {
    let check = |rule: RouteRule, kind| rule.check(&principal(Vec::new(), kind), &SystemClock);
    for kind in [CredentialKind::AccessToken, CredentialKind::SessionCookie] {
        assert_eq!(check(RouteRule::in_person(), kind), Ok(()));
    }
    let key = CredentialKind::ApiKey;
    let refused = Denied::Authentication { max_age: None, second_factor: false, amr: Vec::new() };
    assert_eq!(check(RouteRule::in_person(), key), Err(refused.clone()));
    assert_eq!(check(RouteRule::in_person().and(RouteRule::scopes(["notes:read"])), key), Err(refused));
    assert_eq!(check(RouteRule::authenticated(), key), Ok(()));
    let lacking = check(RouteRule::in_person().and(RouteRule::scopes(["notes:write"])), key);
    assert!(matches!(lacking, Err(Denied::Scope { .. })), "logging in would not help");
    assert_eq!(RouteRule::in_person().and(RouteRule::optional()), RouteRule::in_person());
    assert_eq!(RouteRule::in_person().to_string(), "in person");
}
