//! What a peer mints, read by us.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use portcullis::jwt::{
    Algorithm, TokenError,
    TokenErrorKind::{self, BadClaims, BadHeader, Expired, ForbiddenHeader, UnknownKey, WrongAlgorithm, WrongType},
};
use serde_json::{Value, json};

use crate::{
    keys::{ALL, PUBLIC, TheirKey, claims, their_key, verifier},
    peer::Peer,
};

fn sign(alg: &str, key: &Value, header: &Value, claims: &Value) -> Value {
    json!({ "do": "sign", "alg": alg, "key": key, "header": header, "claims": claims })
}

fn header() -> Value {
    json!({ "typ": "at+jwt", "kid": "theirs" })
}

fn with(mut value: Value, name: &str, member: Value) -> Value {
    value[name] = member;
    value
}

/// A good token of each algorithm and under each of its names, with the key.
fn good(peer: Peer) -> Vec<(&'static str, TheirKey, String)> {
    let names = ["HS256", "ES256", "EdDSA", "Ed25519", "RS256"];
    let keys = names.map(|name| their_key(peer, Algorithm::parse(name).unwrap()));
    let questions: Vec<_> =
        names.iter().zip(&keys).map(|(name, key)| sign(name, &key.private, &header(), &json!(claims()))).collect();
    let mut good = Vec::new();
    for ((name, key), answer) in names.into_iter().zip(keys).zip(peer.ask(&questions)) {
        match answer["token"].as_str() {
            Some(token) => good.push((name, key, token.to_owned())),
            // It knows the algorithm by its older name only.
            None => assert_eq!((peer, name), (Peer::PyJwt, "Ed25519"), "{answer}"),
        }
    }
    good
}

pub(crate) fn good_ones_are_accepted(peer: Peer) {
    for (algorithm, key, token) in good(peer) {
        for key in key.verifying {
            let read = verifier(key).verify(&token).unwrap_or_else(|error| panic!("{algorithm}: {error}"));
            let mut expected = claims();
            // The two were not made in the same second, perhaps.
            (expected.iat, expected.nbf, expected.exp) = (read.iat, read.nbf, read.exp);
            expected.auth_time = read.auth_time;
            assert_eq!(json!(read), json!(expected), "{algorithm}");
        }
    }
}

pub(crate) fn changed_bits_are_refused(peer: Peer) {
    for (algorithm, key, token) in good(peer) {
        let verifier = verifier(key.verifying[0].clone());
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] ^= 1 << (at % 7);
            let changed = String::from_utf8(changed).unwrap();
            assert!(verifier.verify(&changed).is_err(), "{algorithm} {at}");
            assert!(verifier.verify(&token[..at]).is_err(), "{algorithm} {at}");
        }
    }
}

pub(crate) fn odd_ones_are_refused(peer: Peer) {
    let foreign = json!({ "kty": "oct", "k": "AAAA" });
    let headers: [(&str, Value, TokenErrorKind); 8] = [
        ("crit", json!(["exp"]), ForbiddenHeader),
        ("crit", json!(["http://example.com/x"]), ForbiddenHeader),
        ("jwk", foreign, ForbiddenHeader),
        ("jku", json!("https://evil.example/keys"), ForbiddenHeader),
        ("cty", json!("JWT"), ForbiddenHeader),
        ("kid", json!("another"), UnknownKey),
        ("kid", json!(7), BadHeader),
        ("typ", json!("JWT"), WrongType),
    ];
    for algorithm in ALL {
        let key = their_key(peer, algorithm);
        let mut cases = Vec::new();
        for (name, value, kind) in &headers {
            let header = with(with(header(), "http://example.com/x", json!(1)), "exp", json!(1));
            cases.push((
                sign(algorithm.as_str(), &key.private, &with(header, name, value.clone()), &json!(claims())),
                *kind,
            ));
        }
        let claims = json!(claims());
        cases
            .push((sign(algorithm.as_str(), &key.private, &header(), &with(claims.clone(), "exp", json!(1))), Expired));
        cases.push((
            sign(algorithm.as_str(), &key.private, &header(), &with(claims.clone(), "scope", json!([]))),
            BadClaims,
        ));
        cases.push((sign("none", &key.private, &header(), &claims), WrongAlgorithm));
        let (questions, kinds): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
        let mut minted = 0;
        for (answer, kind) in peer.ask(&questions).into_iter().zip(kinds) {
            // Some of these a peer will not even sign.
            let Some(token) = answer["token"].as_str() else { continue };
            minted += 1;
            let refused = verifier(key.verifying[0].clone()).verify(token).map_err(TokenError::kind);
            // Not every peer lets the header of an unsigned token be chosen, so it can be refused for its type first.
            let is_unsigned = kind == WrongAlgorithm;
            assert!(
                refused == Err(kind) || is_unsigned && refused == Err(WrongType),
                "{algorithm}: {refused:?}, not {kind:?}"
            );
        }
        assert!(minted >= 7, "{algorithm}: {peer:?} has signed {minted} of {}", questions.len());
    }
}

pub(crate) fn confused_ones_are_refused(peer: Peer) {
    for algorithm in PUBLIC {
        let key = their_key(peer, algorithm);
        let (jwk, pem) = (&key.public[0]["jwk"], key.public[1]["pem"].as_str().unwrap());
        let part = jwk["x"].as_str().or(jwk["n"].as_str()).unwrap();
        let forms = [jwk.to_string(), pem.to_owned()].map(|form| URL_SAFE_NO_PAD.encode(form));
        let secrets = forms.into_iter().chain([part.to_owned()]).map(|secret| json!({ "secret": secret }));
        let questions: Vec<_> = secrets.map(|secret| sign("HS256", &secret, &header(), &json!(claims()))).collect();
        let answers = peer.ask(&questions);
        // Not every peer takes a key in PEM for a secret.
        assert!(answers.iter().any(|answer| answer["token"].is_string()), "{algorithm}: {answers:?}");
        for token in answers.iter().filter_map(|answer| answer["token"].as_str()) {
            for key in &key.verifying {
                let refused = verifier(key.clone()).verify(token).map_err(TokenError::kind);
                assert_eq!(refused, Err(WrongAlgorithm), "{algorithm}");
            }
        }
    }
}
