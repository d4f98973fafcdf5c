//! Vectors that others wrote: Wycheproof and the RFCs.

use std::{env, fs, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::jwt::{KeyRing, VerifyingKey, jws};
use serde_json::{Value, json};

fn read(path: &str) -> Value {
    let folder = env::var("PORTCULLIS_VECTORS").expect("PORTCULLIS_VECTORS has to name the folder of public vectors");
    let path = Path::new(&folder).join(path);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// A key of Wycheproof's JWK file, by the comment of its group.
pub(crate) fn wycheproof_key(comment: &str) -> Value {
    let file = read("wycheproof/json_web_key_test.json");
    let group = file["testGroups"].as_array().unwrap().iter().find(|group| group["comment"] == comment).unwrap();
    group["public"]["keys"][0].clone()
}

/// Whether the key, or the key of the set that the token means, has signed the token.
fn accepts(key: &Value, token: &str) -> bool {
    let key = if key.get("keys").is_some() {
        let header = token.split('.').next().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).unwrap_or_default();
        let header: Value = serde_json::from_slice(&header).unwrap_or_default();
        KeyRing::from_jwk_set(&key.to_string()).ok().and_then(|keys| keys.find(header["kid"].as_str()).cloned())
    } else {
        VerifyingKey::from_jwk(&key.to_string()).ok()
    };
    key.is_some_and(|key| jws::verify(token, &key).is_ok())
}

/// The rows of a Wycheproof file that are JWS, with the key to check them with, and whether they are called valid.
fn rows(file: &Value) -> impl Iterator<Item = (u64, &Value, String, bool)> {
    file["testGroups"].as_array().unwrap().iter().flat_map(|group| {
        let key = group.get("public").unwrap_or(&group["private"]);
        group["tests"].as_array().unwrap().iter().filter_map(move |row| {
            let token = match row.get("jws")? {
                Value::String(compact) => compact.clone(),
                json_serialization => json_serialization.to_string(),
            };
            Some((row["tcId"].as_u64().unwrap(), key, token, row["result"] == "valid"))
        })
    })
}

/// Whether a key is for one of the four algorithms at all: what is not is refused, however right.
fn is_supported(key: &Value) -> bool {
    let key = key.get("keys").map_or(key, |keys| &keys[0]);
    ["HS256", "RS256", "ES256", "EdDSA"].iter().any(|name| key["alg"] == *name)
}

#[test]
fn jwt_13_wycheproof_signatures() {
    /// Rows that are labelled wrongly upstream (C2SP/wycheproof#236), with what a right verifier says.
    const DEFECTS: [(u64, bool, &str); 8] = [
        (346, false, "labelled valid: a PS384 token under a key that says PS256"),
        (350, false, "labelled valid: a PS384 token under a key that says PS256"),
        (347, false, "labelled valid: the key says ES521, an algorithm that does not exist"),
        (351, false, "labelled valid: the key says ES521, an algorithm that does not exist"),
        (367, true, "labelled invalid: byte for byte the same as 357, which is valid"),
        (370, true, "labelled invalid: byte for byte the same as 357, which is valid"),
        (372, false, "labelled valid: has a question mark, which is not base64url, in the header"),
        (373, false, "labelled valid: has a question mark, which is not base64url, in the payload"),
    ];
    let file = read("wycheproof/json_web_signature_test.json");
    let (mut seen, mut accepted) = (0, 0);
    for (id, key, token, valid) in rows(&file) {
        let defect = DEFECTS.iter().find(|(row, ..)| *row == id);
        let expected = defect.map_or(valid && is_supported(key), |(_, right, _)| *right);
        assert_eq!(accepts(key, &token), expected, "row {id}");
        assert!(defect.is_none_or(|(_, right, _)| *right != valid), "row {id} was put right upstream");
        seen += 1;
        accepted += u32::from(expected);
    }
    assert_eq!((seen, accepted), (401, 20));
}

#[test]
fn jwt_11_wycheproof_keys() {
    let file = read("wycheproof/json_web_key_test.json");
    let mut seen = 0;
    for (id, key, token, valid) in rows(&file) {
        assert_eq!(accepts(key, &token), valid && is_supported(key), "row {id}");
        seen += 1;
    }
    assert_eq!(seen, 26);
}

#[test]
fn jwt_6_wycheproof_mixed_forms() {
    let file = read("wycheproof/json_web_crypto_test.json");
    let mut seen = 0;
    for (id, key, token, valid) in rows(&file) {
        assert_eq!(accepts(key, &token), valid, "row {id}");
        seen += 1;
    }
    assert_eq!(seen, 49);
}

/// The key that a vector gives with its private part, as a verifier would be given it.
fn public(key: &Value) -> Value {
    let mut key = key.clone();
    if let Some(members) = key.as_object_mut() {
        members.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
    }
    key
}

#[test]
fn jwt_18_the_examples_of_rfc_7515_and_rfc_8037() {
    let file = read("jose-rfc/rfc7515_rfc8037.json");
    let any = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode([7; 32]) });
    let mut accepted = Vec::new();
    for row in file["tests"].as_array().unwrap() {
        let token = row["compact"].as_str().or(row["json"].as_str()).unwrap();
        let key = if row["key"].is_null() { any.clone() } else { public(&row["key"]) };
        if accepts(&key, token) {
            assert_eq!(row["result"], "valid", "{}", row["source"]);
            accepted.push(row["alg"].as_str().unwrap());
        }
    }
    assert_eq!(accepted, ["HS256", "RS256", "ES256", "EdDSA"], "all but ES512, which is not one of the four");
}

