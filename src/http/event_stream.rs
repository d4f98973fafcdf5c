//! Server-sent events, as a body that is written while it is read.
//!
//! Only a few events wait for a reader. One that does not take them is let go of, rather than waited for.

use std::{
    fmt::Display,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use ::axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use serde::Serialize;
use tokio::{sync::mpsc, time::timeout};

/// How many events wait for the reader.
const WAITING: usize = 4;

/// How long a reader may take none.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where events are put in.
pub(super) struct Sender(mpsc::Sender<Bytes>);

/// The reader is gone, or too slow.
pub(super) struct Gone;

/// The two ends of a stream. The body ends when the sender is dropped.
pub(super) fn event_stream() -> (Sender, Body) {
    let (sender, events) = mpsc::channel(WAITING);
    (Sender(sender), Body::new(Events(events)))
}

impl Sender {
    /// Sends an event of this name and id, with this as JSON.
    pub(super) async fn send(&self, name: &str, id: impl Display, data: &impl Serialize) -> Result<(), Gone> {
        // JSON has no line breaks unless it is made pretty.
        let data = serde_json::to_string(data).map_err(|_| Gone)?;
        let event = format!("event: {name}\nid: {id}\ndata: {data}\n\n");
        match timeout(PATIENCE, self.0.send(event.into())).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Gone),
        }
    }

    /// Waits until the reader has left.
    pub(super) async fn closed(&self) {
        self.0.closed().await;
    }
}

struct Events(mpsc::Receiver<Bytes>);

impl HttpBody for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(cx).map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_reads_nothing_is_let_go_of_after_a_few_events() {
        let (sender, _unread) = event_stream();
        let mut sent = 0;
        while sender.send("told", sent, &0).await.is_ok() {
            sent += 1;
        }
        assert_eq!(sent, WAITING);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_left_is_noticed_at_once() {
        let (sender, body) = event_stream();
        drop(body);
        sender.closed().await;
        assert!(sender.send("told", 0, &0).await.is_err());
    }
}
