//! How long an answer says that it may be used (RFC 9111).

use std::time::Duration;

use http::header::{AGE, CACHE_CONTROL, HeaderMap};

/// What is left of `max-age`; nothing if the answer is not to be kept at all. None if it does not say.
pub(super) fn fresh_for(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives: Vec<_> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let is = |name: &str| directives.iter().any(|directive| directive.eq_ignore_ascii_case(name));
    if is("no-store") || is("no-cache") {
        return Some(Duration::ZERO);
    }
    let max_age = directives.iter().find_map(|directive| {
        let (name, seconds) = directive.split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| seconds.trim_matches('"').parse().ok())?
    })?;
    let age = headers.get(AGE).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(0);
    Some(Duration::from_secs(max_age).saturating_sub(Duration::from_secs(age)))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn seconds(headers: &[(&'static str, &'static str)]) -> Option<u64> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        fresh_for(&headers.collect()).map(|span| span.as_secs())
    }

    #[test]
    fn the_age_of_an_answer_is_taken_off_its_max_age() {
        assert_eq!(seconds(&[("cache-control", "public, Max-Age=300")]), Some(300));
        assert_eq!(seconds(&[("cache-control", "max-age=\"300\""), ("age", "100")]), Some(200));
        assert_eq!(seconds(&[("cache-control", "max-age=300"), ("age", "400")]), Some(0));
        assert_eq!(seconds(&[("cache-control", "max-age=300, no-cache")]), Some(0));
    }

    #[test]
    fn what_says_nothing_sensible_says_nothing() {
        for value in ["", "public", "max-age", "max-age=", "max-age=-1", "max-age=soon", "s-maxage=9", "\u{1}"] {
            let Ok(value) = HeaderValue::from_str(value) else { continue };
            assert_eq!(fresh_for(&HeaderMap::from_iter([(CACHE_CONTROL, value.clone())])), None, "{value:?}");
        }
        assert_eq!(seconds(&[]), None);
    }
}
