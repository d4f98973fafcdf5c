//! The router that a [`GuardedRouter`](super::GuardedRouter) becomes.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use ::axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, connect_info::IntoMakeServiceWithConnectInfo},
    response::{IntoResponse, Response},
    routing::{IntoMakeService, Route, future::RouteFuture},
};
use bytes::Bytes;
use tower_layer::Layer;
use tower_service::Service;

/// A finished router, whose guard stands before every route.
///
/// It can be merged with other routers, layered and served, but takes no more routes. Where a plain
/// [`axum::Router`](Router) is needed, to nest it or to hand it on, [`into_router`](Self::into_router) gives it up to
/// become one.
#[derive(Clone, Debug)]
#[must_use = "a router does nothing until it is served"]
pub struct Guarded<S = ()>(Router<S>);

impl<S: Clone + Send + Sync + 'static> Guarded<S> {
    pub(super) fn new(router: Router<S>) -> Self {
        Self(router)
    }

    /// Adds the routes of another router, which this guard does not stand before.
    ///
    /// # Panics
    ///
    /// If the two cannot be one axum router. Among other things, both may be guarded, but then both have a fallback,
    /// and `Router::reset_fallback` has to take it from one of them first.
    #[track_caller]
    pub fn merge(self, other: impl Into<Router<S>>) -> Self {
        Self(self.0.merge(other))
    }

    /// Puts a layer before the guard of every route. CORS belongs here, so that refusals have its headers as well.
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Error: Into<Infallible> + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        Self(self.0.layer(layer))
    }

    /// Gives the handlers their state, if that has not been done before.
    pub fn with_state<S2>(self, state: S) -> Guarded<S2> {
        Guarded(self.0.with_state(state))
    }

    /// The plain router. Routes that are added to it are not guarded.
    pub fn into_router(self) -> Router<S> {
        self.0
    }
}

impl Guarded {
    /// What `axum::serve` takes.
    pub fn into_make_service(self) -> IntoMakeService<Router> {
        self.0.into_make_service()
    }

    /// What `axum::serve` takes, where handlers need the peer's address, as the account routes do.
    pub fn into_make_service_with_connect_info<C>(self) -> IntoMakeServiceWithConnectInfo<Router, C> {
        self.0.into_make_service_with_connect_info()
    }
}

impl<S> From<Guarded<S>> for Router<S> {
    fn from(guarded: Guarded<S>) -> Self {
        guarded.0
    }
}

impl<B> Service<::axum::http::Request<B>> for Guarded
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<::axum::BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<::axum::http::Request<B>>::poll_ready(&mut self.0, cx)
    }

    fn call(&mut self, request: ::axum::http::Request<B>) -> Self::Future {
        self.0.call(request)
    }
}
