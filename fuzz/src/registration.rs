//! New keys: whatever a browser and an authenticator say of one, only what says the very thing that was asked for is
//! taken, all else is refused alike, and the key that was taken logs in.

use std::ops::Range;

use serde_json::{Value, json};

use super::{
    app::App,
    key::{AT, BE, BS, ED, Key, UP, UV, decoded, encoded},
    webauthn::says_what_was_asked,
};

/// A public key, and what it is sent in, with marks where what is the key's own stands.
const PUBLIC_KEY: &[u8] = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20{x}\x22\x58\x20{y}";
const OBJECT: &[u8] = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData{data}";
/// Where in the object the statement is. That of the format `none` says nothing, and nobody reads it.
const STATEMENT: usize = 18;

/// The number of RS256, which is asked for too: a key of that kind takes no point of ours.
const RS256: &[u8] = b"\x03\x39\x01\x00";

/// How long the authenticator's data are, where in them the flags are, and where what may be anything: count and model.
const DATA: usize = 37 + 16 + 2 + 32 + 77;
const FLAGS: usize = 32;
const ANYTHING: Range<usize> = 33..53;

/// Judges an answer to a registration, and tells whether the key was added. It is removed again.
///
/// The form says what the rest is: the client's data (`C`); the flags, the count and what is behind the authenticator's
/// data, of a passkey (`A`) or a security key (`S`); the length of the key's id (`I`); its public key (`P`) or the
/// attestation object (`O`), with marks for what is the key's own; bytes of the attestation object, by two bytes that
/// say where, and their new value (`E`); the whole answer as JSON (`R`); a member of it, by a number, and its new value
/// as JSON (`M`); or which of others' keys or challenges is used (`D`).
pub(super) fn judge(app: &App, token: &mut String, others: [&Key; 2], form: u8, rest: &[u8]) -> bool {
    let (kind, mut key) =
        if form == b'S' { ("security_key", Key::security_key()) } else { ("passkey", Key::passkey()) };
    let start = || app.post("/auth/webauthn/register/start", Some(token), &json!({ "kind": kind }));
    let begun = start();
    // That of whoever registers; all that were added here are gone.
    assert_eq!(begun["options"]["excludeCredentials"].as_array().map(Vec::len), Some(1), "{begun}");
    let answer = match (form, rest.first()) {
        (b'D', Some(2)) => Some((key.register(&start()["options"]), Some(false))),
        (b'D', number) => {
            key.id.clone_from(&others[usize::from(number == Some(&1))].id);
            Some((key.register(&begun["options"]), Some(false)))
        }
        _ => answer(&mut key, &begun["options"], form, rest),
    };
    let Some((response, is_right)) = answer else { return false };
    let finish = |response: &Value| {
        let body = json!({ "flow": begun["flow"], "webauthn_response": response, "name": "k" });
        app.post("/auth/webauthn/register/finish", Some(token), &body)
    };
    let told = finish(&response);
    let Some(id) = told["id"].as_str() else {
        assert_ne!(is_right, Some(true), "{response} {told}");
        let about = &told["errors"][0];
        let is_of_response = told["code"] == "invalid_fields" && about["field"] == "webauthn_response";
        assert!(told["code"] == "invalid_request" || is_of_response, "{response} {told}");
        if about["code"] == "invalid_response" {
            let right = key.register(&begun["options"]);
            assert_eq!(finish(&right)["code"], "flow_invalid", "{response} is not the last answer");
        }
        return false;
    };
    assert_ne!(is_right, Some(false), "{response} {told}");
    assert_eq!(finish(&response)["code"], "flow_invalid", "{response} adds a key twice");
    let signs = form != b'P' || !contains(rest, RS256);
    if kind == "passkey" && signs && key.count < u32::MAX {
        key.counts = true;
        *token = app.passkey_login(&mut key).unwrap_or_else(|told| panic!("{response} does not log in: {told}"));
    }
    app.call("DELETE", &format!("/auth/webauthn/credentials/{id}"), Some(token), &Value::Null);
    true
}

