//! A ceremony that took place elsewhere, put before a relying party of ours.

use std::{collections::BTreeMap, fs, path::PathBuf};

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::{
    account::UserId,
    clock::Timestamp,
    config::{Config, PublicUrl},
    passkey::{
        KeyResponse, Passkey, PasskeyId, PasskeyKind, PasskeyName, Refusal, RegisteredKey, Registering, RelyingParty,
        UsedKey, UserHandle,
    },
};
use serde_json::{Value, json};

/// A file of the public vectors.
pub fn vectors(path: &str) -> Value {
    let folder = std::env::var("PORTCULLIS_VECTORS")
        .expect("PORTCULLIS_VECTORS must name the folder that holds the public test vectors");
    serde_json::from_slice(&fs::read(PathBuf::from(folder).join(path)).unwrap()).unwrap()
}

/// The relying party of this id, for pages of this origin.
pub fn relying_party(rp_id: &str, origin: &str) -> RelyingParty {
    let origin: PublicUrl = origin.parse().unwrap();
    let mut config = Config::new(origin.clone());
    if origin.host() != rp_id {
        config = Config::new(format!("https://{rp_id}").parse().unwrap());
        config.webauthn_origins = vec![origin];
    }
    RelyingParty::new(&config).unwrap()
}

/// What a relying party makes of a registration with this challenge.
pub fn register(
    party: &RelyingParty,
    kind: PasskeyKind,
    challenge: &str,
    response: Value,
) -> Result<RegisteredKey, Refusal> {
    let who = Registering { handle: UserHandle::generate().unwrap(), username: "ada", name: "" };
    let asked = party.register(kind, who, &[])?;
    let tag = if kind == PasskeyKind::Passkey { "Passkey" } else { "SecurityKey" };
    let mut state: Value = serde_json::from_str(&asked.state).unwrap();
    state[tag]["rs"]["challenge"] = json!(challenge);
    party.registered(&state.to_string(), &KeyResponse::from_client(response))
}

/// What it makes of an assertion with this challenge by this key.
pub fn assert(party: &RelyingParty, challenge: &str, response: Value, key: &Passkey) -> Result<UsedKey, Refusal> {
    let asked = party.assert(std::slice::from_ref(key))?;
    let mut state: Value = serde_json::from_str(&asked.state).unwrap();
    state["Of"]["ast"]["challenge"] = json!(challenge);
    let handle = UserHandle::generate().unwrap();
    party.asserted(&state.to_string(), &KeyResponse::from_client(response), key, handle)
}

/// The key that was registered, as it is stored.
pub fn stored(key: RegisteredKey) -> Passkey {
    let now = Timestamp::from_secs(1_790_000_000);
    Passkey {
        id: PasskeyId::new(now),
        user: UserId::new(now),
        kind: key.kind,
        name: PasskeyName::parse("Key").unwrap(),
        credential_id: key.credential_id,
        public_key: key.public_key,
        sign_count: key.sign_count,
        backup_eligible: key.backup_eligible,
        backed_up: key.backed_up,
        transports: key.transports,
        created_at: now,
        last_used_at: None,
    }
}

/// A registration as it might have been of a key that only the assertions of are known.
pub fn earlier_registration(rp_id: &str, origin: &str, id: &str, cose: &[u8], flags: u8) -> (&'static str, Value) {
    const CHALLENGE: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    const AT: u8 = 1 << 6;
    let client_data = json!({"type": "webauthn.create", "challenge": CHALLENGE, "origin": origin}).to_string();
    let hash = digest::digest(&digest::SHA256, rp_id.as_bytes());
    let raw_id = decoded(id);
    let len = u16::try_from(raw_id.len()).unwrap().to_be_bytes();
    let data = [hash.as_ref(), &[flags | AT], &[0; 4], &[0; 16], &len, &raw_id, cose].concat();
    let len = u16::try_from(data.len()).unwrap().to_be_bytes();
    let object = [&b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"[..], &len, &data].concat();
    let response = json!({
        "id": id, "rawId": id, "type": "public-key",
        "response": {"clientDataJSON": encoded(client_data.as_bytes()), "attestationObject": encoded(&object)},
    });
    (CHALLENGE, response)
}

/// Holds what was found against the verdicts listed, and what is listed differently against the table of differences.
pub fn compare(
    found: &BTreeMap<String, (bool, String)>,
    listed: &BTreeMap<String, bool>,
    differences: &[(&str, &str)],
) {
    let mut unexplained = Vec::new();
    let mut met = Vec::new();
    for (name, (accepted, why)) in found {
        if *accepted == listed[name] {
            continue;
        }
        match differences.iter().find(|(known, reason)| known == name && why.contains(reason)) {
            Some((known, _)) => met.push(*known),
            None => unexplained.push(format!("{name}: {} ({why})", if *accepted { "accepted" } else { "refused" })),
        }
    }
    assert!(unexplained.is_empty(), "verdicts other than listed:\n{}", unexplained.join("\n"));
    let stale: Vec<_> = differences.iter().map(|(name, _)| *name).filter(|name| !met.contains(name)).collect();
    assert!(stale.is_empty(), "no longer different: {stale:?}");
}

pub fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

pub fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
