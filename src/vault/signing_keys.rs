//! The keys that sign access tokens, as the operator changes them and the processes on one database follow them.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Mutex, task};

use super::{
    DataKey, KeyState, KeyStatus, VaultError,
    follow::{Followed, Follower},
    standing,
};
use crate::{
    audit::{Event, EventKind},
    clock::{SharedClock, Timestamp},
    config::Config,
    jwt::{Algorithm, Board, LiveKey, LiveKeys, SigningKey, Timetable},
    secret::SealBroken,
    session::Device,
    store::{Store, StoredKey},
};

/// How long the public key set may be cached.
pub const KEY_SET_MAX_AGE: Duration = Duration::from_mins(5);

/// How long a key is published before it signs: as long as the key set may be cached, and a minute for processes that
/// learn of it late and for clocks that differ.
pub const PUBLISHED_FOR: Duration = Duration::from_mins(6);

/// How much longer than a token lives the key that signed it verifies, for the same reasons.
const MARGIN: Duration = Duration::from_mins(1);

/// How long a key that signs no more is kept at least, whatever the life of a token is set to.
const KEPT_FOR: Duration = Duration::from_hours(30 * 24);

/// The signing keys of a database: to look at, rotate and retire. Cloning gives another handle on the same keys.
///
/// The [module](super) tells what becomes of a key.
#[derive(Clone)]
pub struct SigningKeys(Arc<Keys>);

/// What came of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The new key.
    pub key: KeyStatus,
    /// Whether it was made now. If not, one that was made earlier still waits to sign, and no other was needed.
    pub is_made: bool,
}

struct Keys {
    store: Arc<dyn Store>,
    data_key: DataKey,
    algorithm: Algorithm,
    token_ttl: Duration,
    clock: SharedClock,
    board: Board,
    /// The version of what stands on the board. Whoever changes that holds this.
    shown: Mutex<Option<i64>>,
    is_failing: AtomicBool,
}

impl SigningKeys {
    /// The signing keys of this database, which are sealed under its data key. If there are none, one that signs is made.
    ///
    /// New keys are of the configured algorithm, and old ones verify for as long as the configured life of a token.
    ///
    /// # Errors
    ///
    /// [`VaultError`] if the database fails or a key cannot be made.
    pub async fn open(
        store: Arc<dyn Store>,
        data_key: DataKey,
        config: &Config,
        clock: SharedClock,
    ) -> Result<Self, VaultError> {
        let keys = Keys {
            store,
            data_key,
            algorithm: config.signing_algorithm,
            token_ttl: config.access_token_ttl,
            clock,
            board: Board::default(),
            shown: Mutex::new(None),
            is_failing: AtomicBool::new(false),
        };
        if keys.store.signing_keys().await?.is_empty() {
            let now = keys.clock.now();
            keys.store.first_signing_key(&keys.new_key(now, now).await?).await?;
        }
        Ok(Self(Arc::new(keys)))
    }

    /// Every key that is not forgotten yet, oldest first.
    ///
    /// # Errors
    ///
    /// [`VaultError::Store`] if the database fails.
    pub async fn list(&self) -> Result<Vec<KeyStatus>, VaultError> {
        Ok(self.0.statuses(&self.0.store.signing_keys().await?))
    }

    /// Publishes a new key, which begins to sign after [`PUBLISHED_FOR`]. If one is waiting for that already, it is
    /// answered and none is made.
    ///
    /// # Errors
    ///
    /// [`VaultError`] if the database fails or a key cannot be made.
    pub async fn rotate(&self) -> Result<Rotation, VaultError> {
        if let Some(key) = self.list().await?.into_iter().rfind(|key| key.state == KeyState::Published) {
            return Ok(Rotation { key, is_made: false });
        }
        self.add(PUBLISHED_FOR).await
    }

    /// Makes a new key that signs at once, for when the one that signs is in other hands.
    ///
    /// Who has cached the key set refuses its tokens until they fetch it again. Tokens of the older keys stay good until
    /// they expire, unless those are [retired](Self::retire).
    ///
    /// # Errors
    ///
    /// [`VaultError`] if the database fails or a key cannot be made.
    pub async fn rotate_now(&self) -> Result<Rotation, VaultError> {
        self.add(Duration::ZERO).await
    }

    /// Declares every token of a key bad: at once in this process, within half a second at most in the others on this
    /// database, and by those who cache the key set when they fetch it again. A key that is retired already stays so.
    ///
    /// # Errors
    ///
    /// [`VaultError::UnknownKey`] if there is no such key, [`VaultError::StillSigning`] if it is the one that signs.
    pub async fn retire(&self, kid: &str) -> Result<KeyStatus, VaultError> {
        let now = self.0.clock.now();
        let event = Event::new(EventKind::SigningKeyRetired, now, &Device::default());
        self.0.store.retire_signing_key(kid, now, &event).await?;
        self.0.show_changes().await?;
        let key = self.list().await?.into_iter().find(|key| key.kid == kid);
        match key.ok_or_else(|| VaultError::UnknownKey { kid: kid.to_owned() })? {
            key if key.state == KeyState::Retired => Ok(key),
            KeyStatus { kid, .. } => Err(VaultError::StillSigning { kid }),
        }
    }

    /// The public keys of now, as a JWK set (RFC 7517): those that will sign, that sign, and that did. None for HS256.
    pub(crate) fn public_jwk_set(&self) -> serde_json::Value {
        self.0.board.show().public_jwk_set(self.0.clock.now())
    }

