//! The attacks of the public playbooks by the names that they have there, each with what is tried here for it and what
//! comes of it.
//!
//! The playbooks: the scans of `jwt_tool` (playbook `pb`, forced errors `er`, common claims `cc`), the labs of
//! `PortSwigger`'s Web Security Academy, the list of `PayloadsAllTheThings`, and section 2 of RFC 8725 with its
//! successor's draft. What they do with a token is written anew here; none of their text or code is.

use std::{fs, path::Path};

use portcullis::{
    guard::AuthLayer,
    jwt::{Algorithm, KeyRing},
};
use serde_json::{Value, json};

use super::{
    playbook::{Attack, answer, attacks, parts, plays},
    support::{ALL, claims, encode, header_with, key, ring, verifier},
};

/// What comes of an attack.
enum Verdict {
    /// Each of these tokens, named by how its name in `playbook` begins, is answered with 401, under whatever key.
    Is401(&'static [&'static str]),
    /// With 400: the credential cannot be read.
    Is400(&'static [&'static str]),
    /// This test, in that file below `tests`, shows it where no token can.
    ShownBy(&'static str, &'static str),
}

use Verdict::{Is400, Is401, ShownBy};

const ATTACKS: &[(&str, &str, Verdict)] = &[
    ("jwt_tool pb", "broken signature", Is401(&["signature: short", "signature: of another token"])),
    (
        "jwt_tool pb",
        "the original token still works in between",
        ShownBy("jwt/playbook.rs", "only_the_token_as_it_was_issued_is_let_in"),
    ),
    ("jwt_tool pb -X b", "blank password accepted in signature", Is401(&["guessed: "])),
    ("jwt_tool pb -X n", "null signature", Is401(&["unsigned: "])),
    ("jwt_tool pb -X a", "alg none, None, NONE, nOnE", Is401(&["unsigned: "])),
    ("jwt_tool pb -X k", "key confusion with the public key", Is401(&["confusion: "])),
    ("jwt_tool pb -X i", "inline JWKS injected", Is401(&["brought along: jwk"])),
    ("jwt_tool pb -X s", "JWKS spoofed behind jku", Is401(&["brought along: jku"])),
    (
        "jwt_tool pb -X s",
        "the spoofed JWKS is never fetched",
        ShownBy("remote/unknown.rs", "jwt_3_nothing_a_token_points_at_is_fetched"),
    ),
    ("jwt_tool pb -I kid", "blank kid, null-signed", Is401(&["kid: "])),
    ("jwt_tool pb -I kid", "[path traversal]/dev/null", Is401(&["kid: ../../../../../../dev/null"])),
    ("jwt_tool pb -I kid", "/dev/null", Is401(&["kid: /dev/null"])),
    ("jwt_tool pb -I kid", "/invalid_path, and a file whose content is known", Is401(&["kid: file:///proc/"])),
    ("jwt_tool pb -I kid", "command injection: |sleep 10", Is401(&["kid: |sleep 10"])),
    ("jwt_tool pb -I kid", "command injection: curl", Is401(&["kid: $(curl"])),
    ("jwt_tool pb -I kid", "SQL injection that answers the secret", Is401(&["kid: x' UNION SELECT"])),
    ("jwt_tool pb", "claims processed before the signature is checked", Is401(&["injected: "])),
    (
        "jwt_tool pb",
        "a claim of a forged token shows in the answer",
        ShownBy("jwt/signature_first.rs", "jwt_15_a_forged_claim_shows_nowhere"),
    ),
    ("jwt_tool pb", "common passwords as HMAC secrets", Is401(&["guessed: "])),
    ("jwt_tool er", "null, true, false, text and 0 in each header", Is401(&["injected: header "])),
    ("jwt_tool er", "null, true, false, text and 0 in each claim", Is401(&["injected: claim "])),
    (
        "jwt_tool cc",
        "a URL in each common header and claim",
        Is401(&["injected: header jku", "injected: header x5u", "injected: claim iss"]),
    ),
    ("jwt_tool -C", "dictionary attack on the secret", ShownBy("jwt/keys.rs", "jwt_11_a_short_secret_is_refused")),
    ("PortSwigger", "authentication bypass via unverified signature", Is401(&["claims: sub"])),
    ("PortSwigger", "authentication bypass via flawed signature verification", Is401(&["unsigned: "])),
    ("PortSwigger", "authentication bypass via weak signing key", Is401(&["guessed: "])),
    ("PortSwigger", "authentication bypass via jwk header injection", Is401(&["brought along: jwk"])),
    ("PortSwigger", "authentication bypass via jku header injection", Is401(&["brought along: jku"])),
    ("PortSwigger", "authentication bypass via kid header path traversal", Is401(&["kid: ../../"])),
    ("PortSwigger", "authentication bypass via algorithm confusion", Is401(&["confusion: "])),
    ("PortSwigger", "the same with no exposed key: the public key recovered from two tokens", Is401(&["confusion: "])),
    ("PortSwigger", "cty, x5c and other headers", Is401(&["container: nested", "brought along: x5c"])),
    ("PayloadsAllTheThings", "null signature (CVE-2020-28042)", Is401(&["unsigned: "])),
    (
        "PayloadsAllTheThings",
        "disclosure of a correct signature (CVE-2019-7644)",
        ShownBy("jwt/signature_first.rs", "jwt_15_a_forged_claim_shows_nowhere"),
    ),
    ("PayloadsAllTheThings", "none algorithm (CVE-2015-9235)", Is401(&["unsigned: "])),
    ("PayloadsAllTheThings", "key confusion RS256 to HS256 (CVE-2016-5431)", Is401(&["confusion: "])),
    ("PayloadsAllTheThings", "key injection (CVE-2018-0114)", Is401(&["brought along: jwk"])),
    ("PayloadsAllTheThings", "recover public key from signed JWTs", Is401(&["confusion: "])),
    ("PayloadsAllTheThings", "brute force of the secret", ShownBy("jwt/keys.rs", "jwt_11_a_short_secret_is_refused")),
    ("PayloadsAllTheThings", "kid misuse", Is401(&["kid: "])),
    ("PayloadsAllTheThings", "jku header injection", Is401(&["brought along: jku"])),
    (
        "CVE-2022-21449",
        "psychic signature: r and s are zero, or the order of the curve",
        Is401(&["signature: zero", "signature: the order", "signature: one and the order"]),
    ),
    ("CVE-2019-20933", "blank shared secret", Is401(&["guessed: "])),
    ("CVE-2026-32597", "crit ignored", Is401(&["extension: crit"])),
    ("CVE-2024-53861, CVE-2025-30144", "issuer by substring, issuer in a list", Is401(&["claims: iss"])),
    ("CVE-2026-25537", "a time that is a text counts as absent", Is401(&["claims: exp"])),
    (
        "RFC 8725 2.1",
        "weak signatures and insufficient signature validation",
        Is401(&["unsigned: ", "confusion: ", "signature: "]),
    ),
    ("RFC 8725 2.2", "weak symmetric keys", ShownBy("jwt/keys.rs", "jwt_11_a_short_secret_is_refused")),
    (
        "RFC 8725 2.3",
        "incorrect composition of encryption and signature",
        Is401(&["container: nested", "container: encrypted"]),
    ),
    (
        "RFC 8725 2.4",
        "plaintext leakage through analysis of ciphertext length",
        Is401(&["container: encrypted", "extension: zip"]),
    ),
    (
        "RFC 8725 2.5",
        "insecure use of elliptic curve encryption",
        ShownBy("jwt/keys.rs", "jwt_11_a_point_off_its_curve_is_refused"),
    ),
    ("RFC 8725 2.6", "multiplicity of JSON encodings", Is401(&["readings: "])),
    ("RFC 8725 2.7", "substitution attacks", Is401(&["claims: aud", "claims: iss"])),
    ("RFC 8725 2.8", "cross-JWT confusion", Is401(&["extension: typ"])),
    (
        "RFC 8725 2.9",
        "indirect attacks on the server: kid, jku, x5u",
        Is401(&["kid: ", "brought along: jku", "brought along: x5u"]),
    ),
    ("RFC 8725bis", "PBES2 iteration count", Is401(&["algorithm: PBES2-HS256+A128KW"])),
    ("RFC 8725bis", "decompression", Is401(&["extension: zip"])),
    (
        "RFC 8725bis",
        "JWT format confusion: JSON in place of dots",
        Is400(&["container: flattened JSON", "container: general JSON"]),
    ),
    (
        "RFC 8725bis",
        "more than one token, or a token with something around it",
        Is400(&["spelling: 13", "spelling: 16"]),
    ),
];

