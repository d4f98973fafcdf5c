//! One request through a guard, and what came of it.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{Request, Response, StatusCode};
use portcullis::{Principal, guard::AuthLayer, jwt::JwtVerifier};
use tower_layer::Layer;
use tower_service::Service;

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It reached the service behind the guard, as this user if as any.
    Reached(Option<String>),
    /// The guard refused it, with this body.
    Refused(StatusCode, String),
}

pub fn ask(guard: &AuthLayer<JwtVerifier>, request: Request<()>) -> Answer {
    let mut service = guard.layer(Behind);
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_ready());
    // Neither the verifier nor the service behind the guard waits for anything.
    let Poll::Ready(Ok(response)) = pin!(service.call(request)).poll(&mut context) else { panic!("it waits") };
    let caller = response.extensions().get::<Caller>();
    caller.map_or_else(
        || Answer::Refused(response.status(), response.body().clone()),
        |Caller(user)| Answer::Reached(user.clone()),
    )
}

#[derive(Clone)]
struct Caller(Option<String>);

/// Tells who called.
#[derive(Clone)]
struct Behind;

impl Service<Request<()>> for Behind {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let user = request.extensions().get::<Principal>().map(|user| user.id().to_owned());
        let mut response = Response::new(String::new());
        response.extensions_mut().insert(Caller(user));
        ready(Ok(response))
    }
}
