//! The test vectors of WebAuthn Level 3.

use std::collections::BTreeMap;

use portcullis::passkey::PasskeyKind;
use serde_json::{Value, json};

use crate::ceremony::{assert, compare, register, relying_party, stored, vectors};

/// Where our verdict is another than the standard's, which accepts all of these, and what of it the refusal names.
const DIFFERENCES: &[(&str, &str)] = &[
    // A page inside another site's page is nowhere allowed here. The standard leaves that to the service.
    ("none-es256-crossOrigin, registration", "another site's page"),
    ("none-es256-topOrigin, registration", "another site's page"),
    // Asked to verify its holder if it can, the key did at its registration and did not later. The standard leaves that to the
    // service as well; whoever has taken the key but not its code is kept out here.
    ("packed-self-es256, authentication", "user verified bit"),
    // Asked for are ES256, ES384 and RS256. An authenticator that minds what it is asked makes no other key.
    ("packed-es512, registration", "alg that was not allowed"),
    ("packed-eddsa, registration", "ED25519 and ED448 keys are not supported"),
    ("packed-ed448, registration", "invalid cryptographic algorithm"),
    // The modulus of the example's RSA key is made of two Mersenne primes, and refused for that.
    ("packed-rs256, registration", "invalid RSA modulus"),
    // No statement of the maker is asked for, and a browser then sends none. These two send one that the library does not
    // take: it knows a TPM by its RSA keys, and Android's certificates in another order.
    ("tpm-es256, registration", "not supported by this implementation"),
    ("android-key-es256, registration", "x5c (trust root) is not valid"),
];

#[test]
fn wa_2_the_vectors_of_level_3_are_accepted_but_for_the_differences_listed() {
    let file = vectors("w3c-webauthn/webauthn-l3-vectors.json");
    let party = relying_party(file["rp_id"].as_str().unwrap(), file["origin"].as_str().unwrap());
    let mut found = BTreeMap::new();
    for vector in file["vectors"].as_array().unwrap() {
        let name = vector["section"].as_str().unwrap().trim_start_matches("sctn-test-vectors-");
        let registration = &vector["registration"];
        let id = &registration["credential_id"];
        let response = json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "clientDataJSON": registration["clientDataJSON"], "attestationObject": registration["attestationObject"],
            },
        });
        let challenge = registration["challenge"].as_str().unwrap();
        let registered = register(&party, PasskeyKind::SecurityKey, challenge, response);
        let verdict = |refusal: Option<String>| (refusal.is_none(), refusal.unwrap_or_default());
        found.insert(format!("{name}, registration"), verdict(registered.as_ref().err().map(ToString::to_string)));
        let Ok(key) = registered else { continue };
        let authentication = &vector["authentication"];
        let response = json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "clientDataJSON": authentication["clientDataJSON"], "signature": authentication["signature"],
                "authenticatorData": authentication["authenticatorData"], "userHandle": Value::Null,
            },
        });
        let asserted = assert(&party, authentication["challenge"].as_str().unwrap(), response, &stored(key));
        found.insert(format!("{name}, authentication"), verdict(asserted.err().map(|refusal| refusal.to_string())));
    }
    assert!(found.len() >= 20, "{found:?}");
    let listed = found.keys().map(|name| (name.clone(), true)).collect();
    compare(&found, &listed, DIFFERENCES);
}
