//! What claims have to say.

use std::time::Duration;

use portcullis::{
    clock::Timestamp,
    jwt::{Algorithm, TokenErrorKind},
    revocation::{Revocation, RevocationSet, Target},
};
use serde_json::{Value, json};

use super::support::{
    AUDIENCE, ISSUER, NOW, claims, claims_with, clock_at, header, key, kind, ring, token, verifier, with_claims,
};

fn without(name: &str) -> String {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims.to_string()
}

fn signed(claims: &str) -> String {
    let key = key(Algorithm::Es256);
    token(key, &header(key).to_string(), claims)
}

#[test]
fn jwt_8_what_must_be_there_is_there() {
    for name in ["iss", "aud", "sub", "exp", "iat"] {
        assert_eq!(with_claims(&without(name)), Err(TokenErrorKind::MissingClaim), "{name}");
    }
    assert_eq!(with_claims(&claims_with("sub", json!(""))), Err(TokenErrorKind::MissingClaim));
}

#[test]
fn jwt_8_client_id_and_jti_may_be_absent() {
    for name in ["client_id", "jti"] {
        assert!(with_claims(&claims_with(name, json!("x"))).is_ok(), "{name}");
        assert!(with_claims(&without(name)).is_ok(), "{name}");
    }
}

#[test]
fn jwt_8_a_token_is_good_until_just_before_exp_plus_leeway() {
    let token = signed(&claims().to_string());
    let exp = NOW + 900;
    let at = |seconds, leeway| {
        let verifier = verifier(ring(Algorithm::Es256)).clock(clock_at(seconds)).leeway(Duration::from_secs(leeway));
        kind(&verifier, &token)
    };
    for leeway in [0, 5, 60] {
        let end = exp + i64::try_from(leeway).unwrap();
        assert_eq!(at(end - 1, leeway), None);
        assert_eq!(at(end, leeway), Some(TokenErrorKind::Expired));
        assert_eq!(at(end + 1, leeway), Some(TokenErrorKind::Expired));
    }
    assert_eq!(at(exp + 59, 3600), None, "leeway is never more than a minute");
    assert_eq!(at(exp + 60, 3600), Some(TokenErrorKind::Expired), "leeway is never more than a minute");
    let default = |seconds| kind(&verifier(ring(Algorithm::Es256)).clock(clock_at(seconds)), &token);
    assert_eq!((default(exp + 4), default(exp + 5)), (None, Some(TokenErrorKind::Expired)), "5 seconds by default");
}

#[test]
fn jwt_8_nbf_and_iat_are_not_in_the_future_beyond_leeway() {
    for (name, refused) in [("nbf", TokenErrorKind::NotYetValid), ("iat", TokenErrorKind::IssuedInFuture)] {
        assert!(with_claims(&claims_with(name, json!(NOW))).is_ok());
        assert!(with_claims(&claims_with(name, json!(NOW + 5))).is_ok());
        assert_eq!(with_claims(&claims_with(name, json!(NOW + 6))), Err(refused));
    }
    assert_eq!(with_claims(&claims_with("iat", json!(99_999_999_999_i64))), Err(TokenErrorKind::IssuedInFuture));
}

#[test]
fn jwt_8_times_are_numbers_in_range() {
    let wrong = [
        "\"1800000900\"",
        "true",
        "null",
        "-1",
        "-0.5",
        "1e300",
        "253402300800",
        "18446744073709551615",
        "[1]",
        "{}",
        "[]",
    ];
    for name in ["exp", "nbf", "iat", "auth_time"] {
        for value in wrong {
            let text = claims_with(name, json!("placeholder")).replace("\"placeholder\"", value);
            assert_eq!(with_claims(&text), Err(TokenErrorKind::BadClaims), "{name} {value}");
        }
        for value in ["1e999", "NaN", "01", "0x10"] {
            let text = claims_with(name, json!("placeholder")).replace("\"placeholder\"", value);
            assert_eq!(with_claims(&text), Err(TokenErrorKind::BadClaims), "{name} {value}");
        }
    }
    let fraction = with_claims(&claims_with("exp", json!(900.5 + 1_800_000_000.0))).unwrap();
    assert_eq!(fraction.exp, Timestamp::from_millis((NOW + 900) * 1000 + 500));
    let exponent = claims_with("auth_time", json!("placeholder")).replace("\"placeholder\"", "1.8e9");
    assert_eq!(with_claims(&exponent).unwrap().auth_time, Some(Timestamp::from_secs(NOW)));
}

#[test]
fn jwt_8_a_token_that_lives_too_long_is_refused() {
    let long = signed(&claims_with("exp", json!(NOW + 86_401)));
    assert_eq!(kind(&verifier(ring(Algorithm::Es256)), &long), Some(TokenErrorKind::LivesTooLong));
    assert!(with_claims(&claims_with("exp", json!(NOW + 86_400))).is_ok());
    let short = verifier(ring(Algorithm::Es256)).max_lifetime(Duration::from_secs(899));
    assert_eq!(kind(&short, &signed(&claims().to_string())), Some(TokenErrorKind::LivesTooLong));
}

