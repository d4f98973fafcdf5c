//! How a token is written: one way only.

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use portcullis::jwt::{Algorithm, SigningKey, TokenErrorKind, VerifyingKey, jws};
use proptest::prelude::*;
use serde_json::json;

use super::support::{
    ALL, claims, claims_with, encode, header, header_with, key, kind, ring, seal, signature, token, verifier,
    with_claims, with_header,
};

const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn hs256() -> &'static SigningKey {
    key(Algorithm::Hs256)
}

fn good(key: &SigningKey) -> String {
    token(key, &header(key).to_string(), &claims().to_string())
}

#[test]
fn jwt_6_a_token_has_exactly_three_segments() {
    let good = good(hs256());
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
    let shapes = [
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        header.into(),
        format!("{header}.{payload}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{header}.{payload}.{payload}.{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("Bearer {good}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{good}="),
        json!({ "protected": header, "payload": payload, "signature": signature }).to_string(),
        json!({ "payload": payload, "signatures": [{ "protected": header, "signature": signature }] }).to_string(),
    ];
    for shape in shapes {
        assert!(verifier(ring(Algorithm::Hs256)).verify(&shape).is_err(), "{shape}");
        assert!(jws::verify(&shape, hs256().verifying_key()).is_err(), "{shape}");
    }
    assert!(verifier(ring(Algorithm::Hs256)).verify(&good).is_ok());
}

#[test]
fn jwt_6_header_and_claims_are_objects_and_nothing_else() {
    for text in ["", "[]", "null", "1", "\"x\"", "{", "{}{}", "{}x", "\u{feff}{}", "{'a':1}", "{\"a\":1,}"] {
        assert_eq!(with_header(text).unwrap_err(), TokenErrorKind::BadHeader, "{text}");
        assert_eq!(with_claims(text).unwrap_err(), TokenErrorKind::BadClaims, "{text}");
    }
    let broken = [b"{\"sub\":\"".as_slice(), &[0xff], b"\"}"].concat();
    let segments = format!("{}.{}", encode(header(hs256()).to_string()), encode(broken));
    let refused = kind(&verifier(ring(Algorithm::Hs256)), &seal(hs256(), &segments));
    assert_eq!(refused, Some(TokenErrorKind::BadClaims), "not UTF-8");
}

/// The segment with its unused low bits set to `bits`, or none if it has no unused bits or they are as they were.
fn with_unused_bits(segment: &str, bits: usize) -> Option<String> {
    let unused = match segment.len() % 4 {
        2 => 4,
        3 => 2,
        _ => return None,
    };
    let (rest, last) = segment.split_at(segment.len() - 1);
    let value = ALPHABET.find(last)?;
    let changed = (value >> unused << unused) | (bits % (1 << unused));
    (changed != value).then(|| format!("{rest}{}", &ALPHABET[changed..=changed]))
}

proptest! {
    #[test]
    fn jwt_6_an_unused_bit_that_is_set_is_refused(padding in 0..12_usize, bits in 1..16_usize, place in 0..3_usize) {
        let key = hs256();
        let header = encode(header_with(key, "x", json!("x".repeat(padding))));
        let payload = encode(claims_with("x", json!("x".repeat(padding))));
        let sealed = seal(key, &format!("{header}.{payload}"));
        let last = sealed.rsplit('.').next().unwrap();
        let forged = match place {
            0 => with_unused_bits(&header, bits).map(|header| seal(key, &format!("{header}.{payload}"))),
            1 => with_unused_bits(&payload, bits).map(|payload| seal(key, &format!("{header}.{payload}"))),
            _ => with_unused_bits(last, bits).map(|last| format!("{header}.{payload}.{last}")),
        };
        if let Some(forged) = forged {
            prop_assert_eq!(kind(&verifier(ring(Algorithm::Hs256)), &forged), Some(TokenErrorKind::Malformed));
        }
        prop_assert!(verifier(ring(Algorithm::Hs256)).verify(&sealed).is_ok());
    }

    #[test]
    fn jwt_6_a_character_outside_the_alphabet_is_refused(
        foreign in any::<char>().prop_filter("foreign", |c| !ALPHABET.contains(*c)),
        at in any::<prop::sample::Index>(),
        place in 0..3_usize,
    ) {
        let key = hs256();
        let insert = |segment: &str| {
            let (before, after) = segment.split_at(at.index(segment.len() + 1));
            format!("{before}{foreign}{after}")
        };
        let (header, payload) = (encode(header(key).to_string()), encode(claims().to_string()));
        let forged = match place {
            0 => seal(key, &format!("{}.{payload}", insert(&header))),
            1 => seal(key, &format!("{header}.{}", insert(&payload))),
            _ => {
                let segments = format!("{header}.{payload}");
                format!("{segments}.{}", insert(&encode(signature(key, segments.as_bytes()))))
            }
        };
        prop_assert!(verifier(ring(Algorithm::Hs256)).verify(&forged).is_err());
        prop_assert!(jws::verify(&forged, key.verifying_key()).is_err());
    }

    #[test]
    fn no_text_panics(text in any::<String>(), segments in prop::collection::vec(any::<Vec<u8>>(), 0..5)) {
        let encoded = segments.iter().map(encode).collect::<Vec<_>>().join(".");
        for token in [text.as_str(), &encoded] {
            prop_assert!(verifier(ring(Algorithm::Hs256)).verify(token).is_err());
            prop_assert!(jws::verify(token, hs256().verifying_key()).is_err());
        }
        prop_assert!(VerifyingKey::from_jwk(&text).is_err());
        prop_assert!(VerifyingKey::from_pem(&text).is_err());
        prop_assert!(VerifyingKey::from_der(text.as_bytes()).is_err());
        prop_assert!(SigningKey::from_pem(&text).is_err());
        prop_assert!(SigningKey::from_pkcs8_der(text.as_bytes()).is_err());
    }

    #[test]
    fn no_signed_json_panics(header in ".{0,60}", claims in "[\\[\\]{}:,\"0-9a-e.+-]{0,40}", value in ".{0,30}") {
        let key = hs256();
        let sealed = token(key, &header, &claims);
        prop_assert!(verifier(ring(Algorithm::Hs256)).verify(&sealed).is_err());
        for name in ["iss", "aud", "exp", "scope", "roles", "gen", "x"] {
            let claims = claims_with(name, serde_json::from_str(&claims).unwrap_or_else(|_| json!(value)));
            let _ = verifier(ring(Algorithm::Hs256)).verify(&token(key, &super::support::header(key).to_string(), &claims));
        }
    }

    #[test]
    fn any_changed_bit_is_refused(byte in any::<prop::sample::Index>(), bit in 0..7_u32) {
        static GOOD: LazyLock<[(Algorithm, String); 4]> = LazyLock::new(|| ALL.map(|each| (each, good(key(each)))));
        for (algorithm, good) in GOOD.iter() {
            let mut bytes = good.clone().into_bytes();
            let at = byte.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(verifier(ring(*algorithm)).verify(str::from_utf8(&bytes).unwrap()).is_err());
        }
    }
}

#[test]
fn jwt_7_duplicate_claims_are_refused() {
    let good = claims().to_string();
    let good = good.strip_suffix('}').unwrap();
    let twice = [
        r#""sub":"u1""#,
        r#""sub":"root""#,
        r#""\u0073ub":"root""#,
        r#""exp":9999999999"#,
        r#""scope":"a","scope":"admin""#,
        r#""x":1,"x":1"#,
        r#""x":{"y":1,"y":1}"#,
        r#""x":[[{"y":{"z":1,"\u007a":2}}]]"#,
    ];
    for member in twice {
        assert_eq!(with_claims(&format!("{good},{member}}}")), Err(TokenErrorKind::BadClaims), "{member}");
    }
    assert!(with_claims(&format!("{good},\"x\":1,\"y\":{{\"x\":1}}}}")).is_ok());
}

#[test]
fn jwt_13_an_es256_signature_is_64_bytes_and_not_der() {
    let key = key(Algorithm::Es256);
    let segments = format!("{}.{}", encode(header(key).to_string()), encode(claims().to_string()));
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key.export()).unwrap();
    let der = pair.sign(&SystemRandom::new(), segments.as_bytes()).unwrap().as_ref().to_vec();
    let right = signature(key, segments.as_bytes());
    let padded = [&[0], &right[..32], &[0], &right[32..]].concat();
    let wrong =
        [der, padded, [right.clone(), vec![0]].concat(), right[..63].to_vec(), vec![0; 64], vec![], vec![0xff; 64]];
    for signature in wrong {
        let refused = kind(&verifier(ring(Algorithm::Es256)), &format!("{segments}.{}", encode(signature)));
        assert_eq!(refused, Some(TokenErrorKind::BadSignature));
    }
    assert!(verifier(ring(Algorithm::Es256)).verify(&format!("{segments}.{}", encode(right))).is_ok());
}

