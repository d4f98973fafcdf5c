//! `GET /auth/revocations`

use ::axum::{
    extract::State,
    http::{
        HeaderMap, HeaderName,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use tokio::time::sleep;

use super::{
    event_stream::{Gone, Sender, event_stream},
    problem::Problem,
};
use crate::{
    Principal,
    account::Accounts,
    revocation::{Changes, Cursor, News, wire},
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Neither kept by anyone nor collected by a proxy until there is more.
const AS_IT_HAPPENS: [(HeaderName, &str); 3] = [
    (CONTENT_TYPE, "text/event-stream"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// What has been revoked, as it happens, for guards that do not share the database: server-sent events.
///
/// - `revocations` with `{"revocations": [{"sid": "…", "until": 1790000905}, {"sub": "…", "gen": 3, "until": …}]}`:
///   every token of that session is revoked, or every token of that user whose `gen` is lower or missing. After `until`,
///   in seconds since 1970, no such token lives any more. An event holds at most 500 of them.
/// - `current` with `{"at": 1790000000}`: everything that was revoked before then has been told. It comes once the
///   first events have told all there is, and then every two to three seconds, as long as the database answers. When it
///   stays away, what has been revoked meanwhile is not known.
///
/// Each event has an `id`. A client that sends it as `Last-Event-ID` is told what came after it; another one, or one
/// whose id is of another database, is told everything. The stream ends when the token it was asked for with expires or is
/// revoked, when the client does not read for ten seconds, and when the server stops.
#[utoipa::path(
    get, path = "/auth/revocations", tag = "keys",
    params(("last-event-id" = Option<String>, Header, description = "The `id` of the last event that was read")),
    responses(
        (status = 200, description = "The stream", content_type = "text/event-stream", body = String),
        (status = 401, description = "No good token", body = Problem),
        (status = 403, description = "`insufficient_scope`: it takes `revocations:read`", body = Problem),
        (status = 503, description = "`unavailable`, or `overloaded` with 256 streams open", body = Problem),
    )
)]
pub(super) async fn stream(
    State(accounts): State<Accounts>,
    principal: Principal,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()?.parse::<Cursor>().ok());
    let changes = accounts.revocation_changes(after.as_ref()).await?;
    let time_left = principal.time_left(accounts.inner().clock.as_ref());
    let (events, body) = event_stream();
    tokio::spawn(async move {
        tokio::select! {
            () = principal.revoked() => (),
            () = sleep(time_left) => (),
            () = events.closed() => (),
            () = tell(changes, &events) => (),
        }
    });
    Ok((AS_IT_HAPPENS, body).into_response())
}

/// Tells all there is and all that comes, for as long as there is anyone to tell.
async fn tell(mut changes: Changes, events: &Sender) {
    loop {
        let told = match changes.next().await {
            Ok(Some(news)) => send(news, events).await,
            Ok(None) => Err(Gone),
            Err(error) => {
                tracing::warn!(%error, "a stream of revocations ends early");
                Err(Gone)
            }
        };
        if told.is_err() {
            return;
        }
    }
}

async fn send(News { revocations, current_at, cursor }: News, events: &Sender) -> Result<(), Gone> {
    if !revocations.is_empty() {
        let revocations = revocations.into_iter().map(Into::into).collect();
        events.send(wire::REVOCATIONS, &cursor, &wire::Told { revocations }).await?;
    }
    if let Some(at) = current_at {
        events.send(wire::CURRENT, &cursor, &wire::Current { at: at.as_secs() }).await?;
    }
    Ok(())
}
