//! Hashes that a secret goes into which is not in the database.

use portcullis::password::{
    HashError, HashPool, HashPoolSettings, PasswordHash, Pepper, Peppers, Verdict, verify_password,
};

use crate::support::{cheap, password};

fn pool(peppers: Peppers) -> HashPool {
    HashPool::start(HashPoolSettings { params: cheap(), peppers, ..HashPoolSettings::default() }).unwrap()
}

fn pepper(id: &str, byte: u8) -> Pepper {
    Pepper::new(id, [byte; 32]).unwrap()
}

async fn checked(pool: &HashPool, hash: &PasswordHash) -> Verdict {
    pool.verify(password("password"), Some(hash.clone())).await.unwrap()
}

const MATCH: Verdict = Verdict::Match { needs_rehash: false };
const DUE: Verdict = Verdict::Match { needs_rehash: true };

#[tokio::test]
async fn pw_8_a_pepper_is_introduced_replaced_and_given_up_one_login_at_a_time() {
    let without = pool(Peppers::default());
    let first = pool(Peppers::of(pepper("k1", 1)));
    let second = pool(Peppers::of(pepper("k2", 2)).and_former(pepper("k1", 1)).unwrap());

    let plain = without.hash(password("password")).await.unwrap();
    assert_eq!(checked(&first, &plain).await, DUE, "it was made without one");
    let one = first.hash(password("password")).await.unwrap();
    assert!(one.as_str().contains(",keyid=azE$"), "{}", one.as_str());
    assert_eq!(checked(&first, &one).await, MATCH);
    assert_eq!(checked(&second, &one).await, DUE, "it was made with the former one");
    let two = second.hash(password("password")).await.unwrap();
    assert_eq!(checked(&second, &two).await, MATCH);
    assert_eq!(second.verify(password("other"), Some(two)).await.unwrap(), Verdict::NoMatch);
}

#[tokio::test]
async fn pw_8_without_its_pepper_a_hash_tells_nothing() {
    let right = pool(Peppers::of(pepper("k1", 1)));
    let hash = right.hash(password("password")).await.unwrap();
    // The same id, another secret.
    let wrong = pool(Peppers::of(pepper("k1", 2)));
    assert_eq!(checked(&wrong, &hash).await, Verdict::NoMatch);
    // Whoever strips the id off checks another hash.
    let stripped = PasswordHash::from_stored(hash.as_str().replace(",keyid=azE", ""));
    assert_eq!(checked(&right, &stripped).await, Verdict::NoMatch);
    assert!(!verify_password("password", hash.as_str()) && !verify_password("password", stripped.as_str()));

    let none = pool(Peppers::default());
    let counted = none.hashes_computed();
    let unknown = none.verify(password("password"), Some(hash)).await;
    assert!(matches!(unknown, Err(HashError::UnknownPepper)));
    assert_eq!(none.hashes_computed() - counted, 1, "it takes as long as any other");
}

#[tokio::test]
async fn pw_8_the_pepper_is_the_secret_of_rfc_9106() {
    let hash = pool(Peppers::of(pepper("k1", 7))).hash(password("password")).await.unwrap();
    let fields: Vec<_> = hash.as_str().split('$').collect();
    let salt = argon2::password_hash::phc::Salt::from_b64(fields[4]).unwrap();
    let params = argon2::Params::new(cheap().m_kib(), cheap().t(), cheap().p(), None).unwrap();
    let (algorithm, version) = (argon2::Algorithm::Argon2id, argon2::Version::V0x13);
    let mut tag = [0; 32];
    let secret = [7; 32];
    let argon2 = argon2::Argon2::new_with_secret(&secret, algorithm, version, params).unwrap();
    argon2.hash_password_into(b"password", &salt, &mut tag).unwrap();
    assert_eq!(argon2::password_hash::phc::Output::new(&tag).unwrap().to_string(), fields[5]);
}
