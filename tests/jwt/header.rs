//! What a header may say.

use std::{io::ErrorKind, net::TcpListener};

use portcullis::jwt::{Algorithm, SigningKey, TokenErrorKind, jws};
use serde_json::{Value, json};

use super::support::{claims, copy, header, header_with, key, kind, public_ring, ring, token, verifier, with_header};

fn es256() -> &'static SigningKey {
    key(Algorithm::Es256)
}

#[test]
fn jwt_3_a_key_that_a_token_brings_along_is_not_used() {
    let forger = SigningKey::generate(Algorithm::Es256).unwrap();
    let brought = forger.verifying_key().public_jwk().unwrap();
    for kid in [es256().kid(), forger.kid()] {
        let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid, "jwk": brought });
        let token = token(&forger, &header.to_string(), &claims().to_string());
        assert_eq!(kind(&verifier(ring(Algorithm::Es256)), &token), Some(TokenErrorKind::ForbiddenHeader));
    }
}

#[test]
fn jwt_3_nothing_a_token_points_at_is_fetched() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys.json", listener.local_addr().unwrap());
    for (name, value) in [("jku", json!(url)), ("x5u", json!(url)), ("x5c", json!(["MIIB"])), ("jwk", json!(url))] {
        assert_eq!(with_header(&header_with(es256(), name, value)), Err(TokenErrorKind::ForbiddenHeader), "{name}");
    }
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn jwt_4_any_crit_is_refused() {
    let variants = [
        json!([]),
        json!("exp"),
        json!({}),
        json!(null),
        json!(["alg"]),
        json!(["exp", "exp"]),
        json!(["missing"]),
        json!(["http://example.com/UNDEFINED"]),
    ];
    for crit in variants {
        let mut header = header(es256());
        header["http://example.com/UNDEFINED"] = json!(true);
        header["exp"] = json!(1);
        assert!(with_header(&header.to_string()).is_ok());
        header["crit"] = crit.clone();
        assert_eq!(with_header(&header.to_string()), Err(TokenErrorKind::ForbiddenHeader), "{crit}");
    }
}

#[test]
fn jwt_5_b64_is_refused() {
    for value in [json!(false), json!(true)] {
        assert_eq!(with_header(&header_with(es256(), "b64", value)), Err(TokenErrorKind::ForbiddenHeader));
    }
    let mut header = header(es256());
    header["b64"] = json!(false);
    header["crit"] = json!(["b64"]);
    assert_eq!(with_header(&header.to_string()), Err(TokenErrorKind::ForbiddenHeader));
}

#[test]
fn compressed_encrypted_and_nested_tokens_are_refused() {
    for (name, value) in [("zip", "DEF"), ("enc", "A128GCM"), ("cty", "JWT"), ("cty", "jwt")] {
        assert_eq!(with_header(&header_with(es256(), name, json!(value))), Err(TokenErrorKind::ForbiddenHeader));
    }
}

#[test]
fn jwt_7_duplicate_header_members_are_refused() {
    let kid = es256().kid();
    let good = format!(r#"{{"typ":"at+jwt","alg":"ES256","kid":"{kid}""#);
    assert!(with_header(&format!("{good}}}")).is_ok());
    let twice = [
        r#""alg":"ES256""#,
        r#""\u0061lg":"ES256""#,
        r#""typ":"at+jwt""#,
        r#""kid":"other""#,
        r#""x":1,"x":1"#,
        r#""x":1,"\u0078":2"#,
        r#""x":{"y":1,"y":2}"#,
        r#""x":[{"y":[{"z":1,"z":1}]}]"#,
    ];
    for member in twice {
        assert_eq!(with_header(&format!("{good},{member}}}")), Err(TokenErrorKind::BadHeader), "{member}");
    }
}

#[test]
fn jwt_10_only_an_access_token_passes() {
    for typ in ["at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "Application/AT+jwt"] {
        assert!(with_header(&header_with(es256(), "typ", json!(typ))).is_ok(), "{typ}");
    }
    let others =
        ["JWT", "jwt", "", "refresh+jwt", "at+jwt ", "application/jwt", "x/at+jwt", "logout+jwt", "at+jwt;v=1"];
    for typ in others {
        let refused = with_header(&header_with(es256(), "typ", json!(typ)));
        assert_eq!(refused, Err(TokenErrorKind::WrongType), "{typ}");
    }
    let mut untyped = header(es256());
    untyped.as_object_mut().unwrap().remove("typ");
    assert_eq!(with_header(&untyped.to_string()), Err(TokenErrorKind::WrongType));
    for typ in [json!(null), json!(["at+jwt"]), json!(1)] {
        assert_eq!(with_header(&header_with(es256(), "typ", typ)), Err(TokenErrorKind::BadHeader));
    }
}

#[test]
fn jwt_10_the_bare_check_accepts_what_is_no_access_token() {
    let token = token(es256(), r#"{"alg":"ES256"}"#, "anything");
    assert_eq!(jws::verify(&token, es256().verifying_key()).unwrap(), b"anything");
    assert_eq!(kind(&verifier(ring(Algorithm::Es256)), &token), Some(TokenErrorKind::WrongType));
}

#[test]
fn jwt_12_a_kid_is_only_ever_looked_up() {
    let long = "k".repeat(256);
    for kid in ["../../dev/null", "x' UNION SELECT '1';--", "|sleep 10", "", "\u{0}", &long] {
        let refused = with_header(&header_with(es256(), "kid", json!(kid)));
        assert_eq!(refused, Err(TokenErrorKind::UnknownKey), "{kid}");
    }
    let mistyped: [Value; 5] = [json!(null), json!([es256().kid()]), json!({}), json!(7), json!("k".repeat(257))];
    for kid in mistyped {
        assert_eq!(with_header(&header_with(es256(), "kid", kid)), Err(TokenErrorKind::BadHeader));
    }
    let huge = token(es256(), &header_with(es256(), "kid", json!("k".repeat(1 << 20))), "{}");
    assert_eq!(kind(&verifier(ring(Algorithm::Es256)), &huge), Some(TokenErrorKind::TooLarge));
    assert_eq!(kind(&verifier(ring(Algorithm::Es256)).max_size(1 << 22), &huge), Some(TokenErrorKind::BadHeader));
}

#[test]
fn jwt_12_without_a_kid_only_a_single_key_can_be_meant() {
    let mut header = header(es256());
    header.as_object_mut().unwrap().remove("kid");
    let token = token(es256(), &header.to_string(), &claims().to_string());
    assert!(verifier(ring(Algorithm::Es256)).verify(&token).is_ok());
    assert_eq!(kind(&verifier(public_ring()), &token), Some(TokenErrorKind::UnknownKey));
}

#[test]
fn jwt_12_the_kid_of_another_key_does_not_open_this_one() {
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let keys = portcullis::jwt::KeyRing::new([copy(&other), copy(es256())]).unwrap();
    let token = token(es256(), &header_with(es256(), "kid", json!(other.kid())), &claims().to_string());
    assert_eq!(kind(&verifier(keys), &token), Some(TokenErrorKind::BadSignature));
}
