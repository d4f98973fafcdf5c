//! One guarded axum router for each of them, as its documentation shows it.

use std::{
    convert::Infallible,
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use axum::{
    Extension, Router,
    body::Body,
    extract::{FromRef, Request, State},
    http::{StatusCode, header::AUTHORIZATION},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use axum_jwt_auth::{Decoder, LocalDecoder};
use jsonwebtoken::{DecodingKey, Validation};
use jwt_authorizer::{IntoLayer, JwtAuthorizer, JwtClaims};
use portcullis::{
    Principal,
    guard::AuthLayer,
    jwt::{Algorithm, JwtVerifier},
};
use serde_json::json;
use tower::Service;
use tower_oauth2_resource_server::{
    server::OAuth2ResourceServer, tenant::TenantConfiguration, validation::ClaimsValidationSpec,
};

use crate::{
    BATCH,
    over_http::{Asked, serve},
    rounds::Row,
    setup::{AUDIENCE, ISSUER, SECRET, Setup, User},
};

pub const NONE: &str = "no guard at all";
const OWN: &str = "portcullis";
const BY_HAND: &str = "by hand, axum + jsonwebtoken 11";
const JWT_AUTHORIZER: &str = "jwt-authorizer 0.15";
const AXUM_JWT_AUTH: &str = "axum-jwt-auth 0.7";
const TOWER_OAUTH2: &str = "tower-oauth2-resource-server 0.12";

const CONNECTIONS: usize = 64;

/// portcullis comes first, and no guard last: the others are compared with it.
pub fn all(setup: &Setup) -> Vec<Row<'_>> {
    vec![
        row(OWN, setup, portcullis(setup), Body::empty),
        row(BY_HAND, setup, by_hand(setup), Body::empty),
        row(JWT_AUTHORIZER, setup, jwt_authorizer(setup), axum_07::body::Body::empty),
        row(AXUM_JWT_AUTH, setup, axum_jwt_auth(setup), Body::empty),
        row(TOWER_OAUTH2, setup, tower_oauth2(setup), Body::empty),
        row(NONE, setup, unguarded(), Body::empty),
    ]
}

/// The same, each as a server that is asked over HTTP.
pub fn served(setup: &Setup) -> Vec<(&'static str, Asked)> {
    let servers = [
        (OWN, serve(portcullis(setup))),
        (BY_HAND, serve(by_hand(setup))),
        (JWT_AUTHORIZER, serve(jwt_authorizer(setup))),
        (AXUM_JWT_AUTH, serve(axum_jwt_auth(setup))),
        (TOWER_OAUTH2, serve(tower_oauth2(setup))),
        (NONE, serve(unguarded())),
    ];
    let tokens: Vec<_> = setup.tokens.iter().cycle().take(CONNECTIONS).cloned().collect();
    servers.into_iter().map(|(name, server)| (name, Asked::new(server, &tokens))).collect()
}

fn unguarded() -> Router {
    Router::new().route("/", get(async || "hello".to_owned()))
}

fn portcullis(setup: &Setup) -> Router {
    let verifier = JwtVerifier::new(setup.ring.clone()).issuer(ISSUER).audience(AUDIENCE);
    let hello = async |user: Principal| user.id().to_owned();
    Router::new().route("/", get(hello)).layer(AuthLayer::new(verifier))
}

fn by_hand(setup: &Setup) -> Router {
    async fn guard(
        State(known): State<Arc<(DecodingKey, Validation)>>,
        mut request: Request,
        next: Next,
    ) -> Result<Response, StatusCode> {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
        let found = jsonwebtoken::decode::<User>(token, &known.0, &known.1).map_err(|_| StatusCode::UNAUTHORIZED)?;
        request.extensions_mut().insert(found.claims);
        Ok(next.run(request).await)
    }

    let key = DecodingKey::from_jwk(&serde_json::from_value(setup.jwk.clone()).unwrap()).unwrap();
    let mut validation = Validation::new(match setup.algorithm {
        Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        _ => jsonwebtoken::Algorithm::EdDSA,
    });
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    let hello = async |Extension(user): Extension<User>| user.sub;
    Router::new().route("/", get(hello)).layer(middleware::from_fn_with_state(Arc::new((key, validation)), guard))
}

fn jwt_authorizer(setup: &Setup) -> axum_07::Router {
    let builder = match setup.algorithm {
        Algorithm::Hs256 => JwtAuthorizer::<User>::from_secret(SECRET),
        _ => JwtAuthorizer::from_jwks_text(&json!({ "keys": [setup.jwk] }).to_string()),
    };
    let validation = jwt_authorizer::Validation::new().iss(&[ISSUER]).aud(&[AUDIENCE]);
    let authorizer = at_once(builder.validation(validation).build()).unwrap();
    let hello = async |JwtClaims(user): JwtClaims<User>| user.sub;
    axum_07::Router::new().route("/", axum_07::routing::get(hello)).layer(authorizer.into_layer())
}

fn axum_jwt_auth(setup: &Setup) -> Router {
    #[derive(Clone)]
    struct App(Decoder<User>);

    impl FromRef<App> for Decoder<User> {
        fn from_ref(app: &App) -> Self {
            app.0.clone()
        }
    }

    let key = jsonwebtoken_10::DecodingKey::from_jwk(&serde_json::from_value(setup.jwk.clone()).unwrap()).unwrap();
    let mut validation = jsonwebtoken_10::Validation::new(match setup.algorithm {
        Algorithm::Hs256 => jsonwebtoken_10::Algorithm::HS256,
        Algorithm::Es256 => jsonwebtoken_10::Algorithm::ES256,
        _ => jsonwebtoken_10::Algorithm::EdDSA,
    });
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    let decoder = LocalDecoder::builder().keys(vec![key]).validation(validation).build().unwrap();
    let hello = async |user: axum_jwt_auth::Claims<User>| user.claims.sub;
    Router::new().route("/", get(hello)).with_state(App(Arc::new(decoder)))
}

fn tower_oauth2(setup: &Setup) -> Router {
    let audiences = vec![AUDIENCE.to_owned()];
    let tenant = TenantConfiguration::static_builder(json!({ "keys": [setup.jwk] }).to_string())
        .claims_validation(ClaimsValidationSpec::new().exp(true).iss(ISSUER).aud(&audiences))
        .allowed_algorithms(&[match setup.algorithm {
            Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
            _ => jsonwebtoken::Algorithm::EdDSA,
        }])
        .build()
        .unwrap();
    let server = at_once(OAuth2ResourceServer::<User>::builder().add_tenant(tenant).build()).unwrap();
    let hello = async |Extension(user): Extension<User>| user.sub;
    Router::new().route("/", get(hello)).layer(server.into_layer())
}

/// Requests with one token after the other, made beforehand. Responses are dropped afterwards.
fn row<'a, S, B, R>(name: &'static str, setup: &'a Setup, mut service: S, body: fn() -> B) -> Row<'a>
where
    S: Service<http::Request<B>, Response = http::Response<R>, Error = Infallible> + 'a,
    B: 'a,
    R: 'a,
{
    let mut tokens = setup.tokens.iter().cycle();
    let make = move || {
        let token = tokens.next().unwrap();
        http::Request::get("/").header("authorization", format!("Bearer {token}")).body(body()).unwrap()
    };
    Row::batched(name, BATCH, make, move |request| {
        let Poll::Ready(Ok(())) = service.poll_ready(&mut Context::from_waker(Waker::noop())) else {
            panic!("it is not ready")
        };
        let response = at_once(service.call(request)).unwrap();
        assert_eq!(response.status(), 200, "{name}");
        response
    })
}

/// What comes of something that never waits.
fn at_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}