/// The answer, and whether it has to be taken; `None` where that may be either way.
fn answer(key: &mut Key, options: &Value, form: u8, rest: &[u8]) -> Option<(Value, Option<bool>)> {
    let challenge = options["challenge"].as_str()?;
    Some(match form {
        b'C' => {
            let text = str::from_utf8(rest).ok()?.replace("{challenge}", challenge);
            let is_right = says_what_was_asked(&text, "webauthn.create", challenge);
            (key.register_as(options, |draft| draft.client_data_json = Some(text)), is_right)
        }
        b'A' | b'S' => {
            let (fixed, tail) = rest.split_first_chunk::<5>()?;
            let (flags, count) = (fixed[0], u32::from_be_bytes([fixed[1], fixed[2], fixed[3], fixed[4]]));
            let is_right = is_of_new_key(flags, form == b'A') && tail.is_empty();
            let response = key.register_as(options, |draft| {
                (draft.flags, draft.count) = (flags, count);
                draft.tail.extend(tail);
            });
            (key.flags, key.count) = (flags & !AT & !ED, count);
            (response, (flags & ED == 0).then_some(is_right))
        }
        b'I' => {
            let len = usize::from(u16::from_be_bytes(*rest.first_chunk()?)) % 2048;
            key.id = key.id.iter().copied().cycle().take(len).collect();
            (key.register(options), Some((1..=1023).contains(&len)))
        }
        b'P' => {
            let response = key.register_as(options, |draft| {
                let point = draft.tail.split_off(draft.tail.len() - 77);
                let made = replaced(&replaced(rest, b"{x}", &point[10..42]), b"{y}", &point[45..]);
                draft.tail.extend(made);
            });
            let may_be = contains(rest, b"{x}") && contains(rest, b"{y}") || contains(rest, RS256);
            (response, if rest == PUBLIC_KEY { Some(true) } else { (!may_be).then_some(false) })
        }
        b'O' => {
            let is_right = if rest == OBJECT { Some(true) } else { (!contains(rest, b"{data}")).then_some(false) };
            let mut response = key.register(options);
            let object = decoded(&response["response"]["attestationObject"]);
            // With the three bytes that say how long they are.
            let data = &object[object.len() - DATA - 3..];
            response["response"]["attestationObject"] = encoded(&replaced(rest, b"{data}", data)).into();
            (response, is_right)
        }
        b'E' => {
            let mut response = key.register(options);
            let mut object = decoded(&response["response"]["attestationObject"]);
            let is_right = edit(&mut object, rest, key);
            response["response"]["attestationObject"] = encoded(&object).into();
            (response, is_right)
        }
        b'R' => (serde_json::from_slice(rest).ok()?, Some(false)),
        b'M' => {
            let (number, value) = rest.split_first()?;
            let value: Value = serde_json::from_slice(value).ok()?;
            let mut response = key.register(options);
            let places = [
                "/id",
                "/rawId",
                "/type",
                "/response/clientDataJSON",
                "/response/attestationObject",
                "/response/transports",
                "/clientExtensionResults",
                "/authenticatorAttachment",
            ];
            let number = usize::from(*number) % places.len();
            let member = response.pointer_mut(places[number])?;
            let is_same = *member == value;
            *member = value;
            (response, Some(is_same || number > 4))
        }
        _ => return None,
    })
}

/// Whether these are the flags of a new key that made sure of someone's presence and, if that was asked for, of who it
/// is.
fn is_of_new_key(flags: u8, verifies: bool) -> bool {
    let asked = if verifies { UP | UV | AT } else { UP | AT };
    flags & (asked | ED) == asked && (flags & BE != 0 || flags & BS == 0)
}

/// Changes bytes of an attestation object, and says whether it still says what was asked.
fn edit(object: &mut [u8], changes: &[u8], key: &mut Key) -> Option<bool> {
    let (before, start) = (object.to_vec(), object.len() - DATA);
    for change in changes.chunks_exact(3) {
        let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % object.len();
        object[place] = change[2];
    }
    let flags = object[start + FLAGS];
    key.flags = flags & !AT & !ED;
    key.count = u32::from_be_bytes(*object[start + FLAGS + 1..].first_chunk()?);
    let differs = (0..object.len()).filter(|at| object[*at] != before[*at]);
    let matter =
        differs.filter(|at| *at != start + FLAGS && !(start + ANYTHING.start..start + ANYTHING.end).contains(at));
    match matter.count() {
        _ if object[STATEMENT] != before[STATEMENT] => None,
        0 => Some(is_of_new_key(flags, true)),
        1..=3 => Some(false),
        // So many may say the same in another order.
        _ => None,
    }
}

fn contains(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
}

fn replaced(bytes: &[u8], mark: &[u8], by: &[u8]) -> Vec<u8> {
    let Some(at) = bytes.windows(mark.len()).position(|window| window == mark) else { return bytes.to_vec() };
    [&bytes[..at], by, &bytes[at + mark.len()..]].concat()
}
