//! The connection to the issuer, over and over.

use std::{mem, sync::Arc, time::Duration};

use http::{
    HeaderName, HeaderValue, Request, Response, StatusCode, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use tokio::time::{Instant, sleep, timeout};

use super::{
    super::{Revocation, RevocationSet, WeakSet, wire},
    Bearer,
    backoff::Backoff,
    error::FeedError,
    events::{Event, Events},
};
use crate::{
    clock::{SharedClock, Timestamp},
    jwt::remote::{HttpsClient, Incoming},
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// How long a token and then an answer may take to come.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a stream may be quiet: twice as long as the issuer is between two heartbeats, and some.
const SILENCE: Duration = Duration::from_secs(6);

/// How far the issuer's clock may be off.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(5);

/// How to reach the issuer, and the set that it feeds.
pub(super) struct Link {
    pub(super) url: Uri,
    pub(super) client: HttpsClient,
    pub(super) bearer: Arc<dyn Fn() -> Bearer + Send + Sync>,
    pub(super) clock: SharedClock,
    pub(super) max_revocations: usize,
    pub(super) set: WeakSet,
}

/// How often what has expired is forgotten.
const SWEEP: Duration = Duration::from_mins(1);

/// How far the stream has been read, and how well it goes.
struct Progress {
    cursor: Option<HeaderValue>,
    backoff: Backoff,
    /// Whether this stream has told everything.
    is_current: bool,
    is_loss_told: bool,
    swept_at: Instant,
}

impl Link {
    /// Follows the stream until nobody needs the set any more.
    pub(super) async fn follow(self) {
        let mut progress = Progress {
            cursor: None,
            backoff: Backoff::new(),
            is_current: false,
            is_loss_told: false,
            swept_at: Instant::now(),
        };
        while self.set.upgrade().is_some() {
            if let Err(error) = self.listen(&mut progress).await {
                // A stream ends with the token that it was asked for with.
                let is_loss = !(mem::take(&mut progress.is_current) && matches!(error, FeedError::Ended));
                if is_loss && !mem::replace(&mut progress.is_loss_told, true) {
                    tracing::warn!(from = %self.url, %error, "revocations cannot be followed");
                } else {
                    tracing::debug!(from = %self.url, %error, "asking for the stream of revocations again");
                }
                sleep(progress.backoff.next()).await;
            }
        }
    }

    /// Follows one stream. It ends with an error, or because nobody needs the set any more.
    async fn listen(&self, progress: &mut Progress) -> Result<(), FeedError> {
        let mut stream = self.open(progress.cursor.clone()).await?.into_body();
        let mut events = Events::default();
        loop {
            let piece = timeout(SILENCE, stream.next()).await.map_err(|_| FeedError::Silence)??;
            let piece = piece.ok_or(FeedError::Ended)?;
            let Some(set) = self.set.upgrade() else { return Ok(()) };
            for event in events.read(&piece)? {
                self.take(event, &set, progress)?;
            }
        }
    }

    async fn open(&self, cursor: Option<HeaderValue>) -> Result<Response<Incoming>, FeedError> {
        let token = timeout(PATIENCE, (self.bearer)()).await.map_err(|late| FeedError::NoToken(late.into()))?;
        let token = token.map_err(FeedError::NoToken)?;
        let mut authorization =
            HeaderValue::try_from(format!("Bearer {}", token.trim())).map_err(|_| FeedError::BadToken)?;
        authorization.set_sensitive(true);

        let mut request = Request::new(());
        *request.uri_mut() = self.url.clone();
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.insert(AUTHORIZATION, authorization);
        if let Some(cursor) = cursor {
            headers.insert(LAST_EVENT_ID, cursor);
        }
        let answer = timeout(PATIENCE, self.client.send(request)).await.map_err(|_| FeedError::Silence)??;
        if answer.status() != StatusCode::OK {
            return Err(FeedError::Status(answer.status()));
        }
        let media_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if media_type.split(';').next().is_some_and(|media_type| media_type.trim() == "text/event-stream") {
            Ok(answer)
        } else {
            Err(FeedError::NotAStream)
        }
    }

    fn take(&self, event: Event, set: &RevocationSet, progress: &mut Progress) -> Result<(), FeedError> {
        match event.name.as_str() {
            wire::REVOCATIONS => self.put_in_force(&event.data, set)?,
            wire::CURRENT => {
                let wire::Current { at } = serde_json::from_str(&event.data).map_err(|_| FeedError::BadEvent)?;
                self.confirm(Timestamp::from_secs(at), set, progress);
            }
            // What a later version tells besides.
            _ => (),
        }
        // Only now: what has not been put in force has to be told again.
        if let Some(id) = event.id.and_then(|id| HeaderValue::try_from(id).ok()) {
            progress.cursor = Some(id);
        }
        Ok(())
    }

    fn confirm(&self, at: Timestamp, set: &RevocationSet, progress: &mut Progress) {
        let now = self.clock.now();
        set.confirm((at + CLOCK_DIFFERENCE).min(now));
        if progress.swept_at.elapsed() >= SWEEP {
            set.forget_expired(now);
            progress.swept_at = Instant::now();
        }
        progress.backoff.reset();
        progress.is_current = true;
        if mem::take(&mut progress.is_loss_told) {
            tracing::info!(from = %self.url, "revocations are followed again");
        }
    }

    fn put_in_force(&self, data: &str, set: &RevocationSet) -> Result<(), FeedError> {
        let wire::Told { revocations } = serde_json::from_str(data).map_err(|_| FeedError::BadEvent)?;
        let now = self.clock.now();
        if set.len() + revocations.len() > self.max_revocations {
            set.forget_expired(now);
        }
        if set.len() + revocations.len() > self.max_revocations {
            return Err(FeedError::TooMany);
        }
        for revocation in revocations.into_iter().map(Revocation::from).filter(|revocation| revocation.until > now) {
            set.insert(revocation);
        }
        Ok(())
    }
}