#[tokio::test]
async fn every_attack_of_the_playbooks_gets_its_verdict() {
    for algorithm in ALL {
        let guard = AuthLayer::new(verifier(ring(algorithm)));
        let tried = plays(algorithm);
        for (source, attack, verdict) in ATTACKS {
            let (status, beginnings) = match verdict {
                Is401(beginnings) => (401, beginnings),
                Is400(beginnings) => (400, beginnings),
                ShownBy(file, test) => {
                    assert_is_there(file, test);
                    continue;
                }
            };
            for beginning in *beginnings {
                let tokens: Vec<_> = tried.iter().filter(|(name, _)| name.starts_with(beginning)).collect();
                // A secret has no public form to be confused with.
                let exempt = algorithm == Algorithm::Hs256 && beginning.starts_with("confusion");
                assert!(exempt == tokens.is_empty(), "{source}, {attack}: nothing is tried as {beginning:?}");
                for (name, credential) in tokens {
                    let answer = answer(&guard, credential).await.map(|(status, _)| status.as_u16());
                    assert_eq!(answer, Some(status), "{source}, {attack}: {algorithm} {name}");
                }
            }
        }
    }
}

fn assert_is_there(file: &str, test: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file);
    let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert!(source.contains(&format!("fn {test}(")), "{file} has no {test}");
}

