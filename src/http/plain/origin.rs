//! Whether a form was sent from a page of this service.

use ::axum::http::{HeaderMap, HeaderName, header::ORIGIN};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// `Sec-Fetch-Site` decides where it is sent, and else `Origin` must be this service's own. Neither present, or one of them
/// twice: it was not.
pub(super) fn is_own(headers: &HeaderMap, own: &str) -> bool {
    match only(headers, &SEC_FETCH_SITE) {
        Some(Some(site)) => site == "same-origin",
        Some(None) => only(headers, &ORIGIN).flatten() == Some(own),
        None => false,
    }
}

/// The value of a header, if it has one that can be read; `None` if there is more than that.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().map(|value| value.to_str()).transpose();
    if values.next().is_some() { None } else { value.ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        is_own(&map, "https://id.example")
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
