//! Hashes that other programs made. Those here were made by Django 5.2.19, passlib 1.7.4 and Python's bcrypt 4.3.0.

use portcullis::password::{HashError, PasswordHash, Verdict};

use crate::support::{cheap_pool, password, stored};

const PASSWORD: &str = "correct horse bättery staple";

const OF_DJANGO: [&str; 6] = [
    "pbkdf2_sha256$1000000$RfesWksGXwlXuai8LwzXjX$2VZNovRRfWmw852oxZyLIte4VbvjZgVadG7UjV7xCPo=",
    "pbkdf2_sha1$1000000$sfjSdq3AerIKtCuzJRrMfB$s24A+gq4Nqb2+AbHhzu4aauzFkQ=",
    "argon2$argon2id$v=19$m=102400,t=2,p=8$UUNObUcyMUNUQ0VZTXBQUnIwbjVTaw$4mtuj7W6P3/GTIkqI4Fm+YuVdfHdw/UBGsfc3R5Ll1o",
    "scrypt$16384$WGJo2DI2gORKgVPvcnKgy0$8$5$NKjyl1TyNNW+kDQgehpL+FQzMFBsBy4vbxLkX8AArr/xXVj1PfAHZ4K9uO7JIlbzvrvNkSOkLaQe/tR3UDwQsw==",
    "bcrypt_sha256$$2b$05$i7uk1gGW34eFxoIRwRsI3uDhUrNySWHAk7Dvy68PL8kOltMTN1IK2",
    "bcrypt$$2b$05$oISyWtuP.2OvmuNB8iTYXe07OgYJImkkSNzoua9QMzozgAQ4qcAL6",
];

const OF_OTHERS: [&str; 10] = [
    "$2a$05$wI8YdhM2rhP2iiKIrtg1COToRcBYThEbzGvVE31RkFL16AqfQqS.e",
    "$2b$05$BNL/vTISB1IncVOsUm7lDO6h/UOacSyWsKCux9jswYVRJqVR/x2GK",
    "$2y$05$LGdcMlAVLyAN07dnyGdEhuyCZgU6zfI6T/jTq.DmUUSMBI1vq8fD6",
    "$pbkdf2$131000$b825l3LuvTemVKqVUmoNQQ$AZKXWqi.WS0eJ1kroDyMLx8gZIc",
    "$pbkdf2-sha256$29000$gPC.F6LUmlMKgVDq/d8bow$OF2CHH6U1l73w1dv2Jdge2if6u76sZzb7OklAYXU2Ec",
    // The same in the PHC form.
    "$pbkdf2-sha256$i=29000,l=32$gPC+F6LUmlMKgVDq/d8bow$OF2CHH6U1l73w1dv2Jdge2if6u76sZzb7OklAYXU2Ec",
    "$pbkdf2-sha512$25000$PUdIqZXSOocwhhDiPCdEKA$f9xlMh6ePYhaLfB6nr5WHqZ6oB7KPzZ8BbNuVBOILvGbEBKXkOFpDeti996z9fSvdvjV3.AjB.Apt/MTSMX40A",
    "$scrypt$ln=10,r=8,p=1$y5nzXktpDSHEuPc+Z+ydsw$jxr3NTjPJt4XE7y/wZUEGi1HY7HSC3TwTZiD4hY0+Gs",
    "$argon2i$v=19$m=1024,t=3,p=2$7X2vlZKy9v6fM0YIIeQcYw$2DmSc1o7tocUB+CNNBN7BNs2jxZ5XBk4qw4wDdIQXeU",
    "$argon2d$v=19$m=1024,t=3,p=2$nvM+xxjjHCNkrPXem5Py3g$5qKwogCAQ72GB3m8pMmwL+u67NqWqp+CFNzEkg2ocMs",
];

#[tokio::test]
async fn pw_7_a_hash_of_another_program_matches_once_and_is_due() {
    let pool = cheap_pool();
    for text in OF_DJANGO.into_iter().chain(OF_OTHERS) {
        let hash = PasswordHash::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let before = pool.hashes_computed();
        let verdict = pool.verify(password(PASSWORD), Some(hash.clone())).await.unwrap();
        assert_eq!(verdict, Verdict::Match { needs_rehash: true }, "{text}");
        let wrong = pool.verify(password("correct horse battery staple"), Some(hash)).await.unwrap();
        assert_eq!(wrong, Verdict::NoMatch, "{text}");
        assert_eq!(pool.hashes_computed() - before, 2, "{text}");
    }
}

#[tokio::test]
async fn pw_4_bcrypt_counts_72_bytes_and_no_password_with_a_nul() {
    let pool = cheap_pool();
    let matches = async |typed: &str, hash: &str| {
        pool.verify(password(typed), Some(stored(hash))).await.unwrap() != Verdict::NoMatch
    };
    // Of 71 `x` and `yz tail`.
    let long = "$2b$04$OPc2nNlTf.Eps65uXFtlAeiw0m7UADDme0i3O1fnwJSUwN9gL5rBu";
    let begins = "x".repeat(71);
    assert!(matches(&format!("{begins}yz tail"), long).await);
    assert!(matches(&format!("{begins}y"), long).await);
    assert!(!matches(&format!("{begins}z"), long).await);
    assert!(!matches(&begins, long).await);
    // Of `a`, which bcrypt repeats with a NUL behind it: to it, `a\0a` is the same.
    let a = "$2b$04$T91J/KGdzmm8g9kfBj754OUk.KxSQXewSniN.MMTWeWC3FNimo8tG";
    assert!(matches("a", a).await);
    for typed in ["a\0a", "a\0", "a\0a\0a", ""] {
        assert!(!matches(typed, a).await, "{typed:?}");
    }
}

