//! Reading server-sent events from a body.

use axum::{body::Body, http::Response};
use http_body_util::BodyExt;
use serde_json::Value;

/// The events of an answer, one after another.
pub struct Events {
    body: Body,
    unread: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: Value,
}

impl Events {
    pub fn of(answer: Response<Body>) -> Self {
        assert_eq!(answer.status(), 200);
        Self { body: answer.into_body(), unread: String::new() }
    }

    /// The next event; none once the stream has ended.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
                let data = serde_json::from_str(&field("data: ")).unwrap();
                let event = Event { name: field("event: "), id: field("id: "), data };
                self.unread.drain(..self.unread.len() - rest.len());
                return Some(event);
            }
            let frame = self.body.frame().await?.unwrap();
            self.unread.push_str(str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }

    /// The next event that has another name.
    pub async fn next_but(&mut self, name: &str) -> Event {
        loop {
            let event = self.next().await.unwrap();
            if event.name != name {
                return event;
            }
        }
    }
}
