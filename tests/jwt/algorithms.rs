//! The algorithm is the key's own.

use base64::{Engine, engine::general_purpose::STANDARD};
use portcullis::jwt::{Algorithm, TokenErrorKind, VerifyingKey, jws};
use serde_json::{Value, json};

use super::support::{
    ALL, claims, encode, header, header_with, hmac_with, key, kind, public_ring, ring, seal, token, verifier,
};

#[test]
fn each_algorithm_signs_and_verifies() {
    for algorithm in ALL {
        let key = key(algorithm);
        let token = token(key, &header(key).to_string(), &claims().to_string());
        assert_eq!(verifier(ring(algorithm)).verify(&token).unwrap().sub, "u1", "{algorithm}");
    }
}

#[test]
fn jwt_1_a_token_signed_by_another_family_is_refused() {
    for meant in ALL {
        for signer in ALL.into_iter().filter(|signer| *signer != meant) {
            for named in [meant, signer] {
                let mut header = header(key(meant));
                header["alg"] = json!(named.as_str());
                let token = token(key(signer), &header.to_string(), &claims().to_string());
                let refused = kind(&verifier(ring(meant)), &token).unwrap();
                let expected =
                    if named == meant { TokenErrorKind::BadSignature } else { TokenErrorKind::WrongAlgorithm };
                assert_eq!(refused, expected, "{meant} {signer} {named}");
            }
        }
    }
}

#[test]
fn jwt_1_no_form_of_a_public_key_is_an_hmac_secret() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        let key = key(algorithm);
        for secret in forms(&key.verifying_key().public_jwk().unwrap()) {
            for name in ["HS256", algorithm.as_str()] {
                let segments =
                    format!("{}.{}", encode(header_with(key, "alg", json!(name))), encode(claims().to_string()));
                let token = format!("{segments}.{}", encode(hmac_with(&secret, segments.as_bytes())));
                assert!(verifier(public_ring()).verify(&token).is_err(), "{algorithm} {name}");
                assert!(jws::verify(&token, key.verifying_key()).is_err(), "{algorithm} {name}");
            }
        }
    }
}

/// The public key as an attacker might find it: JWK, its parts, DER, PEM with and without surroundings, OpenSSH.
pub(crate) fn forms(jwk: &Value) -> Vec<Vec<u8>> {
    let part = |name: &str| jwk[name].as_str().map(decode).unwrap_or_default();
    let (raw, info) = match jwk["kty"].as_str().unwrap() {
        "EC" => {
            let point = [vec![4], part("x"), part("y")].concat();
            let info = [hex("3059301306072a8648ce3d020106082a8648ce3d030107034200"), point.clone()].concat();
            (point, info)
        }
        "OKP" => (part("x"), [hex("302a300506032b6570032100"), part("x")].concat()),
        _ => (part("n"), rsa_info(&part("n"), &part("e"))),
    };
    assert!(VerifyingKey::from_der(&info).is_ok(), "the DER is right");
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&info));
    assert!(VerifyingKey::from_pem(&pem).is_ok(), "the PEM is right");
    vec![
        jwk.to_string().into_bytes(),
        format!(" {pem}").into_bytes(),
        pem.trim_end().as_bytes().to_vec(),
        format!("ssh-key {} me@here", STANDARD.encode(&raw)).into_bytes(),
        pem.into_bytes(),
        raw,
        info,
        Vec::new(),
    ]
}

fn rsa_info(n: &[u8], e: &[u8]) -> Vec<u8> {
    let key = der(0x30, &[der(2, &[&[0], n].concat()), der(2, e)].concat());
    let kind = hex("300d06092a864886f70d0101010500");
    der(0x30, &[kind, der(3, &[vec![0], key].concat())].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = if content.len() < 128 { vec![tag, length[1]] } else { vec![tag, 0x82, length[0], length[1]] };
    [head, content.to_vec()].concat()
}

fn hex(digits: &str) -> Vec<u8> {
    digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn decode(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap()
}

#[test]
fn jwt_2_none_does_not_exist() {
    for algorithm in ALL {
        let key = key(algorithm);
        for name in ["none", "None", "NONE", "nOnE", "", "hs256", "es256", "eddsa"] {
            let segments = format!("{}.{}", encode(header_with(key, "alg", json!(name))), encode(claims().to_string()));
            let junk = format!("{segments}.{}", encode("junk"));
            for token in [format!("{segments}."), junk, seal(key, &segments)] {
                assert_eq!(kind(&verifier(ring(algorithm)), &token), Some(TokenErrorKind::WrongAlgorithm), "{name}");
            }
        }
    }
}

#[test]
fn jwt_2_a_header_without_an_algorithm_is_refused() {
    let key = key(Algorithm::Es256);
    for header in [json!({ "typ": "at+jwt", "kid": key.kid() }), json!({ "typ": "at+jwt", "alg": ["ES256"] })] {
        let token = token(key, &header.to_string(), &claims().to_string());
        assert_eq!(kind(&verifier(ring(Algorithm::Es256)), &token), Some(TokenErrorKind::BadHeader));
    }
}

#[test]
fn jwt_18_ed25519_is_another_name_of_eddsa() {
    let key = key(Algorithm::EdDsa);
    let with = |name: &str| token(key, &header_with(key, "alg", json!(name)), &claims().to_string());
    for name in ["EdDSA", "Ed25519"] {
        assert!(verifier(ring(Algorithm::EdDsa)).verify(&with(name)).is_ok(), "{name}");
    }
    for name in ["Ed448", "ed25519", "EDDSA"] {
        assert_eq!(
            kind(&verifier(ring(Algorithm::EdDsa)), &with(name)),
            Some(TokenErrorKind::WrongAlgorithm),
            "{name}"
        );
    }
}
