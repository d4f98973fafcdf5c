//! The proof: who gets one, and that each try costs the same.

use portcullis::{
    account::{Email, SecondFactors, User, UserId, UserRecord, Username},
    clock::Timestamp,
    password::{Argon2Params, HashError, PasswordHash, PasswordVerified},
};

use crate::support::{cheap, cheap_pool, password, pool, stored};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn record(password: Option<PasswordHash>) -> UserRecord {
    UserRecord {
        user: User {
            id: UserId::new(NOW),
            username: Username::parse("ada").unwrap(),
            email: Email::parse("ada@example.com").unwrap(),
            email_verified_at: None,
            name: "Ada".into(),
            roles: vec![],
            generation: 1,
            disabled_at: None,
            created_at: NOW,
        },
        password,
        password_version: 7,
        second_factors: SecondFactors::default(),
        must_change_password: false,
        pending: false,
        backend: None,
    }
}

#[tokio::test]
async fn the_proof_says_whose_password_it_was_and_when() {
    let pool = cheap_pool();
    let ada = record(Some(pool.hash(password("right")).await.unwrap()));
    let proof = PasswordVerified::check(&pool, Some(&ada), password("right"), NOW).await.unwrap().unwrap();
    assert_eq!(proof.user(), &ada.user);
    assert_eq!((proof.password_version(), proof.needs_rehash(), proof.at()), (7, false, NOW));
}

#[tokio::test]
async fn lg_2_every_try_costs_exactly_one_hash() {
    let other_costs = Argon2Params::insecure_for_tests(32, 1, 1).unwrap();
    let older = pool(other_costs, 1, 8).hash(password("right")).await.unwrap();
    let current = pool(cheap(), 1, 8).hash(password("right")).await.unwrap();
    let disabled = {
        let mut record = record(Some(current.clone()));
        record.user.disabled_at = Some(NOW);
        record
    };
    let (known, without, outdated) = (record(Some(current)), record(None), record(Some(older)));
    for (record, typed, is_right, needs_rehash) in [
        (None, "right", false, false),
        (Some(&without), "right", false, false),
        (Some(&known), "wrong", false, false),
        (Some(&known), "right", true, false),
        (Some(&outdated), "wrong", false, false),
        (Some(&outdated), "right", true, true),
        (Some(&disabled), "wrong", false, false),
    ] {
        let pool = cheap_pool();
        let proof = PasswordVerified::check(&pool, record, password(typed), NOW).await.unwrap();
        assert_eq!(proof.is_some(), is_right);
        assert_eq!(proof.is_some_and(|proof| proof.needs_rehash()), needs_rehash);
        assert_eq!(pool.hashes_computed(), 1);
    }
}

#[tokio::test]
async fn lg_2_an_unusable_hash_costs_one_hash_too() {
    for phc in ["nonsense", "$argon2id$v=19$m=1048576,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"]
    {
        let pool = cheap_pool();
        let ada = record(Some(stored(phc)));
        let outcome = PasswordVerified::check(&pool, Some(&ada), password("right"), NOW).await;
        assert!(matches!(outcome, Err(HashError::Unreadable | HashError::TooCostly)));
        assert_eq!(pool.hashes_computed(), 1);
    }
}

#[tokio::test]
async fn lg_2_no_password_opens_an_account_without_one() {
    let pool = cheap_pool();
    for typed in ["", " ", "\0", "password", "$argon2id$"] {
        let nobody = PasswordVerified::check(&pool, None, password(typed), NOW).await.unwrap();
        let without = PasswordVerified::check(&pool, Some(&record(None)), password(typed), NOW).await.unwrap();
        let empty = PasswordVerified::check(&pool, Some(&record(Some(stored("")))), password(typed), NOW).await;
        assert!(nobody.is_none() && without.is_none() && empty.is_err());
    }
}
