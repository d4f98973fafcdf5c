//! An authenticator in software, and the browser before it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use passkey::{
    authenticator::{
        Authenticator, CredentialStore, DiscoverabilitySupport, StoreInfo, UiHint, UserCheck, UserValidationMethod,
    },
    client::{Client, DefaultClientData},
    crypto::aws_lc_rs::AwsLcRsBackend,
    types::{
        Passkey,
        ctap2::{
            Aaguid, Ctap2Error, StatusCode,
            make_credential::{Options, PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity},
        },
        webauthn::{CredentialCreationOptions, CredentialRequestOptions, PublicKeyCredentialDescriptor},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use webauthn_rs::prelude::Url;

/// A browser with an authenticator that does as it is told: the `passkey` crate. It makes synced passkeys, all of which it
/// remembers, and makes sure of its holder whenever it is asked to.
///
/// ```
/// # #[cfg(all(feature = "axum", feature = "sqlite"))]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let database = format!("sqlite:{}/notes.db", folder.path().display());
/// use portcullis::{
///     Portcullis,
///     account::Caller,
///     passkey::{KeyAnswer, KeyResponse, PasskeyKind, PasskeyName},
///     session::Device,
///     testing::SoftAuthenticator,
/// };
///
/// let auth = Portcullis::builder().public_url("https://notes.example").database(database).build().await?;
/// let accounts = auth.accounts();
/// # let new = accounts.registration("ada", "ada@example.com", "correct horse battery staple", "Ada")?;
/// let ada = accounts.register(new, &Device::default()).await?;
/// let caller = Caller { user: ada.id, session: None };
///
/// let mut phone = SoftAuthenticator::at("https://notes.example")?;
/// let start = accounts.start_passkey_registration(caller, PasskeyKind::Passkey).await?;
/// let response = KeyResponse::from_client(phone.register(&start.options).await?);
/// let answer = KeyAnswer { flow: start.flow, response };
/// let name = PasskeyName::parse("Phone").unwrap();
/// accounts.finish_passkey_registration(caller, &answer, name, &Device::default()).await?;
///
/// let start = accounts.start_passkey_login().await?;
/// let response = KeyResponse::from_client(phone.authenticate(&start.options).await?);
/// let answer = KeyAnswer { flow: start.flow, response };
/// let login = accounts.finish_passkey_login(&answer, false, &Device::default()).await?;
/// assert_eq!(login.user.id, ada.id);
/// # Ok(())
/// # }
/// # #[cfg(not(all(feature = "axum", feature = "sqlite")))]
/// # fn main() {}
/// ```
pub struct SoftAuthenticator {
    keys: Keys,
    origin: Url,
}

/// The authenticator or its browser did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("the authenticator did not answer: {0}")]
pub struct AuthenticatorError(String);

impl SoftAuthenticator {
    /// A new one, in a browser that shows a page of this origin. It holds nothing yet.
    ///
    /// # Errors
    ///
    /// [`AuthenticatorError`] if that is no URL.
    pub fn at(origin: &str) -> Result<Self, AuthenticatorError> {
        Ok(Self { keys: Keys::default(), origin: origin.parse().map_err(failed)? })
    }

    /// Makes a key as these creation options ask, and answers what `toJSON()` would.
    ///
    /// # Errors
    ///
    /// [`AuthenticatorError`] if the options cannot be met: one of the keys that it has is excluded, for instance.
    pub async fn register(&mut self, options: &Value) -> Result<Value, AuthenticatorError> {
        let options: CredentialCreationOptions = read(options)?;
        let authenticator = Authenticator::new(Aaguid::new_empty(), self.keys.clone(), Holder, AwsLcRsBackend);
        let mut browser = Client::new(authenticator).allows_insecure_localhost(true);
        let made = browser.register(&self.origin, options, DefaultClientData).await;
        written(&made.map_err(|error| failed(format!("{error:?}")))?)
    }

    /// Answers these request options with a key that it has, as `toJSON()` would.
    ///
    /// # Errors
    ///
    /// [`AuthenticatorError`] if it has none of those that are asked for.
    pub async fn authenticate(&mut self, options: &Value) -> Result<Value, AuthenticatorError> {
        let options: CredentialRequestOptions = read(options)?;
        let authenticator = Authenticator::new(Aaguid::new_empty(), self.keys.clone(), Holder, AwsLcRsBackend);
        let mut browser = Client::new(authenticator).allows_insecure_localhost(true);
        let shown = browser.authenticate(&self.origin, options, DefaultClientData).await;
        written(&shown.map_err(|error| failed(format!("{error:?}")))?)
    }
}

impl std::fmt::Debug for SoftAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoftAuthenticator").field("origin", &self.origin.as_str()).finish_non_exhaustive()
    }
}

fn read<T: DeserializeOwned>(options: &Value) -> Result<T, AuthenticatorError> {
    serde_json::from_value(json!({"publicKey": options})).map_err(failed)
}

fn written(response: &impl Serialize) -> Result<Value, AuthenticatorError> {
    serde_json::to_value(response).map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> AuthenticatorError {
    AuthenticatorError(error.to_string())
}

/// What it remembers. Cloning gives another handle on the same.
#[derive(Clone, Default)]
struct Keys(Arc<Mutex<Vec<Passkey>>>);

impl Keys {
    fn all(&self) -> MutexGuard<'_, Vec<Passkey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl CredentialStore for Keys {
    type PasskeyItem = Passkey;

    async fn find_credentials(
        &self,
        ids: Option<&[PublicKeyCredentialDescriptor]>,
        rp_id: &str,
        _: Option<&[u8]>,
    ) -> Result<Vec<Passkey>, StatusCode> {
        let is_meant = |key: &&Passkey| {
            let listed = ids.is_none_or(|ids| ids.is_empty() || ids.iter().any(|id| id.id == key.credential_id));
            listed && key.rp_id == rp_id
        };
        let found: Vec<_> = self.all().iter().filter(is_meant).cloned().collect();
        if found.is_empty() { Err(Ctap2Error::NoCredentials.into()) } else { Ok(found) }
    }

    async fn save_credential(
        &mut self,
        key: Passkey,
        _: PublicKeyCredentialUserEntity,
        _: PublicKeyCredentialRpEntity,
        _: Options,
    ) -> Result<(), StatusCode> {
        self.all().push(key);
        Ok(())
    }

    async fn update_credential(&mut self, key: &Passkey) -> Result<(), StatusCode> {
        if let Some(known) = self.all().iter_mut().find(|known| known.credential_id == key.credential_id) {
            *known = key.clone();
        }
        Ok(())
    }

    async fn get_info(&self) -> StoreInfo {
        StoreInfo { discoverability: DiscoverabilitySupport::Full }
    }
}

/// Someone who is there and lets themselves be recognised.
struct Holder;

#[async_trait::async_trait]
impl UserValidationMethod for Holder {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        hint: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        match hint {
            UiHint::InformExcludedCredentialFound(_) => Err(Ctap2Error::CredentialExcluded),
            _ => Ok(UserCheck { presence, verification }),
        }
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}
