//! Reading what was typed for a setting, and the words that say what it must be.

use std::{net::IpAddr, num::NonZeroU32, ops::RangeInclusive, path::PathBuf, str::FromStr, time::Duration};

use ipnet::IpNet;

pub(super) const SESSION_SPAN: &str = "must be a time from 1m to 365d, such as 24h or 7d";

pub(super) fn session_span(text: &str) -> Option<Duration> {
    span(text, Duration::from_mins(1)..=Duration::from_hours(365 * 24))
}

pub(super) const TRUE_OR_FALSE: &str = "must be `true` or `false`";

/// Puts a value in its place, if there is one.
pub(super) fn put<T>(place: &mut T, value: Option<T>, expected: &'static str) -> Result<(), &'static str> {
    *place = value.ok_or(expected)?;
    Ok(())
}

/// The items of a list, each as `read` reads it.
pub(super) fn list<T, L: FromIterator<T>>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<L> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(read).collect()
}

/// A list as it is typed.
pub(super) fn listed(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

pub(super) fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| text.into())
}

pub(super) fn span(text: &str, bounds: RangeInclusive<Duration>) -> Option<Duration> {
    humantime::parse_duration(text).ok().filter(|span| bounds.contains(span))
}

pub(super) fn number(text: &str, bounds: RangeInclusive<usize>) -> Option<usize> {
    text.parse().ok().filter(|number| bounds.contains(number))
}

pub(super) fn count(text: &str, most: usize) -> Option<NonZeroU32> {
    number(text, 1..=most).and_then(|count| NonZeroU32::new(count.try_into().ok()?))
}

pub(super) fn network(text: &str) -> Option<IpNet> {
    IpNet::from_str(text).ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

pub(super) fn switch(text: &str) -> Option<bool> {
    text.parse().ok()
}
