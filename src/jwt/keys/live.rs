//! Keys that are replaced while they are used.

use std::{fmt, pin::Pin, sync::Arc, time::Duration};

use arc_swap::{ArcSwap, Guard};
use serde_json::{Value, json};

use super::{KeyError, KeyRing, SigningKey, VerifyingKey};
use crate::{clock::Timestamp, jwt::TokenErrorKind};

/// While the keys cannot be looked up, nobody can tell whether a token is good.
const UNAVAILABLE: TokenErrorKind = TokenErrorKind::KeysUnavailable { retry_after: Duration::from_secs(1) };

/// The keys of a verifier and an issuer, as whoever keeps them last put them on the [`Board`]. Cloning gives another
/// handle on the same keys.
#[derive(Clone)]
pub(crate) struct LiveKeys {
    board: Board,
    renewal: Arc<dyn Renewal>,
}

/// Sees to it that the board shows the keys as they are.
pub(crate) trait Renewal: Send + Sync {
    /// Resolves once the keys have been looked up again, by a look that began after this was called: to whether that
    /// look succeeded. Dropping it disturbs nothing.
    fn renewed(&self) -> Renewing;
}

pub(crate) type Renewing = Pin<Box<dyn Future<Output = bool> + Send>>;

/// Where the keys stand. Empty at first. Cloning gives another handle on the same board.
#[derive(Clone, Default)]
pub(crate) struct Board(Arc<ArcSwap<Timetable>>);

/// What stands on the [`Board`], whatever is put there meanwhile.
pub(crate) type Shown = Guard<Arc<Timetable>>;

/// Which keys there are, and what each of them does when. It never changes; another one takes its place.
#[derive(Default)]
pub(crate) struct Timetable {
    /// None while there are no keys.
    ring: Option<KeyRing>,
    keys: Vec<LiveKey>,
}

/// A key of a [`Timetable`].
pub(crate) struct LiveKey {
    /// The key.
    pub(crate) key: Arc<SigningKey>,
    /// When it begins to sign; none if it does not sign any more.
    pub(crate) signs_from: Option<Timestamp>,
    /// When its last token has expired; none while it has no successor.
    pub(crate) verifies_until: Option<Timestamp>,
}

impl LiveKeys {
    pub(crate) fn new(board: Board, renewal: Arc<dyn Renewal>) -> Self {
        Self { board, renewal }
    }

    /// Another number after each change of the keys; none while there are none.
    pub(in crate::jwt) fn generation(&self) -> Option<u64> {
        self.board.show().ring.as_ref().map(KeyRing::generation)
    }

    pub(in crate::jwt) fn current(&self) -> Result<Shown, TokenErrorKind> {
        Some(self.board.show()).filter(|keys| !keys.is_empty()).ok_or(UNAVAILABLE)
    }

    /// Waits until the keys have been looked up again.
    pub(in crate::jwt) fn renewed(&self) -> impl Future<Output = Result<(), TokenErrorKind>> + Send + use<> {
        let renewing = self.renewal.renewed();
        async { if renewing.await { Ok(()) } else { Err(UNAVAILABLE) } }
    }
}

impl Board {
    /// Puts these keys in the place of those that were there.
    pub(crate) fn replace(&self, keys: Timetable) {
        self.0.store(Arc::new(keys));
    }

    pub(crate) fn show(&self) -> Shown {
        self.0.load()
    }
}

