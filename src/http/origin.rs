//! Whether a browser sent something from a page of this service.

use ::axum::http::{HeaderMap, HeaderName, header::ORIGIN};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// `Sec-Fetch-Site` decides where it is sent, and else `Origin` must be this service's own. If neither is there, or the
/// one that counts is there twice, it was not.
pub(crate) fn is_from_own_page(headers: &HeaderMap, own: &str) -> bool {
    match (values(headers, &SEC_FETCH_SITE).as_slice(), values(headers, &ORIGIN).as_slice()) {
        ([site], _) => *site == "same-origin",
        ([], [origin]) => *origin == own,
        _ => false,
    }
}

/// The values of a header. One that cannot be read counts, and says nothing.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        is_from_own_page(&map, "https://id.example")
    }

    #[test]
    fn cs_1_a_form_counts_only_from_this_service() {
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(own(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(own(&[("origin", "https://id.example")]));
        for foreign in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "https://evil.example")],
            &[("origin", "https://id.example.evil.example")],
            &[("origin", "https://id.example"), ("origin", "https://id.example")],
            &[("sec-fetch-site", "same-site"), ("origin", "https://id.example")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://id.example")],
            &[("sec-fetch-site", "none"), ("origin", "https://id.example")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")],
        ] {
            assert!(!own(foreign), "{foreign:?}");
        }
    }
}
