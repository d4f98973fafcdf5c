//! Times in words, and what people typed made fit to be shown to someone else.

use std::time::Duration;

use crate::{account, clock::Timestamp};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Beginning with the first day of 1970.
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// How long something is good for: `30 minutes`, `24 hours`, `7 days`. Begun minutes count whole.
pub(super) fn span(span: Duration) -> String {
    let minutes = span.as_secs().div_ceil(MINUTE).max(1) * MINUTE;
    let (count, unit) = match minutes {
        days if days % DAY == 0 && days > DAY => (days / DAY, "day"),
        hours if hours % HOUR == 0 => (hours / HOUR, "hour"),
        minutes => (minutes / MINUTE, "minute"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// A moment for people: `22 November 2026, 03:13 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    let Parts { year, month, day, time } = Parts::of(at);
    format!("{} {month} {year}, {} UTC", day.trim_start_matches('0'), time.get(..5).unwrap_or_default())
}

/// A moment for the header `Date` (RFC 5322 section 3.3): `Sun, 22 Nov 2026 03:13:29 +0000`.
pub(super) fn date_header(at: Timestamp) -> String {
    let days = usize::try_from(at.as_secs().max(0).unsigned_abs() / DAY).unwrap_or(0);
    let weekday = WEEKDAYS.get(days % 7).copied().unwrap_or_default();
    let Parts { year, month, day, time } = Parts::of(at);
    format!("{weekday}, {day} {} {year} {time} +0000", month.get(..3).unwrap_or_default())
}

struct Parts {
    year: String,
    month: &'static str,
    day: String,
    time: String,
}

impl Parts {
    /// Taken from the one form that is written elsewhere already, `2026-11-22T03:13:29Z`.
    fn of(at: Timestamp) -> Self {
        let text = humantime::format_rfc3339_seconds(at.to_system_time()).to_string();
        let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().to_owned();
        let month = part(5..7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1)));
        Self { year: part(0..4), month: month.copied().unwrap_or_default(), day: part(8..10), time: part(11..19) }
    }
}

/// The longest that something typed may be when it is shown in a mail, in characters.
const SHOWN: usize = 120;

/// What somebody typed, on one line, without what could hide or turn round the text beside it; `None` if nothing is
/// left, or if it looks like a link: mail from here must not carry the advertisements of strangers.
pub(super) fn harmless(typed: &str) -> Option<String> {
    let visible = |c: char| if account::is_hidden(c) { ' ' } else { c };
    let words: Vec<String> = typed.split(|c| visible(c).is_whitespace()).map(str::to_owned).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let line: String = line.chars().take(SHOWN).collect();
    let lower = line.to_lowercase();
    let looks_like_a_link = ["://", "www.", "mailto:"].iter().any(|sign| lower.contains(sign));
    (!line.is_empty() && !looks_like_a_link).then_some(line)
}

/// A name that somebody chose, if it is [`harmless`] and nothing that a mail program takes for a host: `evil.example`.
pub(super) fn harmless_name(typed: &str) -> Option<String> {
    let name = harmless(typed)?;
    let joined_by_dot =
        |word: &str| word.split_once('.').is_some_and(|(_, rest)| rest.starts_with(char::is_alphanumeric));
    let is_plain =
        name.chars().count() <= 64 && !name.contains(['/', '@', '<', '>']) && !name.split(' ').any(joined_by_dot);
    is_plain.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_their_largest_whole_unit() {
        for (secs, words) in [
            (0, "1 minute"),
            (1799, "30 minutes"),
            (1800, "30 minutes"),
            (3600, "1 hour"),
            (5400, "90 minutes"),
            (86_400, "24 hours"),
            (7 * 86_400, "7 days"),
        ] {
            assert_eq!(span(Duration::from_secs(secs)), words);
        }
    }

    #[test]
    fn moments_are_said_in_utc() {
        let at = Timestamp::from_secs(1_795_317_209);
        assert_eq!(moment(at), "22 November 2026, 03:13 UTC");
        assert_eq!(date_header(at), "Sun, 22 Nov 2026 03:13:29 +0000");
        assert_eq!(date_header(Timestamp::from_secs(951_782_400)), "Tue, 29 Feb 2000 00:00:00 +0000");
        assert_eq!(moment(Timestamp::from_secs(0)), "1 January 1970, 00:00 UTC");
    }

    #[test]
    fn what_was_typed_stays_on_one_line_and_is_no_link() {
        assert_eq!(harmless("  Ada\r\n\tLovelace\u{202E} ").as_deref(), Some("Ada Lovelace"));
        assert_eq!(harmless("<b>Ada</b>").as_deref(), Some("<b>Ada</b>"));
        for none in ["", "\r\n", "\u{200B}", "see https://evil.example", "WWW.evil.example"] {
            assert_eq!(harmless(none), None, "{none:?}");
        }
        assert_eq!(harmless(&"x".repeat(500)).map(|text| text.len()), Some(SHOWN));
        for name in ["Ada Lovelace", "Žofie", "J. R. R. Tolkien", "O'Brien"] {
            assert_eq!(harmless_name(name).as_deref(), Some(name));
        }
        for none in ["evil.example", "win at evil.example now", "<b>Ada</b>", "a/b", "a@b"] {
            assert_eq!(harmless_name(none), None, "{none}");
        }
    }
}