/// A secret that a dictionary holds cannot be a key in the first place.
#[test]
fn no_secret_of_a_dictionary_makes_a_key() {
    for secret in ["", "secret", "password", "your-256-bit-secret", "changeme", "jwt_tool", "qwertyuiop123456"] {
        assert!(KeyRing::hs256(secret).is_err(), "{secret}");
    }
}

/// What scanners write into each header and each claim, under the signature as it was.
pub(super) fn injections(algorithm: Algorithm) -> Vec<Attack> {
    let [header, claims_segment, signature] = parts(algorithm);
    let values = || {
        let texts = ["", "jwt_tool", "https://scanner.example/injected", "\u{0}", "{{7*7}}", "<script>", "'\"--"];
        let texts = texts.into_iter().map(Value::from);
        texts.chain([
            Value::Null,
            true.into(),
            false.into(),
            0.into(),
            (-1).into(),
            json!([]),
            json!({}),
            json!([null]),
        ])
    };
    let headers = ["alg", "typ", "kid", "jku", "jwk", "x5u", "x5t", "x5c", "cty", "zip", "url"];
    let in_header = headers.into_iter().flat_map(|name| {
        let of = |value| format!("{}.{claims_segment}.{signature}", encode(header_with(key(algorithm), name, value)));
        values().map(move |value| (format!("header {name}"), of(value))).collect::<Vec<_>>()
    });
    let names = [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "sid",
        "gen",
        "scope",
        "roles",
        "acr",
        "amr",
        "email",
        "admin",
        "is_admin",
        "role",
        "user_id",
        "username",
        "permissions",
    ];
    let in_claims = names.into_iter().flat_map(|name| {
        let of = |value| {
            let mut claims = claims();
            claims[name] = value;
            format!("{header}.{}.{signature}", encode(claims.to_string()))
        };
        values().map(move |value| (format!("claim {name}"), of(value))).collect::<Vec<_>>()
    });
    attacks("injected", in_header.chain(in_claims).collect::<Vec<_>>())
}
