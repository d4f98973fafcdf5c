//! Which keys are taken.

use portcullis::jwt::{Algorithm, KeyError, KeyRing, SigningKey, VerifyingKey};
use serde_json::{Value, json};

use super::{
    support::{ALL, copy, encode, key, ring, signature, token, verifier},
    vectors,
};

fn jwk(algorithm: Algorithm) -> Value {
    key(algorithm).verifying_key().public_jwk().unwrap()
}

fn with(mut jwk: Value, name: &str, value: Value) -> String {
    jwk[name] = value;
    jwk.to_string()
}

macro_rules! assert_refused {
    ($result:expr, $error:pat) => {
        let refused = $result;
        assert!(matches!(refused, Err($error)), "{refused:?}");
    };
}

#[test]
fn jwt_11_a_short_secret_is_refused() {
    for length in [0, 1, 31] {
        let secret = vec![7; length];
        assert_refused!(KeyRing::hs256(&secret), KeyError::ShortSecret);
        assert_refused!(SigningKey::hs256(&secret), KeyError::ShortSecret);
        assert_refused!(VerifyingKey::hs256(&secret), KeyError::ShortSecret);
        assert_refused!(SigningKey::import(Algorithm::Hs256, "k", &secret), KeyError::ShortSecret);
        let oct = json!({ "kty": "oct", "k": encode(&secret) });
        assert_refused!(VerifyingKey::from_jwk(&oct.to_string()), KeyError::ShortSecret);
    }
    assert!(KeyRing::hs256([7; 32]).is_ok());
}

#[test]
fn jwt_11_weak_rsa_keys_are_refused() {
    assert_refused!(SigningKey::from_pem(include_str!("pem/rsa1024.pem")), KeyError::Unsupported | KeyError::RsaSize);
    assert_refused!(VerifyingKey::from_pem(include_str!("pem/rsa1024.pub.pem")), KeyError::RsaSize);
    let small = json!({ "kty": "RSA", "e": "AQAB", "n": encode([0xc3; 255]) });
    assert_refused!(VerifyingKey::from_jwk(&small.to_string()), KeyError::RsaSize);
    let large = json!({ "kty": "RSA", "e": "AQAB", "n": encode([0xc3; 1025]) });
    assert_refused!(VerifyingKey::from_jwk(&large.to_string()), KeyError::RsaSize);
    for exponent in [[1].as_slice(), &[2], &[1, 0, 0], &[]] {
        let weak = with(jwk(Algorithm::Rs256), "e", json!(encode(exponent)));
        assert_refused!(VerifyingKey::from_jwk(&weak), KeyError::RsaExponent);
    }
    let roca = vectors::wycheproof_key("jws_rsa_roca_key");
    assert_refused!(VerifyingKey::from_jwk(&roca.to_string()), KeyError::RsaFactorable);
}

#[test]
fn jwt_11_a_point_off_its_curve_is_refused() {
    let off = with(jwk(Algorithm::Es256), "y", json!(encode([7; 32])));
    assert_refused!(VerifyingKey::from_jwk(&off), KeyError::OffCurve);
    for (name, length) in [("x", 31), ("x", 33), ("y", 0)] {
        let short = with(jwk(Algorithm::Es256), name, json!(encode(vec![1; length])));
        assert_refused!(VerifyingKey::from_jwk(&short), KeyError::OffCurve);
    }
    let short = with(jwk(Algorithm::EdDsa), "x", json!(encode([1; 31])));
    assert_refused!(VerifyingKey::from_jwk(&short), KeyError::OffCurve);
}

