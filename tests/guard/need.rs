//! Scopes, roles and ways of authenticating, in one expression, and what a client is told that lacks some of it.

use http::StatusCode;
use portcullis::{
    clock::SystemClock,
    guard::{Denied, Need, RouteRule},
};
use proptest::prelude::*;

use crate::support::{get, get_as, guard, principal, send};

/// The status, the challenge without its realm, and what the document says beyond its code.
async fn answer(rule: RouteRule, token: &str) -> (u16, String, String) {
    let guard = guard().default_rule(rule).build().unwrap();
    let response = send(&guard, get_as(token, "/")).await;
    if response.status() == StatusCode::OK {
        return (200, String::new(), String::new());
    }
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    let challenge = challenge.strip_prefix(r#"Bearer realm="restricted", error="#).unwrap();
    let lacking = response.body().split_once(r#"","code":""#).unwrap().1;
    (response.status().as_u16(), challenge.to_owned(), lacking.to_owned())
}

fn text(status: u16, challenge: &str, lacking: &str) -> (u16, String, String) {
    (status, challenge.to_owned(), lacking.to_owned())
}

#[tokio::test]
async fn a_role_is_asked_for_and_its_lack_is_told() {
    let ok = text(200, "", "");
    assert_eq!(answer(RouteRule::role("editor"), "editor").await, ok);
    assert_eq!(answer(RouteRule::any_role(["admin", "editor"]), "editor").await, ok);
    assert_eq!(
        answer(RouteRule::role("admin"), "editor").await,
        text(
            403,
            r#""insufficient_scope", error_description="needs roles: admin""#,
            r#"insufficient_scope","roles":["admin"]}"#
        )
    );
    assert_eq!(
        answer(RouteRule::scopes(["a"]).and(RouteRule::role("admin")), "editor").await,
        text(
            403,
            r#""insufficient_scope", scope="a", error_description="needs roles: admin""#,
            r#"insufficient_scope","scopes":["a"],"roles":["admin"]}"#
        )
    );
    assert_eq!(answer(RouteRule::role("Editor"), "editor").await.0, 403);
    assert_eq!(answer(RouteRule::role("edit"), "editor").await.0, 403);
}

#[tokio::test]
async fn a_way_of_authenticating_is_asked_for_by_a_challenge() {
    assert_eq!(answer(RouteRule::amr("hwk"), "guest").await.0, 200);
    assert_eq!(
        answer(RouteRule::amr("hwk"), "editor").await,
        text(
            401,
            r#""insufficient_user_authentication", error_description="needs amr: hwk""#,
            r#"insufficient_user_authentication","amr":["hwk"]}"#
        )
    );
    assert_eq!(
        answer(RouteRule::amr("hwk").and(RouteRule::second_factor()), "editor").await,
        text(
            401,
            r#""insufficient_user_authentication", acr_values="aal2", error_description="needs amr: hwk""#,
            r#"insufficient_user_authentication","acr_values":"aal2","amr":["hwk"]}"#
        )
    );
    // Authenticating again would not help one who lacks a role as well.
    assert_eq!(answer(RouteRule::amr("hwk").and(RouteRule::role("admin")), "editor").await.0, 403);
}

#[tokio::test]
async fn what_is_barred_is_refused_without_saying_more() {
    let rule = || RouteRule::needs(Need::role("editor") & !Need::role("guest"));
    assert_eq!(answer(rule(), "editor").await.0, 200);
    assert_eq!(
        answer(RouteRule::needs(!Need::role("guest")), "guest").await,
        text(403, r#""insufficient_scope""#, r#"insufficient_scope"}"#)
    );
    assert_eq!(answer(rule(), "guest").await.0, 403);
    let not_by_password = RouteRule::needs(!Need::amr("pwd"));
    assert_eq!(answer(not_by_password.clone(), "guest").await.0, 200);
    assert_eq!(answer(not_by_password, "editor").await.0, 401);
}

#[tokio::test]
async fn a_stranger_is_told_nothing_of_what_would_be_needed() {
    let guard = guard().default_rule(RouteRule::role("admin").and(RouteRule::scopes(["a"]))).build().unwrap();
    let response = send(&guard, get("/")).await;
    assert_eq!(response.headers()["www-authenticate"], r#"Bearer realm="restricted""#);
    assert!(!response.body().contains("admin"));
}

#[tokio::test]
async fn a_name_cannot_break_out_of_the_challenge_or_the_document() {
    let (status, challenge, lacking) = answer(RouteRule::role("a\"b\\c\u{7}d"), "editor").await;
    assert_eq!(status, 403);
    assert_eq!(challenge, r#""insufficient_scope", error_description="needs roles: abcd""#);
    assert_eq!(lacking, r#"insufficient_scope","roles":["a\"b\\c\u0007d"]}"#);
}

#[test]
fn of_a_choice_the_first_that_is_met_is_named_else_the_first() {
    let principal = principal("x", &["b"], None, "aal1");
    let denied = |need| match RouteRule::needs(need).check(&principal, &SystemClock) {
        Err(Denied::Scope { required, roles }) => (required.to_string(), roles.join(" ")),
        other => panic!("{other:?}"),
    };
    let scope = Need::scope;
    assert_eq!(denied(scope("a") | scope("c")), ("a".to_owned(), String::new()));
    assert_eq!(denied((scope("a") | scope("b")) & Need::role("r")), ("b".to_owned(), "r".to_owned()));
    assert_eq!(denied((scope("a") & scope("c")) | scope("d")), ("a c".to_owned(), String::new()));
}

#[test]
fn needs_are_written_out() {
    let (a, b, c) = (Need::scope("a"), Need::role("b"), Need::amr("c"));
    assert_eq!((a.clone() & b.clone() & c.clone()).to_string(), "scope a and role b and amr c");
    assert_eq!((!(a.clone() & (b.clone() | !c))).to_string(), "not scope a or (not role b and amr c)");
    assert_eq!((a.clone() | a.clone()).to_string(), "scope a");
    assert_eq!(Need::any([]).to_string(), "nobody");
    assert_eq!(Need::all([]).to_string(), "everyone");
    let rule = RouteRule::needs(a & b).and(RouteRule::fresh(std::time::Duration::from_mins(10)));
    assert_eq!(rule.and(RouteRule::second_factor()).to_string(), "scope a, role b, fresh 600s, second factor");
}

/// An expression over three scopes, and what it comes to if the first so many bits say which of them are held.
#[derive(Clone, Debug)]
enum Expression {
    Scope(usize),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

const NAMES: [&str; 3] = ["a", "b", "c"];

impl Expression {
    fn need(&self) -> Need {
        match self {
            Self::Scope(index) => Need::scope(NAMES[*index]),
            Self::Not(inner) => !inner.need(),
            Self::And(one, two) => one.need() & two.need(),
            Self::Or(one, two) => one.need() | two.need(),
        }
    }

    fn holds(&self, held: usize) -> bool {
        match self {
            Self::Scope(index) => held >> index & 1 == 1,
            Self::Not(inner) => !inner.holds(held),
            Self::And(one, two) => one.holds(held) && two.holds(held),
            Self::Or(one, two) => one.holds(held) || two.holds(held),
        }
    }
}

fn expressions() -> impl Strategy<Value = Expression> {
    (0..3_usize).prop_map(Expression::Scope).prop_recursive(4, 16, 2, |inner| {
        let pair = (inner.clone(), inner.clone()).prop_map(|(one, two)| (Box::new(one), Box::new(two)));
        prop_oneof![
            inner.prop_map(|inner| Expression::Not(Box::new(inner))),
            pair.clone().prop_map(|(one, two)| Expression::And(one, two)),
            pair.prop_map(|(one, two)| Expression::Or(one, two)),
        ]
    })
}

proptest! {
    #[test]
    fn needs_follow_boolean_algebra(expression in expressions()) {
        let rule = RouteRule::needs(expression.need());
        for held in 0..8 {
            let scopes: Vec<_> = (0..3).filter(|index| held >> index & 1 == 1).map(|index| NAMES[index]).collect();
            let principal = principal("x", &scopes, None, "aal1");
            prop_assert_eq!(rule.check(&principal, &SystemClock).is_ok(), expression.holds(held));
            prop_assert_eq!(expression.need().is_met_by(&principal), expression.holds(held));
        }
    }
}
