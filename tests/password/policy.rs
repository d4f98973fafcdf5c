//! What may be set as a password, and what may not.

use std::{collections::BTreeSet, env, fs, path::Path, process::Command};

use aws_lc_rs::digest::{SHA256, digest};
use portcullis::{
    account::{Email, Username},
    password::{
        BreachFile, BreachLookup, HashPool, MinLengthTooLow, OwnWords, PASSWORD_MAX, PasswordPolicy, PasswordPreset,
        PasswordProblem, PolicyError,
    },
};

use crate::support::{cheap_pool, password};

/// The policy's codes for this password of Ada's; empty if it may be set.
async fn codes(policy: &PasswordPolicy, pool: &HashPool, typed: &str) -> Vec<&'static str> {
    let email = Email::parse("ada@notes.example").unwrap();
    let words = OwnWords::of(&Username::parse("ada.lovelace").unwrap(), &email, "Ada Byron King");
    match policy.accept(password(typed), &words, pool).await {
        Ok(new) => {
            assert_eq!(new.into_password().expose(), password(typed).expose());
            Vec::new()
        }
        Err(PolicyError::Refused(problems)) => problems.into_iter().map(PasswordProblem::code).collect(),
        Err(PolicyError::Unrated(error)) => panic!("{error}"),
    }
}

fn of(preset: PasswordPreset) -> PasswordPolicy {
    PasswordPolicy::of(preset)
}

#[tokio::test]
async fn pw_1_length_is_counted_in_code_points() {
    let pool = cheap_pool();
    // Ten of each, in one, two and four bytes.
    for typed in ["vq8#mzr2xk", "éàüøñçßåþð", "🔒🦋🍋🎈🐙🪁🧭🌵🥨🎻"] {
        assert_eq!(typed.chars().count(), 10);
        assert!(codes(&PasswordPolicy::default(), &pool, typed).await.is_empty(), "{typed}");
        let shorter: String = typed.chars().skip(1).collect();
        assert_eq!(codes(&PasswordPolicy::default(), &pool, &shorter).await, ["password_too_short"]);
    }
}

#[tokio::test]
async fn pw_1_no_policy_goes_below_the_floor_and_nist_asks_for_15() {
    let pool = cheap_pool();
    assert_eq!(PasswordPolicy::default().with_min_length(7).unwrap_err(), MinLengthTooLow);
    let eight = PasswordPolicy::default().with_min_length(8).unwrap();
    assert!(eight.screen(&password("vq8#mzr2")).is_ok());
    assert_eq!(codes(&eight, &pool, "vq8#mzr").await, ["password_too_short"]);
    assert_eq!(codes(&of(PasswordPreset::Nist), &pool, "seven quiet ge").await, ["password_too_short"]);
    assert!(codes(&of(PasswordPreset::Nist), &pool, "seven quiet gee").await.is_empty());
}

#[tokio::test]
async fn pw_2_up_to_1024_bytes_may_be_set() {
    let pool = cheap_pool();
    let phrase = "seven quiet geese cross the frozen lake at dawn; ";
    for length in [64, 128, PASSWORD_MAX] {
        let typed: String = phrase.chars().cycle().take(length).collect();
        assert!(codes(&PasswordPolicy::default(), &pool, &typed).await.is_empty(), "{length}");
    }
}

#[tokio::test]
async fn pw_3_no_composition_is_asked_for_unless_it_is_chosen() {
    let pool = cheap_pool();
    for typed in ["all lower case passphrase", "          x          y", "zkvwqmxrtbpl"] {
        assert!(codes(&PasswordPolicy::default(), &pool, typed).await.is_empty(), "{typed}");
    }
    let composition = of(PasswordPreset::Composition);
    assert_eq!(codes(&composition, &pool, "all lower case passphrase").await, ["password_too_weak"]);
    for typed in ["All lower case passphrase", "7 lower case passphrases", "Lowercase4passphrase"] {
        assert!(codes(&composition, &pool, typed).await.is_empty(), "{typed}");
    }
    assert_eq!(codes(&composition, &pool, "short").await, ["password_too_short", "password_too_weak"]);
}

#[tokio::test]
async fn pw_5_what_may_be_set_does_not_hang_on_how_it_was_composed() {
    let pool = cheap_pool();
    let (composed, decomposed) = ("caf\u{e9} na\u{ef}ve", "cafe\u{301} nai\u{308}ve");
    assert!(codes(&PasswordPolicy::default(), &pool, composed).await.is_empty());
    assert!(codes(&PasswordPolicy::default(), &pool, decomposed).await.is_empty());
    // Nine characters, however many code points were typed.
    assert_eq!(codes(&PasswordPolicy::default(), &pool, "cafe\u{301} naif").await, ["password_too_short"]);
}