#[test]
fn jwt_11_other_curves_and_kinds_are_refused() {
    for (algorithm, curve) in
        [(Algorithm::Es256, "P-384"), (Algorithm::Es256, "secp256k1"), (Algorithm::EdDsa, "Ed448")]
    {
        assert_refused!(VerifyingKey::from_jwk(&with(jwk(algorithm), "crv", json!(curve))), KeyError::Unsupported);
    }
    assert_refused!(VerifyingKey::from_jwk(&with(jwk(Algorithm::Es256), "kty", json!("OKP"))), KeyError::Unsupported);
    assert_refused!(VerifyingKey::from_jwk(&with(jwk(Algorithm::Es256), "kty", json!("RSA"))), KeyError::Unsupported);
    assert_refused!(SigningKey::from_pem(include_str!("pem/p384.pem")), KeyError::Unsupported);
    assert_refused!(VerifyingKey::from_pem(include_str!("pem/p384.pub.pem")), KeyError::Unsupported);
    let pem = include_str!("pem/p256.pub.pem");
    assert_refused!(VerifyingKey::from_pem(&pem.replace("PUBLIC KEY", "CERTIFICATE")), KeyError::Unsupported);
    assert_refused!(VerifyingKey::from_pem(&pem.repeat(2)), KeyError::Unsupported);
    assert_refused!(VerifyingKey::from_pem("a secret that is long enough to be one"), KeyError::Unsupported);
    assert_refused!(SigningKey::from_pem(include_str!("pem/p256-encrypted.pem")), KeyError::Unsupported);
}

#[test]
fn jwt_11_a_key_for_something_else_is_refused() {
    for (name, value) in [("use", json!("enc")), ("key_ops", json!(["encrypt"])), ("key_ops", json!("verify"))] {
        let other = with(jwk(Algorithm::Es256), name, value);
        assert_refused!(VerifyingKey::from_jwk(&other), KeyError::WrongUse);
    }
    for alg in ["ES384", "HS256", "none", "RS256", "A256GCM", "es256"] {
        assert_refused!(
            VerifyingKey::from_jwk(&with(jwk(Algorithm::Es256), "alg", json!(alg))),
            KeyError::WrongAlgorithm
        );
    }
    assert!(VerifyingKey::from_jwk(&with(jwk(Algorithm::EdDsa), "alg", json!("Ed25519"))).is_ok());
    assert!(VerifyingKey::from_jwk(&with(jwk(Algorithm::Es256), "key_ops", json!(["verify"]))).is_ok());
    let exported = key(Algorithm::Es256).export();
    for algorithm in [Algorithm::EdDsa, Algorithm::Rs256] {
        assert_refused!(SigningKey::import(algorithm, "k", &exported), KeyError::WrongAlgorithm);
    }
}

#[test]
fn jwt_11_a_private_key_is_no_public_one() {
    let leaked = with(jwk(Algorithm::Es256), "d", json!(encode([7; 32])));
    assert_refused!(VerifyingKey::from_jwk(&leaked), KeyError::Private);
    assert_refused!(VerifyingKey::from_pem(include_str!("pem/p256.pem")), KeyError::Private);
    assert_refused!(SigningKey::from_pem(include_str!("pem/p256.pub.pem")), KeyError::Unsupported);
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        assert!(VerifyingKey::from_der(&key(algorithm).export()).is_err());
    }
}

#[test]
fn jwt_11_a_ring_is_not_ambiguous() {
    let [secret, p256, ed25519] = [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa].map(|each| copy(key(each)));
    assert_refused!(KeyRing::new([]), KeyError::NoKeys);
    assert_refused!(KeyRing::new([copy(&p256), copy(&p256)]), KeyError::DuplicateKid);
    assert_refused!(KeyRing::new([copy(&p256), ed25519.with_kid(p256.kid()).unwrap()]), KeyError::DuplicateKid);
    assert_refused!(KeyRing::new([copy(&secret), copy(&p256)]), KeyError::Mixed);
    let oct = json!({ "kty": "oct", "k": encode(secret.export()) });
    let sets = [
        json!({ "keys": [oct, jwk(Algorithm::Es256)] }),
        json!({ "keys": [jwk(Algorithm::Es256), jwk(Algorithm::Es256)] }),
        json!({ "keys": [] }),
        json!({ "keys": [{ "kty": "EC" }] }),
        json!({ "keys": {} }),
        json!([]),
    ];
    for set in sets {
        assert!(KeyRing::from_jwk_set(&set.to_string()).is_err(), "{set}");
    }
    for kid in ["", &"k".repeat(257)] {
        assert_refused!(copy(&p256).with_kid(kid), KeyError::BadKid);
    }
}

