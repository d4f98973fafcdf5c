//! Reading a response in the one way there is to read it.
//!
//! The types of `webauthn-rs` take padded base64, members that are there twice and bytes behind the end, and compare an
//! origin after parsing it. So a response is read here first, and they are given a new one made of what was read.

use serde_json::{Map, Value, json};
use webauthn_rs::prelude::{PublicKeyCredential, RegisterPublicKeyCredential};

use super::{
    authenticator_data::{self, CREDENTIAL_ID_MAX},
    cbor,
    response::Refusal,
};
use crate::jwt::strict::{self, Strict};

/// How an authenticator may be reached (WebAuthn section 5.8.4). Others are not remembered.
const TRANSPORTS: [&str; 6] = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"];

/// The response to a registration, with how the authenticator is reached.
pub(super) fn attestation(
    response: &Value,
    origins: &[String],
) -> Result<(RegisterPublicKeyCredential, Vec<String>), Refusal> {
    let id = credential_id(response)?;
    let inner = inner(response)?;
    client_data(inner, origins)?;
    let object = bytes(inner, "attestationObject")?;
    let data = cbor::bytes_of(&object, "authData").ok_or(Refusal::Malformed("attestationObject"))?;
    if authenticator_data::registered(data) != Some(id.as_slice()) {
        return Err(Refusal::Malformed("authData"));
    }
    let clean = json!({
        "id": response["id"], "rawId": response["id"], "type": "public-key",
        "response": {
            "clientDataJSON": inner["clientDataJSON"], "attestationObject": inner["attestationObject"],
        },
    });
    Ok((serde_json::from_value(clean).map_err(|_| Refusal::Malformed("response"))?, transports(inner)))
}

/// The response to an assertion.
pub(super) fn assertion(response: &Value, origins: &[String]) -> Result<PublicKeyCredential, Refusal> {
    credential_id(response)?;
    let inner = inner(response)?;
    client_data(inner, origins)?;
    bytes(inner, "signature")?;
    if !authenticator_data::is_of_assertion(&bytes(inner, "authenticatorData")?) {
        return Err(Refusal::Malformed("authenticatorData"));
    }
    let handle = inner.get("userHandle").filter(|handle| !handle.is_null());
    if handle.is_some() {
        bytes(inner, "userHandle")?;
    }
    let clean = json!({
        "id": response["id"], "rawId": response["id"], "type": "public-key",
        "response": {
            "clientDataJSON": inner["clientDataJSON"], "authenticatorData": inner["authenticatorData"],
            "signature": inner["signature"], "userHandle": handle,
        },
    });
    serde_json::from_value(clean).map_err(|_| Refusal::Malformed("response"))
}

/// The id of the key, which is there twice and has to be the same.
pub(super) fn credential_id(response: &Value) -> Result<Vec<u8>, Refusal> {
    let members = response.as_object().ok_or(Refusal::Malformed("not an object"))?;
    if members.get("type").and_then(Value::as_str) != Some("public-key") {
        return Err(Refusal::Malformed("type"));
    }
    let id = bytes(members, "rawId")?;
    let fits = (1..=CREDENTIAL_ID_MAX).contains(&id.len());
    if fits && members.get("id") == members.get("rawId") { Ok(id) } else { Err(Refusal::Malformed("id")) }
}

fn inner(response: &Value) -> Result<&Map<String, Value>, Refusal> {
    response.get("response").and_then(Value::as_object).ok_or(Refusal::Malformed("response"))
}

fn bytes(members: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, Refusal> {
    members.get(name).and_then(Value::as_str).and_then(strict::decode).ok_or(Refusal::Malformed(name))
}

/// What is signed beside the data of the authenticator: the browser says there for whom, where and what for it asked.
fn client_data(inner: &Map<String, Value>, origins: &[String]) -> Result<(), Refusal> {
    let json = bytes(inner, "clientDataJSON")?;
    let Ok(Strict(Value::Object(data))) = serde_json::from_slice(&json) else {
        return Err(Refusal::Malformed("clientDataJSON"));
    };
    bytes(&data, "challenge")?;
    let origin = data.get("origin").and_then(Value::as_str);
    let here = origin.is_some_and(|origin| origins.iter().any(|known| known == origin));
    let inside_another = !matches!(data.get("crossOrigin"), None | Some(Value::Bool(false)));
    if here && !inside_another && !data.contains_key("topOrigin") { Ok(()) } else { Err(Refusal::Elsewhere) }
}

fn transports(inner: &Map<String, Value>) -> Vec<String> {
    let stated = inner.get("transports").and_then(Value::as_array);
    let is_stated = |name: &&str| stated.is_some_and(|stated| stated.iter().any(|item| item == name));
    TRANSPORTS.into_iter().filter(is_stated).map(str::to_owned).collect()
}
