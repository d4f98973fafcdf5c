//! What a whole is put together from: the settings, the database, the keys, the mail, the clock.

use std::{fmt, mem, path::PathBuf, sync::Arc, time::Duration};

use super::{BuildError, Portcullis, builder_of};
#[cfg(feature = "pages")]
use crate::pages::Pages;
#[cfg(feature = "webauthn")]
use crate::passkey::RelyingParty;
use crate::{
    account::{Accounts, CredentialBackend, Inner, LoginData, external},
    api_key::{AccountAuthenticator, KeyCache, KeyRates},
    audit::{Event, Hook, Hooks},
    clock::{SharedClock, SystemClock},
    config::{Config, ConfigError, PublicUrl},
    jwt::{JwtIssuer, JwtVerifier},
    mail::{FileTransport, MailRoom, MailUrl, NoTransport, Templates, Transport},
    metrics::Figures,
    password::HashPool,
    revocation::{Journal, RevocationSet},
    secret::SealingKey,
    session::LastSeen,
    store::{self, Store},
    vault::{DataKey, MasterKeyFile, SigningKeys},
};

/// How long revocations may not have been read from the database before they count as stale: long enough for a restart
/// of PostgreSQL, and twenty times as long as there is between two readings.
const STALE_AFTER: Duration = Duration::from_secs(10);

/// Puts a [`Portcullis`] together.
#[derive(Default)]
pub struct Builder {
    public_url: Option<String>,
    config: Option<Config>,
    database: Option<String>,
    store: Option<Arc<dyn Store>>,
    master_key: Option<MasterKey>,
    clock: Option<SharedClock>,
    mail: Option<Arc<dyn Transport>>,
    mail_url: Option<MailUrl>,
    backends: Vec<Arc<dyn CredentialBackend>>,
    login_data: Option<Arc<dyn LoginData>>,
    hooks: Vec<Hook>,
}

enum MasterKey {
    Given(SealingKey),
    File(PathBuf),
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("public_url", &self.public_url)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Where people reach the service, such as `https://notes.example`. Required, here or in [`config`](Self::config).
    #[must_use]
    pub fn public_url(self, url: impl Into<String>) -> Self {
        Self { public_url: Some(url.into()), ..self }
    }

    /// All settings at once.
    #[must_use]
    pub fn config(self, config: Config) -> Self {
        Self { config: Some(config), ..self }
    }

    /// Where accounts are kept: `sqlite:notes.db` or `postgres://…`. Required, here or as a [`store`](Self::store).
    #[must_use]
    pub fn database(self, url: impl Into<String>) -> Self {
        Self { database: Some(url.into()), ..self }
    }

    /// A store that is open already.
    #[must_use]
    pub fn store(self, store: Arc<dyn Store>) -> Self {
        Self { store: Some(store), ..self }
    }

    /// The file that holds the master key; it is made if there is none.
    ///
    /// Default: for `sqlite:notes.db` the file `notes.db.master.key` beside it. For PostgreSQL there is none, because
    /// every process needs the same key.
    #[must_use]
    pub fn master_key_file(self, path: impl Into<PathBuf>) -> Self {
        Self { master_key: Some(MasterKey::File(path.into())), ..self }
    }

    /// The master key itself, for those who keep it elsewhere.
    #[must_use]
    pub fn master_key(self, key: SealingKey) -> Self {
        Self { master_key: Some(MasterKey::Given(key)), ..self }
    }

    /// Where the time comes from. Default: the machine's clock.
    #[must_use]
    pub fn clock(self, clock: SharedClock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// How mails leave. Required, here or as a [`mail_transport`](Self::mail_transport), before anyone can be written to;
    /// until then mails wait in the outbox.
    ///
    /// Default: for `sqlite:notes.db` files in the folder `notes.db.mail` beside it; for PostgreSQL none.
    #[must_use]
    pub fn mail(self, url: MailUrl) -> Self {
        Self { mail_url: Some(url), ..self }
    }

    /// Something beside this that knows people by name and password, such as a directory: see [`CredentialBackend`]. There
    /// may be several, which are asked in this order.
    #[must_use]
    pub fn credential_backend(mut self, backend: Arc<dyn CredentialBackend>) -> Self {
        self.backends.push(backend);
        self
    }

    /// What to add to the answer of every login: see [`LoginData`].
    #[must_use]
    pub fn login_data(self, data: Arc<dyn LoginData>) -> Self {
        Self { login_data: Some(data), ..self }
    }

    /// A way out for mails of one's own.
    #[must_use]
    pub fn mail_transport(self, transport: Arc<dyn Transport>) -> Self {
        Self { mail: Some(transport), ..self }
    }

    /// What to do when something happens: it is called for every row of the [trail](crate::audit) that this process writes,
    /// once it is committed.
    ///
    /// Hooks run on a thread of their own, one after another in the order in which they were stated, for one row after
    /// another: of one transaction in the order in which they were written, of several in the order in which their commits
    /// were heard of here. They may wait; no request waits for them. A panic ends the call and nothing else. Where more than
    /// 16,384 rows wait, further ones are not told of, which the log and the metrics say; nor is what happens in other
    /// processes. The trail has all of it.
    ///
    /// ```
    /// # use portcullis::{Portcullis, account::Caller, audit::EventKind, session::Device};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let database = format!("sqlite:{}", folder.path().join("notes.db").display());
    /// let (changed, mut changes) = tokio::sync::mpsc::unbounded_channel();
    /// let auth = Portcullis::builder()
    ///     .public_url("https://notes.example")
    ///     .database(database)
    ///     .on_event(move |event| {
    ///         if event.kind == EventKind::UserRegistered {
    ///             // Whoever listens may be gone.
    ///             let _ = changed.send(event.user);
    ///         }
    ///     })
    ///     .build()
    ///     .await?;
    /// let registration = auth.accounts().registration("ada", "ada@example.org", "correct horse battery staple", "")?;
    /// auth.accounts().register(registration, &Device::default()).await?;
    /// assert!(changes.recv().await.flatten().is_some());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn on_event(mut self, hook: impl Fn(&Event) + Send + 'static) -> Self {
        self.hooks.push(Box::new(hook));
        self
    }

