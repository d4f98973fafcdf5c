//! The settings of what operators look at.

use std::time::Duration;

use super::table::{Kind, Setting, put, span};

const DAY: Duration = Duration::from_hours(24);

/// How long the trail is kept where it is kept for good.
const FOREVER: &str = "forever";

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
