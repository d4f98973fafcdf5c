//! Moments as the file writes them: RFC 3339, UTC.

use std::time::UNIX_EPOCH;

use crate::clock::Timestamp;

/// Reads `2024-05-06T07:08:09Z`; also without the `Z`, as Django writes where it keeps no time zone.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let since_epoch = humantime::parse_rfc3339_weak(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_epoch.as_millis()).ok().map(Timestamp::from_millis)
}

pub(super) fn write(at: Timestamp) -> String {
    humantime::format_rfc3339(at.to_system_time()).to_string()
}