    /// Opens the database, with its migrations, and the keys, making both where there are none.
    ///
    /// # Errors
    ///
    /// [`BuildError`], whose text names the setting, file or database.
    pub async fn build(mut self) -> Result<Portcullis, BuildError> {
        let config = self.settings()?;
        config.check()?;
        external::have_names(&self.backends).map_err(BuildError::Backend)?;
        let clock = self.clock.clone().unwrap_or_else(SystemClock::shared);
        let store = match (&self.store, &self.database) {
            (Some(store), _) => store.clone(),
            (None, Some(url)) => store::connect(url).await?,
            (None, None) => return Err(ConfigError("a database is required".into()).into()),
        };
        let templates = config.templates_dir.as_deref().map_or_else(Templates::built_in, Templates::load)?;
        #[cfg(feature = "pages")]
        let pages = Pages::new(&config)?;
        let mail = MailRoom::new(&config, templates, store.clone(), clock.clone(), self.transport()?);
        let data_key = self.open_data_key(store.as_ref(), &clock).await?;
        let refresh_key = data_key.keyed_hash("refresh-token");
        let code_key = data_key.keyed_hash("mailed-code");
        let keys = SigningKeys::open(store.clone(), data_key.clone(), &config, clock.clone()).await?;
        let live = keys.follow().await?;
        let revocations = RevocationSet::fed(STALE_AFTER, config.stale_revocations);
        let journal = Journal::follow(store.clone(), revocations.clone(), clock.clone()).await?;
        let verifier = JwtVerifier::new(live.clone())
            .issuer(config.public_url.to_string())
            .audience(config.audience.clone())
            .max_lifetime(config.access_token_ttl)
            .clock(clock.clone())
            .revocations(revocations.clone());
        let hooks = Hooks::observing(store.as_ref(), mem::take(&mut self.hooks))?;
        let figures = Figures::observing(store.as_ref());
        let hashes = HashPool::start(config.hashing.clone())?;
        let issuer = JwtIssuer::live(live).clock(clock.clone());
        let revocation_memory = verifier.revocation_memory();
        let inner = Inner {
            store,
            clock: clock.clone(),
            hashes,
            issuer,
            revocations,
            journal,
            revocation_memory,
            refresh_key,
            code_key,
            recovery_key: data_key.keyed_hash("recovery-code"),
            data_key,
            mail,
            last_seen: LastSeen::default(),
            #[cfg(feature = "webauthn")]
            relying_party: RelyingParty::new(&config),
            api_keys: KeyCache::default(),
            api_key_rates: KeyRates::default(),
            backends: self.backends,
            login_data: self.login_data,
            hooks,
            figures,
            config,
        };
        let accounts = Accounts::new(inner);
        let authenticator = AccountAuthenticator::new(verifier.clone(), accounts.clone());
        let guard = builder_of(authenticator, &accounts).build()?;
        accounts.make_default_role().await?;
        accounts.sweep_in_background();
        accounts.deliver_in_background();
        Ok(Portcullis {
            accounts,
            guard,
            verifier,
            keys,
            #[cfg(feature = "pages")]
            pages,
        })
    }

    fn settings(&self) -> Result<Config, ConfigError> {
        match (&self.config, &self.public_url) {
            (Some(config), None) => Ok(config.clone()),
            (None, Some(url)) => Ok(Config::new(url.parse::<PublicUrl>()?)),
            (Some(_), Some(_)) => Err(ConfigError("public_url is stated twice".into())),
            (None, None) => Err(ConfigError("public_url is required".into())),
        }
    }

    async fn open_data_key(&self, store: &dyn Store, clock: &SharedClock) -> Result<DataKey, BuildError> {
        let file = match &self.master_key {
            Some(MasterKey::Given(key)) => return Ok(DataKey::open(store, key, clock.now()).await?),
            Some(MasterKey::File(path)) => MasterKeyFile::at(path),
            None => MasterKeyFile::at(self.default_master_key_path()?),
        };
        Ok(DataKey::open_with(store, &file, clock.now()).await?)
    }

    fn transport(&self) -> Result<Arc<dyn Transport>, ConfigError> {
        match (&self.mail, &self.mail_url, self.database_file()) {
            (Some(transport), ..) => Ok(transport.clone()),
            (None, Some(url), _) => url.transport(),
            (None, None, Some(file)) => Ok(Arc::new(FileTransport::new(format!("{file}.mail")))),
            (None, None, None) => Ok(Arc::new(NoTransport)),
        }
    }

    fn default_master_key_path(&self) -> Result<PathBuf, ConfigError> {
        self.database_file()
            .map(|path| PathBuf::from(format!("{path}.master.key")))
            .ok_or_else(|| ConfigError("master_key_file is required with this database".into()))
    }

    /// The file of the database, if it is one.
    fn database_file(&self) -> Option<&str> {
        let path = self.database.as_deref()?.strip_prefix("sqlite:")?;
        Some(path.strip_prefix("//").unwrap_or(path))
    }
}
