//! What the benches share: keys, tokens as a login makes them, and a service that answers at once.
#![allow(dead_code, reason = "each bench uses a part of it")]

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use aws_lc_rs::{
    encoding::AsDer,
    hmac, rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
        ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Method, Request, Response};
use portcullis::{
    CredentialKind, Identity, Principal,
    clock::{Clock, SystemClock, Timestamp},
    guard::{AuthError, AuthLayer, Authenticate, Credential, Presented, RouteRule},
    jwt::{Algorithm, Claims, JwtIssuer, JwtVerifier, KeyRing, SigningKey},
};
use tower::Service;

pub(crate) const ALL: [Algorithm; 4] = [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256];

const ISSUER: &str = "https://id.example";
const AUDIENCE: &str = "https://notes.example";

/// One key, and what is made with it.
pub(crate) struct Keys {
    ring: KeyRing,
    exported: Vec<u8>,
}

impl Keys {
    /// A new key, for RSA of the size that most have: 2048 bits.
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let key = if algorithm == Algorithm::Rs256 {
            let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
            SigningKey::from_pkcs8_der(pair.as_der().unwrap().as_ref())
        } else {
            SigningKey::generate(algorithm)
        };
        let key = key.unwrap();
        Self { exported: key.export().to_vec(), ring: KeyRing::new([key]).unwrap() }
    }

    pub(crate) fn verifier(&self) -> JwtVerifier {
        JwtVerifier::new(self.ring.clone()).issuer(ISSUER).audience(AUDIENCE)
    }

    /// This many tokens of half a kilobyte, with what a login puts into them.
    pub(crate) fn tokens(&self, count: usize) -> Vec<String> {
        (0..count).map(|user| self.token(user)).collect()
    }

    fn token(&self, user: usize) -> String {
        let (subject, now) = (format!("user-{user:08}"), SystemClock.now());
        let mut claims = Claims::new(ISSUER, AUDIENCE, subject, now, Duration::from_hours(1));
        claims.jti = Some(format!("{user:022}"));
        claims.sid = Some(format!("session-{user:014}"));
        claims.generation = Some(1);
        claims.client_id = Some(ISSUER.into());
        claims.scope = ["notes:read", "notes:write"].into_iter().collect();
        claims.amr = vec!["pwd".into()];
        claims.acr = Some("aal1".into());
        claims.auth_time = Some(now);
        claims.name = Some("Ada Lovelace".into());
        JwtIssuer::new(self.ring.clone()).sign(&claims).unwrap()
    }

    /// The check of this token's signature and nothing else, by the crypto library itself on a key it has parsed.
    pub(crate) fn bare_check(&self, token: &str) -> Box<dyn Fn() -> bool> {
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (message, signature) = (message.as_bytes().to_vec(), URL_SAFE_NO_PAD.decode(signature).unwrap());
        let key = match self.ring.signer().unwrap().algorithm() {
            Algorithm::Hs256 => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, &self.exported);
                return Box::new(move || hmac::verify(&key, &message, &signature).is_ok());
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.exported).unwrap();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key())
            }
            Algorithm::EdDsa => {
                ParsedPublicKey::new(&ED25519, Ed25519KeyPair::from_pkcs8(&self.exported).unwrap().public_key())
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::from_pkcs8(&self.exported).unwrap();
                ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key())
            }
        };
        let key = key.unwrap();
        Box::new(move || key.verify_sig(&message, &signature).is_ok())
    }
}

/// Takes every token, at once.
pub(crate) struct Anyone(Principal);

impl Anyone {
    pub(crate) fn new() -> Self {
        Self(Principal::new(Identity {
            id: "u1".to_owned(),
            name: None,
            email: None,
            scopes: ["notes:read"].into_iter().collect(),
            roles: Vec::new(),
            session: None,
            amr: Vec::new(),
            acr: None,
            auth_time: None,
            expires_at: Timestamp::from_secs(0),
            credential: CredentialKind::AccessToken,
        }))
    }
}

impl Authenticate for Anyone {
    type Future = Ready<Result<Principal, AuthError>>;

    fn authenticate(&self, _: Credential<'_>) -> Self::Future {
        ready(Ok(self.0.clone()))
    }

    fn at_once(&self, _: Presented<'_>) -> Option<Result<Principal, AuthError>> {
        Some(Ok(self.0.clone()))
    }
}

/// A verifier that has seen all of these tokens.
pub(crate) fn acquainted(verifier: JwtVerifier, tokens: &[String]) -> JwtVerifier {
    let verifier = verifier.cache_capacity(131_072);
    for token in tokens {
        verifier.principal(token).unwrap();
    }
    verifier
}

/// A layer with this many rules, of which the [last](last_path) one is to be asked for.
pub(crate) fn with_rules<A>(authenticate: A, count: usize) -> AuthLayer<A> {
    let paths = (0..count).map(|n| format!("/service{n}/items/{{id}}"));
    paths
        .fold(AuthLayer::builder(authenticate), |guard, path| {
            guard.rule(Method::GET, path, RouteRule::scopes(["notes:read"]))
        })
        .build()
        .unwrap()
}

pub(crate) fn last_path(count: usize) -> String {
    format!("/service{}/items/7", count - 1)
}

pub(crate) fn request(path: &str, token: &str) -> Request<()> {
    Request::get(path).header("authorization", format!("Bearer {token}")).body(()).unwrap()
}

/// A service that does nothing, at once.
#[derive(Clone, Copy)]
pub(crate) struct Inner;

impl Service<Request<()>> for Inner {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        black_box(request);
        ready(Ok(Response::new(String::new())))
    }
}

/// One request through a service that never waits.
pub(crate) fn ask<S>(service: &mut S, request: Request<()>) -> Response<String>
where
    S: Service<Request<()>, Response = Response<String>, Error = Infallible>,
{
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(())) = service.poll_ready(&mut context) else { panic!("not ready") };
    match pin!(service.call(request)).poll(&mut context) {
        Poll::Ready(Ok(response)) => {
            assert!(response.status().is_success());
            response
        }
        Poll::Pending => panic!("it waits"),
    }
}

/// Numbers below a limit in no order that a processor could foresee, always the same ones for a seed.
pub(crate) fn scattered(seed: u64, limit: usize) -> impl FnMut() -> usize {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % limit
    }
}
