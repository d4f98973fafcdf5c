//! The stock way of fetching, over TLS: certificates of an authority made for this test, good for a hundred years.

use std::sync::Arc;

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use portcullis::jwt::{
    RemoteKeys,
    remote::{RemoteConfigError, RemoteError},
};
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use crate::{
    server::ok,
    support::{key, set},
};

const AUTHORITY: &str = include_str!("pem/ca.pem");

/// Serves a key set over TLS, and answers the port.
async fn serve() -> u16 {
    let chain = CertificateDer::pem_slice_iter(include_bytes!("pem/server.pem")).map(Result::unwrap).collect();
    let private = PrivateKeyDer::from_pem_slice(include_bytes!("pem/server.key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let document = set([&key("one")]);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let document = document.clone();
            let service =
                service_fn(move |_| std::future::ready(Ok::<_, std::convert::Infallible>(ok(document.clone()))));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    port
}

#[tokio::test]
async fn keys_come_over_tls_from_a_server_that_is_trusted() {
    let port = serve().await;
    for host in ["localhost", "127.0.0.1"] {
        let keys = RemoteKeys::jwks(format!("https://{host}:{port}/keys")).trust(AUTHORITY).build().unwrap();
        keys.refresh().await.unwrap();
        assert!(keys.is_ready());
    }
}

#[tokio::test]
async fn a_server_that_is_not_trusted_has_no_keys() {
    let port = serve().await;
    let keys = RemoteKeys::jwks(format!("https://127.0.0.1:{port}/keys")).build().unwrap();
    let error = keys.refresh().await.unwrap_err();
    assert!(matches!(&error, RemoteError::Transport(text) if text.contains("UnknownIssuer")), "{error}");
    let other_name = RemoteKeys::jwks(format!("https://127.0.0.2:{port}/keys")).trust(AUTHORITY).build().unwrap();
    assert!(matches!(other_name.refresh().await, Err(RemoteError::Transport(_))));
}

#[tokio::test]
async fn what_is_no_certificate_is_not_trusted() {
    for pem in ["", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error = RemoteKeys::jwks("https://id.example/keys").trust(pem).build().unwrap_err();
        assert_eq!(error, RemoteConfigError::Roots, "{pem}");
    }
}