impl Timetable {
    /// The keys in the order in which they were made.
    pub(crate) fn new(keys: Vec<LiveKey>) -> Result<Self, KeyError> {
        let ring = KeyRing::of_one_keeper(keys.iter().map(|live| live.key.verifying_key().clone()))?;
        Ok(Self { ring: Some(ring), keys })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key with this id, whatever it still does.
    pub(crate) fn key(&self, kid: &str) -> Option<&Arc<SigningKey>> {
        self.keys.iter().map(|live| &live.key).find(|key| key.kid() == kid)
    }

    /// The one key that signs at this moment: the newest whose moment has come. The keys change hands by the clock, with
    /// nobody doing anything.
    pub(crate) fn signer(&self, now: Timestamp) -> Option<&SigningKey> {
        let signers = || self.keys.iter().filter_map(|live| Some((live.signs_from?, live.key.as_ref())));
        let begun = signers().rfind(|(from, _)| *from <= now);
        begun.or_else(|| signers().next()).map(|(_, key)| key)
    }

    /// What others may see of the keys whose tokens can be good at this moment or later, as a JWK set.
    pub(crate) fn public_jwk_set(&self, now: Timestamp) -> Value {
        let published = self.keys.iter().filter(|live| live.verifies_until.is_none_or(|until| now < until));
        let jwks = published.filter_map(|live| live.key.verifying_key().public_jwk());
        json!({ "keys": jwks.collect::<Vec<_>>() })
    }

    pub(in crate::jwt) fn find(&self, kid: Option<&str>) -> Option<&VerifyingKey> {
        self.ring.as_ref()?.find(kid)
    }

    pub(in crate::jwt) fn find_by_header(&self, is_its: impl Fn(&VerifyingKey) -> bool) -> Option<&VerifyingKey> {
        self.ring.as_ref()?.find_by_header(is_its)
    }
}

impl fmt::Debug for LiveKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveKeys").field("generation", &self.generation()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{
        jwt::{Algorithm, JwtIssuer, JwtVerifier, TokenError},
        principal::JwtUser,
    };

    const LONG: i64 = 1_000_000;

    fn key(algorithm: Algorithm, signs_from: Option<i64>, verifies_until: Option<i64>) -> LiveKey {
        LiveKey {
            key: Arc::new(SigningKey::generate(algorithm).unwrap()),
            signs_from: signs_from.map(Timestamp::from_secs),
            verifies_until: verifies_until.map(Timestamp::from_secs),
        }
    }

    #[test]
    fn jwt_14_keys_change_hands_by_the_clock_alone() {
        let old = key(Algorithm::Es256, None, Some(50));
        let now = key(Algorithm::Es256, Some(10), Some(110));
        let next = key(Algorithm::Es256, Some(60), None);
        let kids = [&old, &now, &next].map(|live| live.key.kid().to_owned());
        let table = Timetable::new(vec![old, now, next]).unwrap();
        let signer = |at| table.signer(Timestamp::from_secs(at)).unwrap().kid().to_owned();
        assert_eq!([-LONG, 0, 59].map(signer), [(); 3].map(|()| kids[1].clone()));
        assert_eq!([60, LONG].map(signer), [(); 2].map(|()| kids[2].clone()));

        let published = |at| table.public_jwk_set(Timestamp::from_secs(at))["keys"].as_array().unwrap().len();
        assert_eq!([0, 49, 50, 109, 110, LONG].map(published), [3, 3, 2, 2, 1, 1]);
        assert!(kids.iter().all(|kid| table.find(Some(kid)).is_some()));
    }

    #[test]
    fn jwt_14_a_secret_may_stand_beside_public_keys_and_is_not_published() {
        let keys = [Algorithm::Hs256, Algorithm::Es256].map(|algorithm| key(algorithm, Some(0), None));
        let table = Timetable::new(keys.into()).unwrap();
        let set = table.public_jwk_set(Timestamp::from_secs(0));
        assert_eq!(set["keys"].as_array().unwrap().len(), 1);
        assert_eq!(set["keys"][0]["kty"], "EC");
    }

    /// Puts a key on the board, where there is one, and says whether the look succeeded.
    struct Look {
        board: Board,
        finds: Option<fn() -> SigningKey>,
        succeeds: bool,
    }

    impl Renewal for Look {
        fn renewed(&self) -> Renewing {
            if let Some(key) = self.finds {
                let key = LiveKey { key: Arc::new(key()), signs_from: None, verifies_until: None };
                self.board.replace(Timetable::new(vec![key]).unwrap());
            }
            Box::pin(std::future::ready(self.succeeds))
        }
    }

    fn new_key() -> SigningKey {
        SigningKey::hs256(&[7; 32]).unwrap()
    }

    /// What becomes of a token by the new key where another one is known, by whatever a look comes to.
    fn resolved(finds: Option<fn() -> SigningKey>, succeeds: bool) -> Result<String, TokenErrorKind> {
        let board = Board::default();
        board.replace(Timetable::new(vec![key(Algorithm::Es256, Some(0), None)]).unwrap());
        let keys = LiveKeys::new(board.clone(), Arc::new(Look { board, finds, succeeds }));
        let verifier = JwtVerifier::new(keys).issuer("https://id.example").audience("notes");
        let issuer = JwtIssuer::new(KeyRing::new([new_key()]).unwrap()).issuer("https://id.example").audience("notes");
        let user = JwtUser { id: "ada".into(), name: None, email: None };
        let token = issuer.create_jwt(&user, Duration::from_mins(1)).unwrap();
        assert_eq!(verifier.principal(&token).map_err(TokenError::kind).err(), Some(TokenErrorKind::UnknownKey));
        let found = verifier.resolve(&token).now_or_never().expect("it waits for nothing else");
        found.map(|principal| principal.id().to_owned()).map_err(TokenError::kind)
    }

    #[test]
    fn jwt_14_an_unknown_key_is_looked_for_before_its_token_is_refused() {
        assert_eq!(resolved(Some(new_key), true), Ok("ada".to_owned()));
        assert_eq!(resolved(None, true), Err(TokenErrorKind::UnknownKey));
        assert_eq!(resolved(None, false), Err(UNAVAILABLE), "it may well be good");
    }

    #[test]
    fn an_empty_board_knows_nothing_and_a_new_timetable_is_seen_by_everyone() {
        let board = Board::default();
        let look = Look { board: board.clone(), finds: None, succeeds: true };
        let keys = LiveKeys::new(board.clone(), Arc::new(look));
        assert_eq!(keys.generation(), None);
        assert_eq!(keys.current().err(), Some(UNAVAILABLE));
        let mut generations = Vec::new();
        for _ in 0..2 {
            board.replace(Timetable::new(vec![key(Algorithm::Es256, Some(0), None)]).unwrap());
            generations.push(keys.clone().generation().unwrap());
        }
        assert_ne!(generations[0], generations[1]);
    }
}
