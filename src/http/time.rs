//! How moments are written.

use crate::clock::Timestamp;

/// In RFC 3339, to the second, in UTC.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    humantime::format_rfc3339_seconds(at.to_system_time()).to_string()
}
