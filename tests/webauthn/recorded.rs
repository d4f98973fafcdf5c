//! What real authenticators answered, as recorded in the tests of `py_webauthn`, with its verdict.

use std::collections::BTreeMap;

use portcullis::passkey::{PasskeyKind, RelyingParty};
use serde_json::Value;

use crate::ceremony::{assert, compare, decoded, earlier_registration, register, relying_party, stored, vectors};

/// Where our verdict is another than the one recorded, and what of it the refusal names.
const DIFFERENCES: &[(&str, &str)] = &[
    // Ed25519 is not asked for: `webauthn-rs` cannot check it.
    ("01 authentication", "ED25519 and ED448 keys are not supported"),
    ("02 authentication", "ED25519 and ED448 keys are not supported"),
    ("09 authentication", "ED25519 and ED448 keys are not supported"),
    ("30 registration", "ED25519 and ED448 keys are not supported"),
    // ML-DSA, with parameters of its own for this ceremony: not asked for either.
    ("20 registration", "invalid cryptographic algorithm"),
    ("21 registration", "invalid cryptographic algorithm"),
    ("22 registration", "invalid cryptographic algorithm"),
    // Refused there because the maker's certificate is not among those that the test trusts. Here no maker is trusted more
    // than another, and none is asked for.
    ("13 registration", ""),
    // Token binding has gone from browsers and from the standard: what is said of it is not read. The one accepted there
    // says it as a text, which it never was.
    ("27 registration", "JSON parser"),
    ("28 registration", ""),
    // In the other alphabet of base64, or padded: not what `toJSON()` makes.
    ("31 registration", "malformed: attestationObject"),
    ("32 registration", "malformed: clientDataJSON"),
    ("33 registration", "malformed: clientDataJSON"),
    // Signed by a TPM with SHA-1.
    ("34 registration", "insecure cryptographic routines"),
];

/// How many bytes of an authenticator's data come before its flags.
const FLAGS_AT: usize = 32;

#[test]
fn wa_2_recorded_ceremonies_get_the_verdict_recorded_but_for_the_differences_listed() {
    let file = vectors("webauthn-peers/py_webauthn_ceremonies.json");
    let (mut found, mut listed) = (BTreeMap::new(), BTreeMap::new());
    for ceremony in file["ceremonies"].as_array().unwrap() {
        let name = format!("{:02} {}", ceremony["id"].as_u64().unwrap(), ceremony["kind"].as_str().unwrap());
        let origin = match &ceremony["origin"] {
            Value::Array(origins) => origins.last().unwrap().as_str().unwrap(),
            origin => origin.as_str().unwrap(),
        };
        let party = relying_party(ceremony["rp_id"].as_str().unwrap(), origin);
        let refusal = match ceremony["kind"].as_str().unwrap() {
            "registration" => register_recorded(&party, ceremony),
            _ => assert_recorded(&party, origin, ceremony),
        };
        found.insert(name.clone(), (refusal.is_none(), refusal.unwrap_or_default()));
        listed.insert(name, ceremony["result"] == "valid");
    }
    assert_eq!(found.len(), 34);
    compare(&found, &listed, DIFFERENCES);
}

fn kind(ceremony: &Value) -> PasskeyKind {
    let verified = ceremony["require_user_verification"].as_bool().unwrap();
    if verified { PasskeyKind::Passkey } else { PasskeyKind::SecurityKey }
}

fn register_recorded(party: &RelyingParty, ceremony: &Value) -> Option<String> {
    let challenge = ceremony["challenge"].as_str().unwrap();
    register(party, kind(ceremony), challenge, ceremony["credential"].clone()).err().map(|refusal| refusal.to_string())
}

fn assert_recorded(party: &RelyingParty, origin: &str, ceremony: &Value) -> Option<String> {
    let credential = &ceremony["credential"];
    let flags = decoded(credential["response"]["authenticatorData"].as_str().unwrap())[FLAGS_AT];
    let cose = decoded(ceremony["public_key_cose"].as_str().unwrap());
    let (rp_id, id) = (ceremony["rp_id"].as_str().unwrap(), credential["id"].as_str().unwrap());
    // Present, verified, and as far from its device as at the assertion.
    let flags = flags & !(1 << 7) | 1;
    let (challenge, registration) = earlier_registration(rp_id, origin, id, &cose, flags);
    let registered = match register(party, kind(ceremony), challenge, registration) {
        Ok(registered) => registered,
        Err(refusal) => return Some(format!("its key: {refusal}")),
    };
    let mut key = stored(registered);
    key.sign_count = u32::try_from(ceremony["stored_sign_count"].as_u64().unwrap()).unwrap();
    let challenge = ceremony["challenge"].as_str().unwrap();
    // What it knew its user by is not ours, and not signed.
    let mut credential = credential.clone();
    credential["response"]["userHandle"] = Value::Null;
    assert(party, challenge, credential, &key).err().map(|refusal| refusal.to_string())
}
