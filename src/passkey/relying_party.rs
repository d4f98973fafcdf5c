//! The ceremonies themselves, without accounts: what is asked of an authenticator, and whether its answer holds.
//!
//! `webauthn-rs` has two interfaces. The inner one, for experts by its own name, takes every policy as an argument and may
//! change in any release. The outer one fixes them, in a type for each kind of key, and keeps its promises. This is the
//! outer one, with two things done to it:
//!
//! - A challenge for the second factor has to be answered by any key of the account, but the outer interface has one type
//!   of challenge for passkeys, which demands that the holder be verified, and one for security keys, which only asks for
//!   it. With `danger-credential-internals` a key can be taken from one type to the other. All of them are taken to
//!   security keys here, which loses nothing: with each key is remembered what was demanded at its registration, and that
//!   is what is enforced. A passkey that answers without having verified its holder is refused; so is a security key that
//!   verified its holder when it was registered.
//! - What is asked of a browser is changed before it is sent: a passkey has to be discoverable (`residentKey`, which
//!   `webauthn-rs` discourages), and no extension is asked for that nobody reads. The state that the answer is checked
//!   against does not depend on either.
//!
//! `allow_backup_eligible_upgrade` stays off, as Level 3 has it (section 7.2, step 19): whether a key may leave its device
//! is settled when it is made. Whether it has, which may change at any time, is remembered.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{
        AuthenticationResult, CreationChallengeResponse, Credential, CredentialID, DiscoverableAuthentication,
        ParsedAttestation, PasskeyRegistration, SecurityKey, SecurityKeyAuthentication, SecurityKeyRegistration, Url,
        WebauthnError,
    },
};

use super::{
    Passkey, PasskeyKind, UserHandle, reading,
    response::{KeyResponse, Refusal},
};
use crate::config::{Config, PublicUrl};

/// The service, as authenticators know it: by the host of its `public_url`.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    webauthn: Webauthn,
    origins: Vec<String>,
}

/// Who registers a key.
#[derive(Clone, Copy, Debug)]
pub struct Registering<'a> {
    /// What authenticators know them by.
    pub handle: UserHandle,
    /// What they log in with, for the authenticator to show.
    pub username: &'a str,
    /// Their name, for the authenticator to show; the user name if it is empty.
    pub name: &'a str,
}

/// A key that an authenticator made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredKey {
    /// What it is for.
    pub kind: PasskeyKind,
    /// The authenticator's id for it.
    pub credential_id: Vec<u8>,
    /// The public key, and what was asked, in JSON.
    pub public_key: String,
    /// How often it has signed.
    pub sign_count: u32,
    /// Whether it may leave its device.
    pub backup_eligible: bool,
    /// Whether it has left it.
    pub backed_up: bool,
    /// How the authenticator is reached.
    pub transports: Vec<String>,
}

/// What a right answer says of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedKey {
    /// How often it has signed.
    pub sign_count: u32,
    /// Whether it has left its device.
    pub backed_up: bool,
    /// Whether the authenticator made sure who holds it.
    pub user_verified: bool,
}

/// What to ask a browser, and what to remember for the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` takes.
    pub options: Value,
    /// The challenge, and what the answer must be like. For the server alone.
    pub state: String,
}

#[derive(Serialize, Deserialize)]
enum Registration {
    Passkey(PasskeyRegistration),
    SecurityKey(SecurityKeyRegistration),
}

#[derive(Serialize, Deserialize)]
enum Assertion {
    Of(SecurityKeyAuthentication),
    OfAnyone(DiscoverableAuthentication),
}

impl RelyingParty {
    /// The relying party with these settings. `None` where `public_url` is an IP address: WebAuthn knows services by name.
    #[must_use]
    pub fn new(config: &Config) -> Option<Self> {
        let origin = url(&config.public_url)?;
        let mut origins = vec![config.public_url.to_string()];
        let mut builder = WebauthnBuilder::new(config.public_url.host(), &origin).ok()?.rp_name(config.site_name());
        for further in &config.webauthn_origins {
            builder = builder.append_allowed_origin(&url(further)?);
            origins.push(further.to_string());
        }
        Some(Self { webauthn: builder.build().ok()?, origins })
    }