#[test]
fn jwt_5_the_examples_of_rfc_7520_and_rfc_7797() {
    let accepted = ["curve25519_jws", "jws_4_1.rsa_v15_signature", "jws_4_4.hmac-sha2_integrity_protection"];
    let refused = [
        ("jws_4_2.rsa-pss_signature", "PS384 is not one of the four"),
        ("jws_4_3.ecdsa_signature", "ES512 is not one of the four"),
        ("jws_4_5.signature_with_detached_content", "the payload is elsewhere"),
        ("rfc7797_hmac-sha2_b64_false", "b64"),
        ("rfc7797_4.2.hmac-sha2_b64_false", "b64, and only in JSON"),
        ("jws_4_6.protecting_specific_header_fields", "only in JSON"),
        ("jws_4_7.protecting_content_only", "only in JSON"),
        ("jws_4_8.multiple_signatures", "only in JSON"),
    ];
    let rows = accepted.map(|name| (name, "")).into_iter().chain(refused);
    for (name, reason) in rows {
        let file = read(&format!("jose-rfc/rfc7520/{name}.json"));
        let keys = match &file["input"]["key"] {
            Value::Array(keys) => keys.iter().map(public).collect(),
            key => vec![public(key)],
        };
        let forms = file["output"].as_object().unwrap().values();
        let tokens: Vec<_> = forms.map(|form| form.as_str().map_or_else(|| form.to_string(), str::to_owned)).collect();
        let is_accepted = keys.iter().any(|key| tokens.iter().any(|token| accepts(key, token)));
        assert_eq!(is_accepted, reason.is_empty(), "{name} {reason}");
    }
    for name in ["jwk_3_1.ec_public_key", "jwk_3_2.ec_private_key", "jwk_3_4.rsa_private_key"] {
        let key = read(&format!("jose-rfc/rfc7520/{name}.json"));
        assert!(VerifyingKey::from_jwk(&key.to_string()).is_err(), "{name}: P-521, or private");
    }
    for name in ["jwk_3_3.rsa_public_key", "jwk_3_5.symmetric_key_mac_computation"] {
        let key = read(&format!("jose-rfc/rfc7520/{name}.json"));
        assert!(VerifyingKey::from_jwk(&key.to_string()).is_ok(), "{name}");
    }
}

#[test]
fn the_thumbprint_of_rfc_8037() {
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let key = VerifyingKey::from_jwk(&key.to_string()).unwrap();
    assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn the_thumbprint_of_rfc_7638() {
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o\
             knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu\
             6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awa\
             pJzKnqDKgw";
    let key = json!({ "kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256" });
    let key = VerifyingKey::from_jwk(&key.to_string()).unwrap();
    assert_eq!(key.kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}
