//! How documents are fetched, for those who have to do it in their own way.

use std::{future::Future, pin::Pin};

use bytes::Bytes;
use http::{Request, Response};

use super::RemoteError;

/// An answer on its way.
pub type Fetching = Pin<Box<dyn Future<Output = Result<Response<Bytes>, RemoteError>> + Send>>;

/// Fetches what an issuer publishes. The stock one speaks HTTP/1.1 over TLS, without a proxy; another one may know a
/// proxy, present a certificate, or read a file.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use portcullis::jwt::remote::{Fetch, Fetching};
///
/// /// Finds everything in the program itself.
/// struct Embedded(&'static str);
///
/// impl Fetch for Embedded {
///     fn fetch(&self, _: Request<()>, _: usize) -> Fetching {
///         let answer = Response::new(Bytes::from_static(self.0.as_bytes()));
///         Box::pin(std::future::ready(Ok(answer)))
///     }
/// }
/// ```
pub trait Fetch: Send + Sync + 'static {
    /// Sends this request, which is a `GET`, and answers the response, whatever its status, redirects included.
    ///
    /// A body of more than `max_bytes` is [`RemoteError::TooLarge`]; where a connection fails there is
    /// [`RemoteError::transport`]. The future is dropped if it takes too long.
    fn fetch(&self, request: Request<()>, max_bytes: usize) -> Fetching;
}