#[test]
fn one_bad_key_does_not_spoil_a_set() {
    let encryption = serde_json::from_str::<Value>(&with(jwk(Algorithm::EdDsa), "use", json!("enc"))).unwrap();
    let set = json!({ "keys": [encryption, 7, { "kty": "EC", "crv": "P-521" }, jwk(Algorithm::Rs256)] });
    let keys = KeyRing::from_jwk_set(&set.to_string()).unwrap();
    assert!(keys.find(Some(key(Algorithm::Rs256).kid())).is_some());
    assert!(keys.find(Some(key(Algorithm::EdDsa).kid())).is_none());
}

#[test]
fn duplicate_members_of_a_jwk_are_refused() {
    let jwk = jwk(Algorithm::Es256).to_string();
    let twice = format!("{},\"kid\":\"other\"}}", jwk.strip_suffix('}').unwrap());
    assert_refused!(VerifyingKey::from_jwk(&twice), KeyError::Unsupported);
}

#[test]
fn what_openssl_writes_is_read() {
    let pairs = [
        (Algorithm::Es256, include_str!("pem/p256.pem"), include_str!("pem/p256.pub.pem")),
        (Algorithm::Es256, include_str!("pem/p256-sec1.pem"), include_str!("pem/p256.pub.pem")),
        (Algorithm::EdDsa, include_str!("pem/ed25519.pem"), include_str!("pem/ed25519.pub.pem")),
        (Algorithm::Rs256, include_str!("pem/rsa.pem"), include_str!("pem/rsa.pub.pem")),
        (Algorithm::Rs256, include_str!("pem/rsa-pkcs1.pem"), include_str!("pem/rsa-pkcs1.pub.pem")),
    ];
    for (algorithm, private, public) in pairs {
        let (signing, verifying) = (SigningKey::from_pem(private).unwrap(), VerifyingKey::from_pem(public).unwrap());
        assert_eq!((signing.algorithm(), verifying.algorithm()), (algorithm, algorithm));
        assert_eq!(signing.kid(), verifying.kid());
        let token =
            token(&signing, &super::support::header(&signing).to_string(), &super::support::claims().to_string());
        assert!(verifier(KeyRing::from_pem(public).unwrap()).verify(&token).is_ok());
        assert!(KeyRing::from_pem(private).unwrap().signer().is_some());
        assert!(KeyRing::from_pem(public).unwrap().signer().is_none());
    }
}

#[test]
fn a_key_comes_back_as_it_was_exported() {
    for algorithm in ALL {
        let again = copy(key(algorithm));
        assert_eq!(again.kid(), key(algorithm).kid());
        assert_eq!(again.export(), key(algorithm).export());
        if algorithm != Algorithm::Es256 {
            assert_eq!(signature(&again, b"message"), signature(key(algorithm), b"message"));
        }
    }
}

#[test]
fn the_id_of_a_secret_is_the_same_for_all_who_share_it() {
    let (one, same, other) = ([1; 32], [1; 32], [2; 32]);
    let kid = |secret| KeyRing::hs256(secret).unwrap().signer().unwrap().kid().to_owned();
    assert_eq!(kid(one), kid(same));
    assert_ne!(kid(one), kid(other));
}

#[test]
fn keys_show_nothing_of_themselves() {
    for algorithm in ALL {
        let shown = format!("{:?} {:?} {:?}", key(algorithm), key(algorithm).verifying_key(), ring(algorithm));
        let expected = format!("SigningKey {{ kid: {:?}, algorithm: {algorithm:?}, .. }}", key(algorithm).kid());
        assert!(shown.starts_with(&expected), "{shown}");
        assert!(!shown.contains("EncodingKey") && !shown.contains("DecodingKey"), "{shown}");
    }
}