    /// Asks for a new key, which none of these may be.
    ///
    /// # Errors
    ///
    /// [`Refusal::State`] if the library refuses what it is given.
    pub fn register(&self, kind: PasskeyKind, who: Registering<'_>, have: &[Passkey]) -> Result<Question, Refusal> {
        let handle = who.handle.uuid();
        let name = if who.name.is_empty() { who.username } else { who.name };
        let exclude = Some(have.iter().map(|key| CredentialID::from(key.credential_id.clone())).collect());
        let (creation, state) = match kind {
            PasskeyKind::Passkey => {
                let started = self.webauthn.start_passkey_registration(handle, who.username, name, exclude);
                let (creation, state) = started.map_err(unusable)?;
                (creation, Registration::Passkey(state))
            }
            PasskeyKind::SecurityKey => {
                let started =
                    self.webauthn.start_securitykey_registration(handle, who.username, name, exclude, None, None);
                let (creation, state) = started.map_err(unusable)?;
                (creation, Registration::SecurityKey(state))
            }
        };
        let mut options = creation_options(creation, kind)?;
        describe(&mut options, "excludeCredentials", have);
        Ok(Question { options, state: written(&state)? })
    }

    /// Checks the answer of a registration.
    ///
    /// # Errors
    ///
    /// [`Refusal`], which says why.
    pub fn registered(&self, state: &str, response: &KeyResponse) -> Result<RegisteredKey, Refusal> {
        let (response, transports) = reading::attestation(response.json(), &self.origins)?;
        let (kind, mut key) = match read(state)? {
            Registration::Passkey(state) => {
                let key = self.webauthn.finish_passkey_registration(&response, &state).map_err(refused)?;
                (PasskeyKind::Passkey, Credential::from(key))
            }
            Registration::SecurityKey(state) => {
                let key = self.webauthn.finish_securitykey_registration(&response, &state).map_err(refused)?;
                (PasskeyKind::SecurityKey, Credential::from(key))
            }
        };
        // Nobody asked who made it. What an authenticator tells of that unasked is not kept.
        key.attestation = ParsedAttestation::default();
        Ok(RegisteredKey {
            kind,
            credential_id: key.cred_id.clone(),
            public_key: written(&key)?,
            sign_count: key.counter,
            backup_eligible: key.backup_eligible,
            backed_up: key.backup_state,
            transports,
        })
    }

    /// Asks for one of these keys.
    ///
    /// # Errors
    ///
    /// [`Refusal::State`] if one of them cannot be read.
    pub fn assert(&self, keys: &[Passkey]) -> Result<Question, Refusal> {
        let known = keys.iter().map(|key| credential(key).map(SecurityKey::from)).collect::<Result<Vec<_>, _>>()?;
        let (request, state) = self.webauthn.start_securitykey_authentication(&known).map_err(unusable)?;
        let mut options = request_options(&request.public_key)?;
        describe(&mut options, "allowCredentials", keys);
        Ok(Question { options, state: written(&Assertion::Of(state))? })
    }

    /// Asks for any passkey of this service that the authenticator remembers.
    ///
    /// # Errors
    ///
    /// [`Refusal::State`] if the library refuses.
    pub fn assert_anyone(&self) -> Result<Question, Refusal> {
        let (request, state) = self.webauthn.start_discoverable_authentication().map_err(unusable)?;
        Ok(Question { options: request_options(&request.public_key)?, state: written(&Assertion::OfAnyone(state))? })
    }

