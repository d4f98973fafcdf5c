//! The settings of what operators look at.

use std::time::Duration;

use super::{
    reading::{put, span},
    table::{Kind, Setting},
};

const DAY: Duration = Duration::from_hours(24);

/// How long the trail is kept where it is kept for good.
const FOREVER: &str = "forever";

pub(super) const METRICS_LISTEN: Setting = Setting {
    key: "metrics_listen",
    help: "The address and port for `/metrics`, in the text format of Prometheus; off unless it is set",
    kind: Kind::Value,
    put: |settings, text| {
        let address = if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
        put(&mut settings.metrics_listen, address, "must be an address and a port, such as 127.0.0.1:9400")
    },
    show: |settings| settings.metrics_listen.map(|address| address.to_string()).unwrap_or_default(),
};

pub(super) const EVENT_RETENTION: Setting = Setting {
    key: "event_retention",
    help: "How old a row of the trail gets before it is forgotten, or `forever`",
    kind: Kind::Value,
    put: |settings, text| {
        let in_days = |span: &Duration| span.as_secs().is_multiple_of(DAY.as_secs());
        let days = span(text, DAY..=DAY * 36_500).filter(in_days);
        let retention = if text == FOREVER { Some(None) } else { days.map(Some) };
        put(&mut settings.config.event_retention, retention, "must be in days from 1d on, such as 365d, or `forever`")
    },
    show: |settings| {
        // In days: a year of `humantime` is not a whole number of them.
        let days = |retention: Duration| format!("{}d", retention.as_secs() / DAY.as_secs());
        settings.config.event_retention.map_or(FOREVER.to_owned(), days)
    },
};
