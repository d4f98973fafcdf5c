//! One refresh: from the address that was stated to keys.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode, Uri,
    header::{ACCEPT, ETAG, IF_NONE_MATCH},
};
use serde::Deserialize;

use super::{Fetch, RemoteError, freshness, set::KeySet, url::Schemes};
use crate::jwt::{KeyError, KeyRing};

/// Where the keys are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Keys(Uri),
    /// Where this issuer's metadata says. The metadata are at one of these.
    Issuer {
        issuer: String,
        metadata: [Uri; 2],
    },
}

/// How to get there, and what to put up with.
pub(super) struct Loader {
    pub(super) place: Place,
    pub(super) schemes: Schemes,
    pub(super) fetcher: Arc<dyn Fetch>,
    pub(super) max_bytes: usize,
    pub(super) max_keys: usize,
}

/// What a refresh brought.
pub(super) struct Loaded {
    /// None if the keys are those that are known already.
    pub(super) keys: Option<LoadedKeys>,
    /// How long the answer says that it is good for.
    pub(super) fresh_for: Option<Duration>,
}

#[derive(Clone)]
pub(super) struct LoadedKeys {
    pub(super) ring: KeyRing,
    pub(super) document: Bytes,
    pub(super) validator: Option<Validator>,
}

/// What a server tells one version of a document by.
#[derive(Clone, Debug)]
pub(super) struct Validator {
    url: Uri,
    etag: HeaderValue,
}

impl Loader {
    pub(super) async fn load(&self, known: &KeySet) -> Result<Loaded, RemoteError> {
        let url = match &self.place {
            Place::Keys(url) => url.clone(),
            Place::Issuer { issuer, metadata } => self.discover(issuer, metadata).await?,
        };
        let mut request = get(&url, "application/jwk-set+json, application/json");
        if let Some(validator) = known.validator().filter(|validator| validator.url == url) {
            request.headers_mut().insert(IF_NONE_MATCH, validator.etag.clone());
        }
        let conditional = request.headers().contains_key(IF_NONE_MATCH);
        let answer = self.fetch(request).await?;
        let fresh_for = freshness::fresh_for(answer.headers());
        if conditional && answer.status() == StatusCode::NOT_MODIFIED {
            return Ok(Loaded { keys: None, fresh_for });
        }
        let validator = answer.headers().get(ETAG).map(|etag| Validator { url, etag: etag.clone() });
        let document = body(answer)?;
        if known.is(&document) {
            return Ok(Loaded { keys: None, fresh_for });
        }
        let json = str::from_utf8(&document).map_err(|_| KeyError::Unsupported)?;
        let ring = KeyRing::from_published_jwk_set(json, self.max_keys)?;
        Ok(Loaded { keys: Some(LoadedKeys { ring, document, validator }), fresh_for })
    }

    /// Where the issuer says that its keys are.
    async fn discover(&self, issuer: &str, [openid, oauth]: &[Uri; 2]) -> Result<Uri, RemoteError> {
        let mut answer = self.fetch(get(openid, "application/json")).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            answer = self.fetch(get(oauth, "application/json")).await?;
        }
        let metadata: Metadata = serde_json::from_slice(&body(answer)?).map_err(|_| RemoteError::Metadata)?;
        // RFC 8414 section 3.3: to the byte, or anyone could publish keys in the name of another.
        if metadata.issuer != issuer {
            return Err(RemoteError::WrongIssuer);
        }
        self.schemes.url(&metadata.jwks_uri).map_err(|_| RemoteError::KeysUrl)
    }

    async fn fetch(&self, request: Request<()>) -> Result<Response<Bytes>, RemoteError> {
        let answer = self.fetcher.fetch(request, self.max_bytes).await?;
        if answer.body().len() > self.max_bytes { Err(RemoteError::TooLarge) } else { Ok(answer) }
    }
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

fn get(url: &Uri, accept: &'static str) -> Request<()> {
    let mut request = Request::new(());
    *request.uri_mut() = url.clone();
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static(accept));
    request
}

fn body(answer: Response<Bytes>) -> Result<Bytes, RemoteError> {
    if answer.status() == StatusCode::OK { Ok(answer.into_body()) } else { Err(RemoteError::Status(answer.status())) }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(url) => write!(f, "{url}"),
            Self::Issuer { issuer, .. } => f.write_str(issuer),
        }
    }
}
