//! HTTP/1.1 over TLS, one connection for each request, and the stock way of fetching with it.

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::USER_AGENT};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited, combinators::UnsyncBoxBody};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::{Fetch, Fetching, RemoteConfigError, RemoteError, url::Schemes};

const NAME: HeaderValue = HeaderValue::from_static(concat!("portcullis/", env!("CARGO_PKG_VERSION")));

/// It follows no redirect, asks no proxy, and keeps no connection open, as minutes lie between two requests.
#[derive(Clone)]
pub(crate) struct HttpsClient(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

/// A body that is read while it comes.
pub(crate) struct Incoming(UnsyncBoxBody<Bytes, RemoteError>);

impl HttpsClient {
    /// Trusts what Mozilla trusts, and these certificates in PEM.
    pub(crate) fn new(roots: &[String], schemes: Schemes) -> Result<Self, RemoteConfigError> {
        let mut trusted = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for pem in roots {
            for root in certificates(pem)? {
                trusted.add(root).map_err(|_| RemoteConfigError::Roots)?;
            }
        }
        // Named outright: the process-wide default is for the program to choose, and may not be there.
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| RemoteConfigError::Tls(error.to_string()))?
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(config);
        let connector = match schemes {
            Schemes::Https => connector.https_only(),
            Schemes::HttpToo => connector.https_or_http(),
        };
        let client =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector.enable_http1().build());
        Ok(Self(client))
    }

    /// Sends a request without a body and answers the response, whatever its status, once its head is there.
    pub(crate) fn send(
        &self,
        request: Request<()>,
    ) -> impl Future<Output = Result<Response<Incoming>, RemoteError>> + Send + use<> {
        let mut request = request.map(|()| Empty::new());
        request.headers_mut().insert(USER_AGENT, NAME);
        let answer = self.0.request(request);
        async move {
            let answer = answer.await.map_err(|error| RemoteError::transport(&error))?;
            Ok(answer.map(|body| Incoming(body.map_err(|error| RemoteError::transport(&error)).boxed_unsync())))
        }
    }
}

impl Incoming {
    /// What comes next; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, RemoteError> {
        loop {
            match self.0.frame().await.transpose()?.map(http_body::Frame::into_data) {
                Some(Ok(data)) => return Ok(Some(data)),
                // Trailers say nothing here.
                Some(Err(_)) => (),
                None => return Ok(None),
            }
        }
    }
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, RemoteConfigError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or(RemoteConfigError::Roots)
}

impl Fetch for HttpsClient {
    fn fetch(&self, request: Request<()>, max_bytes: usize) -> Fetching {
        let answer = self.send(request);
        Box::pin(async move {
            let (parts, Incoming(body)) = answer.await?.into_parts();
            let body = Limited::new(body, max_bytes).collect().await.map_err(|error| cut_short(error.as_ref()))?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        })
    }
}

fn cut_short(error: &(dyn Error + 'static)) -> RemoteError {
    match error.downcast_ref::<RemoteError>() {
        Some(error) => error.clone(),
        None if error.is::<LengthLimitError>() => RemoteError::TooLarge,
        None => RemoteError::transport(error),
    }
}