#[test]
fn jwt_16_size_is_capped_before_anything_is_decoded() {
    let good = good(hs256());
    assert_eq!(kind(&verifier(ring(Algorithm::Hs256)), &"?".repeat(1 << 20)), Some(TokenErrorKind::TooLarge));
    assert_eq!(kind(&verifier(ring(Algorithm::Hs256)), &"?".repeat(8 * 1024)), Some(TokenErrorKind::Malformed));
    assert_eq!(kind(&verifier(ring(Algorithm::Hs256)), &"?".repeat(8 * 1024 + 1)), Some(TokenErrorKind::TooLarge));
    assert!(verifier(ring(Algorithm::Hs256)).max_size(good.len()).verify(&good).is_ok());
    assert!(verifier(ring(Algorithm::Hs256)).max_size(good.len() - 1).verify(&good).is_err());
    assert!(jws::verify(&"?".repeat(1 << 20), hs256().verifying_key()).is_err());
}

#[test]
fn jwt_16_deep_nesting_does_not_overflow_the_stack() {
    let verifier = verifier(ring(Algorithm::Hs256)).max_size(1 << 24);
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(1_000_000);
        let in_header = token(hs256(), &format!("{{\"x\":{deep}"), "{}");
        assert_eq!(kind(&verifier, &in_header), Some(TokenErrorKind::BadHeader));
        for name in ["x", "aud", "roles", "exp"] {
            let in_claims = token(hs256(), &header(hs256()).to_string(), &format!("{{\"{name}\":{deep}"));
            assert_eq!(kind(&verifier, &in_claims), Some(TokenErrorKind::BadClaims));
        }
    }
}