#[test]
fn jwt_9_the_issuer_is_this_very_string() {
    let wrong = ["https://id.example/", "HTTPS://id.example", "https://id.exampl", "e", "", "https://id.example.evil"];
    for iss in wrong {
        assert_eq!(with_claims(&claims_with("iss", json!(iss))), Err(TokenErrorKind::WrongIssuer), "{iss}");
    }
    for iss in [json!([ISSUER]), json!(["https://evil.example", ISSUER]), json!(null), json!({})] {
        assert_eq!(with_claims(&claims_with("iss", iss)), Err(TokenErrorKind::BadClaims));
    }
}

#[test]
fn jwt_9_the_audience_names_the_verifier() {
    for aud in [json!(AUDIENCE), json!([AUDIENCE]), json!(["other", AUDIENCE])] {
        assert!(with_claims(&claims_with("aud", aud)).is_ok());
    }
    for aud in [json!([]), json!(""), json!("other"), json!(["other"]), json!("note"), json!("Notes"), json!("notes/")]
    {
        assert_eq!(with_claims(&claims_with("aud", aud)), Err(TokenErrorKind::WrongAudience));
    }
    for aud in [json!(5), json!(null), json!([AUDIENCE, 5]), json!([[AUDIENCE]]), json!({ "notes": 1 })] {
        assert_eq!(with_claims(&claims_with("aud", aud)), Err(TokenErrorKind::BadClaims));
    }
    let two = verifier(ring(Algorithm::Es256)).audience("other");
    assert!(two.verify(&signed(&claims_with("aud", json!("other")))).is_ok());
    assert!(two.verify(&signed(&claims().to_string())).is_ok());
}

#[test]
fn other_claims_of_the_wrong_type_are_refused() {
    let wrong: [(&str, Value); 9] = [
        ("sub", json!(7)),
        ("jti", json!(null)),
        ("sid", json!(["s"])),
        ("gen", json!(1.5)),
        ("scope", json!(["admin"])),
        ("roles", json!("admin")),
        ("amr", json!([1])),
        ("email_verified", json!("true")),
        ("name", json!({})),
    ];
    for (name, value) in wrong {
        assert_eq!(with_claims(&claims_with(name, value)), Err(TokenErrorKind::BadClaims), "{name}");
    }
}

#[test]
fn every_claim_is_read() {
    let mut all = claims();
    all["nbf"] = json!(NOW);
    all["jti"] = json!("j");
    all["sid"] = json!("s");
    all["gen"] = json!(3);
    all["client_id"] = json!("c");
    all["scope"] = json!("notes:read notes:write");
    all["roles"] = json!(["writer"]);
    all["amr"] = json!(["pwd", "otp"]);
    all["acr"] = json!("aal2");
    all["auth_time"] = json!(NOW - 10);
    all["name"] = json!("Ada");
    all["email"] = json!("ada@example.org");
    all["email_verified"] = json!(true);
    all["tenant"] = json!({ "id": [1, -2, 2.5, null, true, "x"] });
    let read = with_claims(&all.to_string()).unwrap();
    assert_eq!(read.extra["tenant"], all["tenant"]);
    assert_eq!((read.generation, read.jti.as_deref(), read.client_id.as_deref()), (Some(3), Some("j"), Some("c")));
    assert_eq!(serde_json::to_value(&read).unwrap(), all, "and written again as it was");

    let principal = verifier(ring(Algorithm::Es256)).principal(&signed(&all.to_string())).unwrap();
    assert_eq!((principal.id(), principal.name(), principal.email()), ("u1", Some("Ada"), Some("ada@example.org")));
    assert!(principal.scopes().contains("notes:write") && principal.has_role("writer"));
    assert_eq!((principal.session(), principal.acr()), (Some("s"), Some("aal2")));
    assert_eq!(principal.auth_time(), Some(Timestamp::from_secs(NOW - 10)));
    assert_eq!(principal.expires_at(), Timestamp::from_secs(NOW + 900));
}

#[test]
fn an_email_that_was_not_verified_is_not_handed_on() {
    for verified in [json!(false), Value::Null] {
        let mut claims = claims();
        claims["email"] = json!("ada@example.org");
        if !verified.is_null() {
            claims["email_verified"] = verified;
        }
        let token = signed(&claims.to_string());
        assert_eq!(verifier(ring(Algorithm::Es256)).principal(&token).unwrap().email(), None);
        assert_eq!(verifier(ring(Algorithm::Es256)).verify_jwt(&token).unwrap().email, None);
    }
}

#[test]
fn revoked_sessions_and_generations_are_refused_at_once() {
    let revoked = RevocationSet::default();
    let verifier = verifier(ring(Algorithm::Es256)).revocations(revoked.clone());
    let mut claims = claims();
    claims["sid"] = json!("s1");
    claims["gen"] = json!(1);
    let token = signed(&claims.to_string());
    assert_eq!(kind(&verifier, &token), None);
    let until = Timestamp::from_secs(NOW + 900);
    revoked.insert(Revocation { target: Target::User { id: "u1".into(), minimum: 2 }, until });
    assert_eq!(kind(&verifier, &token), Some(TokenErrorKind::Revoked));
    claims["gen"] = json!(2);
    let newer = signed(&claims.to_string());
    assert_eq!(kind(&verifier, &newer), None);
    revoked.insert(Revocation { target: Target::Session("s1".into()), until });
    assert_eq!(kind(&verifier, &newer), Some(TokenErrorKind::Revoked));
}
