//! An assertion that is right, with any one bit of it changed.

use portcullis::passkey::PasskeyKind;
use serde_json::{Value, json};

use crate::ceremony::{assert, decoded, encoded, register, relying_party, stored, vectors};

#[test]
fn wa_2_no_bit_of_an_assertion_can_be_changed() {
    let file = vectors("w3c-webauthn/webauthn-l3-vectors.json");
    let party = relying_party(file["rp_id"].as_str().unwrap(), file["origin"].as_str().unwrap());
    let of = |vector: &&Value| vector["section"].as_str().unwrap().ends_with("none-es256");
    let vector = file["vectors"].as_array().unwrap().iter().find(of).unwrap();
    let (made, shown) = (&vector["registration"], &vector["authentication"]);
    let id = &made["credential_id"];
    let response = |members: Value| json!({"id": id, "rawId": id, "type": "public-key", "response": members});
    let challenge = made["challenge"].as_str().unwrap();
    let creation = json!({"clientDataJSON": made["clientDataJSON"], "attestationObject": made["attestationObject"]});
    let key = stored(register(&party, PasskeyKind::SecurityKey, challenge, response(creation)).unwrap());
    let challenge = shown["challenge"].as_str().unwrap();
    let right = json!({
        "clientDataJSON": shown["clientDataJSON"], "authenticatorData": shown["authenticatorData"],
        "signature": shown["signature"],
    });
    assert(&party, challenge, response(right.clone()), &key).unwrap();
    for member in ["clientDataJSON", "authenticatorData", "signature"] {
        let bytes = decoded(right[member].as_str().unwrap());
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let mut forged = right.clone();
            forged[member] = json!(encoded(&changed));
            let verdict = assert(&party, challenge, response(forged), &key);
            assert!(verdict.is_err(), "bit {bit} of {member}: {verdict:?}");
        }
    }
}