#[tokio::test]
async fn pw_7_a_foreign_hash_that_costs_too_much_is_never_computed() {
    for (text, costs, too_much) in [
        (OF_OTHERS[0], "$05$", "$15$"),
        (OF_OTHERS[0], "$05$", "$31$"),
        (OF_DJANGO[4], "$05$", "$31$"),
        (OF_DJANGO[0], "$1000000$", "$4000001$"),
        (OF_DJANGO[0], "$1000000$", "$4294967295$"),
        (OF_OTHERS[4], "$29000$", "$2147483647$"),
        (OF_OTHERS[7], "ln=10", "ln=19"),
        (OF_OTHERS[7], "ln=10", "ln=63"),
        (OF_OTHERS[7], "r=8", "r=4294967295"),
        (OF_OTHERS[7], "p=1", "p=4294967295"),
        (OF_DJANGO[3], "$16384$", "$9223372036854775808$"),
        (OF_DJANGO[3], "$8$5$", "$8$100$"),
    ] {
        let costly = text.replace(costs, too_much);
        assert_ne!(costly, text);
        assert!(matches!(PasswordHash::parse(&costly), Err(HashError::TooCostly)), "{costly}");
        // Were it in the database all the same, a login would cost one hash of our own.
        let pool = cheap_pool();
        assert!(pool.verify(password(PASSWORD), Some(stored(&costly))).await.is_err());
        assert_eq!(pool.hashes_computed(), 1);
    }
}

#[test]
fn pw_7_what_is_of_no_known_form_is_refused() {
    let mut broken: Vec<String> = [
        "",
        "!",
        "!QOhL6JTxOt11vg9H9zugylBXVSNvg78qtw0gVunW",
        "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
        "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        "$2x$05$wI8YdhM2rhP2iiKIrtg1COToRcBYThEbzGvVE31RkFL16AqfQqS.e",
        "$2b$5$wI8YdhM2rhP2iiKIrtg1COToRcBYThEbzGvVE31RkFL16AqfQqS.ee",
        "$2b$03$wI8YdhM2rhP2iiKIrtg1COToRcBYThEbzGvVE31RkFL16AqfQqS.e",
        "$2b$05$wI8YdhM2rhP2iiKIrtg1COToRcBYThEbzGvVE31RkFL16AqfQqS.",
        "$2b$05$wI8YdhM2rhP2iiKIrtg1ääToRcBYThEbzGvVE31RkFL16AqfQqS.e",
        "bcrypt$bcrypt$$2b$05$oISyWtuP.2OvmuNB8iTYXe07OgYJImkkSNzoua9QMzozgAQ4qcAL6",
        "pbkdf2_sha256$0$salt$2VZNovRRfWmw852oxZyLIte4VbvjZgVadG7UjV7xCPo=",
        "pbkdf2_sha256$-1$salt$2VZNovRRfWmw852oxZyLIte4VbvjZgVadG7UjV7xCPo=",
        "pbkdf2_md5$1000$salt$2VZNovRRfWmw852oxZyLIte4VbvjZgVadG7UjV7xCPo=",
        "pbkdf2_sha256$1000$salt$2VZN",
        "pbkdf2_sha256$1000$salt$",
        "scrypt$16383$salt$8$1$2VZNovRRfWmw852oxZyLIte4VbvjZgVadG7UjV7xCPo=",
        "scrypt$1$salt$8$1$2VZNovRRfWmw852oxZyLIte4VbvjZgVadG7UjV7xCPo=",
        "scrypt$0$salt$8$1$2VZNovRRfWmw852oxZyLIte4VbvjZgVadG7UjV7xCPo=",
        "scrypt$16384$salt$0$1$2VZNovRRfWmw852oxZyLIte4VbvjZgVadG7UjV7xCPo=",
        "$scrypt$ln=10,r=8$y5nzXktpDSHEuPc+Z+ydsw$jxr3NTjPJt4XE7y/wZUEGi1HY7HSC3TwTZiD4hY0+Gs",
    ]
    .map(str::to_owned)
    .into();
    let whole = OF_DJANGO.into_iter().chain(OF_OTHERS);
    broken.extend(whole.clone().map(|text| format!("{text}$")));
    broken.extend(whole.clone().map(|text| format!(" {text}")));
    broken.extend(whole.map(|text| text.rsplit_once('$').unwrap().0.to_owned()));
    for text in &broken {
        assert!(matches!(PasswordHash::parse(text), Err(HashError::Unreadable)), "{text}");
    }
}

#[test]
fn djangos_name_before_a_hash_that_has_its_own_is_taken_off() {
    for (text, kept) in [(OF_DJANGO[2], "$argon2id$v=19$m=102400"), (OF_DJANGO[5], "$2b$05$oISy")] {
        assert!(PasswordHash::parse(text).unwrap().as_str().starts_with(kept));
    }
}