#[tokio::test]
async fn pw_6_what_follows_from_the_users_own_words_is_refused_by_every_preset() {
    let pool = cheap_pool();
    for typed in ["ada.lovelace", "AdaLovelace1815", "ada@notes.example", "AdaByronKing", "notes.example"] {
        let codes = codes(&PasswordPolicy::default(), &pool, typed).await;
        assert_eq!(codes.first(), Some(&"password_too_common"), "{typed}");
        assert!(codes.contains(&"password_own_words"), "{typed}: {codes:?}");
    }
    for typed in ["ada@notes.example", "adalovelaceadalovelace", "AdaByronKing1815"] {
        let codes = codes(&of(PasswordPreset::Nist), &pool, typed).await;
        assert_eq!(codes.first(), Some(&"password_too_common"), "{typed}");
    }
}

#[tokio::test]
async fn what_is_easily_guessed_is_refused_where_strength_is_asked_for() {
    let pool = cheap_pool();
    assert_eq!(
        codes(&PasswordPolicy::default(), &pool, "mustang!1996").await,
        ["password_too_weak", "password_like_common"]
    );
    assert_eq!(
        codes(&PasswordPolicy::default(), &pool, "qwertyuiopasdfghjkl").await,
        ["password_too_common", "password_like_common"]
    );
    let rated = pool.ratings_computed();
    assert_eq!(codes(&PasswordPolicy::default(), &pool, "short").await, ["password_too_short"]);
    assert_eq!(pool.ratings_computed(), rated, "what is refused anyway is not rated");
}

/// The list of common passwords that Django refuses, from the public test vectors.
fn django_list() -> Vec<String> {
    let vectors = env::var_os("PORTCULLIS_VECTORS").expect("set PORTCULLIS_VECTORS to the public test vectors");
    let path = Path::new(&vectors).join("passwords/django-common-passwords.txt.gz");
    let unpacked = Command::new("gzip").arg("-dc").arg(&path).output().unwrap();
    assert!(unpacked.status.success(), "{} cannot be unpacked", path.display());
    String::from_utf8(unpacked.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn pw_6_every_common_password_is_refused_in_any_case() {
    let policy = PasswordPolicy::default().with_min_length(8).unwrap();
    let list = django_list();
    let long_enough: Vec<_> = list.iter().filter(|entry| entry.chars().count() >= 8).collect();
    assert!(long_enough.len() > 8000);
    for entry in long_enough {
        for typed in [entry.clone(), entry.to_uppercase()] {
            let Err(PolicyError::Refused(problems)) = policy.screen(&password(&typed)) else { panic!("{typed}") };
            assert_eq!(problems.iter().map(|problem| problem.code()).collect::<Vec<_>>(), ["password_too_common"]);
        }
        assert!(policy.screen(&password(&format!("contains {entry} somewhere"))).is_ok());
    }
}

#[test]
fn pw_6_the_digests_kept_are_those_of_the_list() {
    let list = django_list();
    let long_enough = list.iter().filter(|entry| entry.chars().count() >= 8);
    let digests: BTreeSet<_> =
        long_enough.map(|entry| digest(&SHA256, password(entry).expose().as_bytes()).as_ref()[..8].to_vec()).collect();
    let kept = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/password/common.bin")).unwrap();
    assert!(kept == digests.into_iter().collect::<Vec<_>>().concat(), "src/password/common.bin is out of date");
}

/// The SHA-1 of `seven quiet geese`, in two pieces, and that of `eight quiet geese`.
const SEVEN: (&str, &str) = ("F5D6A", "92CC55D3F4578B07D6F0D5643DE89BDDCFA");
const EIGHT: (&str, &str) = ("63A21", "90DE7DFC5CD01265F5DF7AC2786E2AF2563");

/// A look-up that knows the first of them, pads its answer with the other, and fails for all else.
#[derive(Debug)]
struct KnowsOne;

#[async_trait::async_trait]
impl BreachLookup for KnowsOne {
    async fn range(&self, beginning: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        match beginning {
            _ if beginning == SEVEN.0 => Ok(format!("{}:3\r\n{}:12\r\n", "0".repeat(35), SEVEN.1)),
            _ if beginning == EIGHT.0 => Ok(format!("{}:0\r\n", EIGHT.1)),
            _ => Err("no answer".into()),
        }
    }
}

#[tokio::test]
async fn a_password_known_from_a_breach_is_refused_and_an_outage_lets_pass() {
    let pool = cheap_pool();
    let policy = PasswordPolicy::default().with_breaches(KnowsOne);
    assert_eq!(codes(&policy, &pool, "seven quiet geese").await, ["password_too_common"]);
    assert!(codes(&policy, &pool, "eight quiet geese").await.is_empty());
    assert!(codes(&policy, &pool, "nine quiet geese").await.is_empty());
}

#[tokio::test]
async fn a_file_of_breached_passwords_is_asked_offline() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut lines = [format!("{}{}:12\r\n", SEVEN.0, SEVEN.1), format!("{}:1\r\n", "0".repeat(40))];
    lines.sort();
    fs::write(file.path(), lines.concat()).unwrap();
    let policy = PasswordPolicy::default().with_breaches(BreachFile::open(file.path()).unwrap());
    let pool = cheap_pool();
    assert_eq!(codes(&policy, &pool, "seven quiet geese").await, ["password_too_common"]);
    assert!(codes(&policy, &pool, "eight quiet geese").await.is_empty());
}