    /// The keys to sign and verify with, which follow what the database holds until nobody holds them.
    ///
    /// Fails if the key that signs is damaged. What changes later, and cannot be read, is not followed but logged.
    pub(crate) async fn follow(&self) -> Result<LiveKeys, VaultError> {
        let keys = &self.0;
        // Before the first look, so that nothing falls in between.
        let notice = keys.store.notices().signing_keys;
        keys.refresh().await?;
        let shown = keys.board.show();
        let signs = shown.signer(keys.clock.now()).map(SigningKey::algorithm);
        if let Some(signs) = signs.filter(|signs| *signs != keys.algorithm) {
            let wanted = keys.algorithm;
            tracing::warn!("tokens are signed with {signs}; the next `key rotate` makes a key for {wanted}");
        }
        Ok(LiveKeys::new(keys.board.clone(), Arc::new(Follower::start(Arc::clone(keys), notice))))
    }

    async fn add(&self, published_for: Duration) -> Result<Rotation, VaultError> {
        let now = self.0.clock.now();
        let key = self.0.new_key(now, now + published_for).await?;
        let event = Event::new(EventKind::SigningKeyRotated, now, &Device::default());
        let forget_before = now - KEPT_FOR.max(self.0.outlives() * 2);
        let is_made = self.0.store.add_signing_key(&key, forget_before, &event).await?;
        self.0.show_changes().await?;
        // Another caller's, if that was faster.
        let newest = |keys: Vec<KeyStatus>| keys.into_iter().rfind(|other| !is_made || other.kid == key.kid);
        let key = newest(self.list().await?).ok_or(VaultError::UnknownKey { kid: key.kid })?;
        Ok(Rotation { key, is_made })
    }
}

impl Keys {
    /// How long after its successor began to sign the tokens of a key can be good.
    fn outlives(&self) -> Duration {
        self.token_ttl + MARGIN
    }

    fn statuses(&self, stored: &[StoredKey]) -> Vec<KeyStatus> {
        standing::of(stored, self.clock.now(), self.outlives())
    }

    /// Making a key for RS256 takes a good part of a second, which nothing else should have to wait for.
    async fn new_key(&self, created_at: Timestamp, signs_from: Timestamp) -> Result<StoredKey, VaultError> {
        let algorithm = self.algorithm;
        let made = task::spawn_blocking(move || SigningKey::generate(algorithm)).await;
        let key = made.map_err(|_| VaultError::Ending)??;
        Ok(StoredKey {
            kid: key.kid().to_owned(),
            algorithm: algorithm.as_str().to_owned(),
            sealed: self.data_key.sealing_key().seal(&place_of(key.kid()), &key.export())?,
            created_at,
            signs_from,
            retired_at: None,
        })
    }

    /// Sees to it at once that what this process has just changed is in force in it.
    async fn show_changes(&self) -> Result<(), VaultError> {
        if self.board.show().is_empty() { Ok(()) } else { self.refresh().await }
    }

    /// Puts the keys on the board as the database holds them now.
    async fn refresh(&self) -> Result<(), VaultError> {
        let mut shown = self.shown.lock().await;
        let version = self.store.signing_keys_version().await?;
        if *shown != Some(version) {
            self.board.replace(self.timetable(self.store.signing_keys().await?)?);
            *shown = Some(version);
        }
        Ok(())
    }

    fn timetable(&self, mut stored: Vec<StoredKey>) -> Result<Timetable, VaultError> {
        let mut opened = Vec::new();
        for status in self.statuses(&stored).iter().filter(|status| status.state.is_in_use()) {
            let Some(row) = stored.iter().find(|row| row.kid == status.kid) else { continue };
            match self.opened(row) {
                Some(key) => opened.push(key),
                None if status.state == KeyState::Signing => return Err(VaultError::Damaged { kid: row.kid.clone() }),
                None => {
                    let kid = status.kid.clone();
                    tracing::warn!(kid, "a signing key in the database is damaged, and left out");
                    stored.retain(|row| row.kid != kid);
                }
            }
        }
        let statuses = self.statuses(&stored);
        let live = opened.into_iter().filter_map(|key| {
            let (place, status) = statuses.iter().enumerate().find(|(_, status)| status.kid == key.kid())?;
            let signing = statuses.iter().position(|status| status.state == KeyState::Signing)?;
            let signs_from = (place >= signing).then_some(status.signs_from);
            Some(LiveKey { key, signs_from, verifies_until: status.verifies_until })
        });
        Ok(Timetable::new(live.collect())?)
    }

    /// The key in this row, opened before or now; none if the row is damaged.
    fn opened(&self, row: &StoredKey) -> Option<Arc<SigningKey>> {
        if let Some(key) = self.board.show().key(&row.kid) {
            return Some(Arc::clone(key));
        }
        let algorithm = Algorithm::parse(&row.algorithm)?;
        let opened = self.data_key.sealing_key().open(&place_of(&row.kid), &row.sealed);
        let bytes = opened.map_err(|SealBroken| ()).ok()?;
        SigningKey::import(algorithm, &row.kid, &bytes).ok().map(Arc::new)
    }
}

impl Followed for Keys {
    async fn look(&self) -> bool {
        let refreshed = self.refresh().await;
        let was_failing = self.is_failing.swap(refreshed.is_err(), Ordering::Relaxed);
        match &refreshed {
            Err(error) if !was_failing => tracing::error!(%error, "the signing keys cannot be followed"),
            Ok(()) if was_failing => tracing::info!("the signing keys are followed again"),
            _ => {}
        }
        refreshed.is_ok()
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("algorithm", &self.0.algorithm).finish_non_exhaustive()
    }
}

fn place_of(kid: &str) -> String {
    format!("signing-key/{kid}")
}
