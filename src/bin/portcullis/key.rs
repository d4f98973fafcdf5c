//! `portcullis key list`, `key rotate` and `key retire`

use std::error::Error;

use portcullis::vault::KeyStatus;
use serde_json::{Value, json};

use crate::{
    cli::KeyCommand,
    open,
    print::{self, moment},
    settings::Settings,
};

pub(crate) async fn run(settings: &Settings, command: KeyCommand, json: bool) -> Result<(), Box<dyn Error>> {
    match command {
        KeyCommand::List => list(settings, json).await,
        KeyCommand::Rotate { now } => rotate(settings, now, json).await,
        KeyCommand::Retire { kid } => retire(settings, &kid, json).await,
    }
}

/// Prints the signing keys, oldest first.
async fn list(settings: &Settings, json: bool) -> Result<(), Box<dyn Error>> {
    let keys = open::signing_keys(settings).await?.list().await?;
    let lines: Vec<_> = keys.iter().map(line).collect();
    print::result(json, &json!({ "keys": keys.iter().map(object).collect::<Vec<_>>() }), &lines.join("\n"))?;
    Ok(())
}

/// Makes a new signing key.
async fn rotate(settings: &Settings, now: bool, json: bool) -> Result<(), Box<dyn Error>> {
    let keys = open::signing_keys(settings).await?;
    let rotation = if now { keys.rotate_now().await? } else { keys.rotate().await? };
    let (key, at) = (&rotation.key.kid, moment(rotation.key.signs_from));
    let text = match rotation.is_made {
        true if now => format!("made the key `{key}`, which signs from now on"),
        true => format!("published the key `{key}`, which signs from {at} on"),
        false => format!("the key `{key}` is published already and signs from {at} on"),
    };
    print::result(json, &json!({ "key": object(&rotation.key), "made": rotation.is_made }), &text)?;
    Ok(())
}

/// Declares the tokens of a key bad.
async fn retire(settings: &Settings, kid: &str, json: bool) -> Result<(), Box<dyn Error>> {
    let key = open::signing_keys(settings).await?.retire(kid).await?;
    print::result(json, &json!({ "key": object(&key) }), &format!("retired the key `{kid}`; its tokens are refused"))?;
    Ok(())
}

fn object(key: &KeyStatus) -> Value {
    json!({
        "kid": key.kid,
        "algorithm": key.algorithm,
        "state": key.state.as_str(),
        "created_at": moment(key.created_at),
        "signs_from": moment(key.signs_from),
        "verifies_until": key.verifies_until.map(moment),
        "retired_at": key.retired_at.map(moment),
    })
}

fn line(key: &KeyStatus) -> String {
    let KeyStatus { kid, algorithm, state, .. } = key;
    let until = match (key.retired_at, key.verifies_until) {
        (Some(retired), _) => format!(", retired {}", moment(retired)),
        (None, Some(until)) => format!(", verifies until {}", moment(until)),
        (None, None) => String::new(),
    };
    format!("{kid:<43} {algorithm:<5} {state:<9} signs from {}{until}", moment(key.signs_from))
}