    /// Checks the answer of an assertion with this key, whose user has this handle.
    ///
    /// # Errors
    ///
    /// [`Refusal`], which says why.
    pub fn asserted(
        &self,
        state: &str,
        response: &KeyResponse,
        key: &Passkey,
        handle: UserHandle,
    ) -> Result<UsedKey, Refusal> {
        let response = reading::assertion(response.json(), &self.origins)?;
        let state = read(state)?;
        let named = response.get_user_unique_id();
        let is_right = match (&state, named) {
            (Assertion::Of(_), None) => true,
            (Assertion::OfAnyone(_), None) => false,
            (_, Some(named)) => named == handle.as_bytes(),
        };
        if !is_right {
            return Err(Refusal::UserHandle);
        }
        let shown: AuthenticationResult = match state {
            Assertion::Of(state) => self.webauthn.finish_securitykey_authentication(&response, &state),
            Assertion::OfAnyone(state) => {
                self.webauthn.finish_discoverable_authentication_v2(&response, state, credential(key)?)
            }
        }
        .map_err(refused)?;
        if shown.cred_id().as_slice() != key.credential_id {
            return Err(Refusal::Malformed("id"));
        }
        Ok(UsedKey {
            sign_count: shown.counter(),
            backed_up: shown.backup_state(),
            user_verified: shown.user_verified(),
        })
    }
}

fn url(origin: &PublicUrl) -> Option<Url> {
    Url::parse(&origin.to_string()).ok()
}

/// The key as it is by now: what changes is in columns of its own.
fn credential(key: &Passkey) -> Result<Credential, Refusal> {
    let mut credential: Credential = read(&key.public_key)?;
    credential.counter = key.sign_count;
    credential.backup_state = key.backed_up;
    Ok(credential)
}

fn creation_options(creation: CreationChallengeResponse, kind: PasskeyKind) -> Result<Value, Refusal> {
    let mut options = serde_json::to_value(creation.public_key).map_err(unusable)?;
    match kind {
        PasskeyKind::Passkey => {
            if let Some(selection) = options.get_mut("authenticatorSelection").and_then(Value::as_object_mut) {
                selection.insert("residentKey".into(), json!("required"));
                selection.insert("requireResidentKey".into(), json!(true));
            }
            if let Some(extensions) = options.get_mut("extensions").and_then(Value::as_object_mut) {
                extensions.remove("uvm");
            }
        }
        PasskeyKind::SecurityKey => {
            if let Some(options) = options.as_object_mut() {
                // Among them is one that has a key answer only to a holder whom it has verified (`credProtect`). Chromium
                // makes no key at all where that is asked for, but the verification is not.
                options.remove("extensions");
            }
        }
    }
    Ok(options)
}

fn request_options(options: &impl Serialize) -> Result<Value, Refusal> {
    let mut options = serde_json::to_value(options).map_err(unusable)?;
    if let Some(options) = options.as_object_mut() {
        // One challenge is for keys of every kind.
        options.remove("hints");
        options.remove("extensions");
    }
    Ok(options)
}

/// Lists these keys with how they are reached, by which a browser tells which of its ways to try.
fn describe(options: &mut Value, list: &str, keys: &[Passkey]) {
    let descriptor = |key: &Passkey| {
        let id = URL_SAFE_NO_PAD.encode(&key.credential_id);
        match key.transports.as_slice() {
            [] => json!({"type": "public-key", "id": id}),
            transports => json!({"type": "public-key", "id": id, "transports": transports}),
        }
    };
    if let Some(options) = options.as_object_mut() {
        options.insert(list.into(), keys.iter().map(descriptor).collect());
    }
}

fn written(state: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(state).map_err(unusable)
}

fn read<T: DeserializeOwned>(state: &str) -> Result<T, Refusal> {
    serde_json::from_str(state).map_err(unusable)
}

fn unusable(error: impl std::fmt::Display) -> Refusal {
    Refusal::State(error.to_string())
}

fn refused(error: WebauthnError) -> Refusal {
    match error {
        WebauthnError::CredentialPossibleCompromise => Refusal::Count,
        other => Refusal::Invalid(other.to_string()),
    }
}
