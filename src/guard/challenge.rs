//! `WWW-Authenticate`: the challenges of RFC 6750 section 3, RFC 9470 section 3 and RFC 9728 section 5.1, written in one
//! place.

use http::HeaderValue;

use super::rejection::RejectionKind;

/// What all challenges of one guard have in common.
#[derive(Clone, Debug)]
pub(super) struct Challenges {
    /// One challenge for each of these.
    pub(super) schemes: Vec<String>,
    pub(super) realm: String,
    pub(super) resource_metadata: Option<String>,
}

impl Default for Challenges {
    fn default() -> Self {
        Self { schemes: vec!["Bearer".to_owned()], realm: "restricted".to_owned(), resource_metadata: None }
    }
}

impl Challenges {
    /// The challenges that go with a refusal. There are none where another credential would not help.
    pub(super) fn to(&self, kind: &RejectionKind) -> Option<HeaderValue> {
        let error = format!(", error={}", quoted(kind.code()));
        let about = match kind {
            RejectionKind::CrossOrigin | RejectionKind::Unavailable { .. } | RejectionKind::TooManyRequests { .. } => {
                return None;
            }
            // RFC 6750 section 3.1: no error code where no credential was sent.
            RejectionKind::Unauthenticated => String::new(),
            RejectionKind::InvalidRequest | RejectionKind::InvalidToken => error,
            RejectionKind::InsufficientScope { required, roles } => {
                let scope = if required.is_empty() {
                    String::new()
                } else {
                    format!(", scope={}", quoted(&required.to_string()))
                };
                format!("{error}{scope}{}", description("roles", roles))
            }
            RejectionKind::InsufficientUserAuthentication { max_age, second_factor, amr } => {
                let acr_values = if *second_factor { ", acr_values=\"aal2\"" } else { "" };
                let max_age = max_age.map(|age| format!(", max_age=\"{}\"", age.as_secs())).unwrap_or_default();
                format!("{error}{acr_values}{max_age}{}", description("amr", amr))
            }
        };
        let realm = quoted(&self.realm);
        let metadata = self.resource_metadata.as_deref();
        let metadata = metadata.map(|url| format!(", resource_metadata={}", quoted(url))).unwrap_or_default();
        let challenges = self.schemes.iter().map(|scheme| format!("{scheme} realm={realm}{about}{metadata}"));
        // `quoted` leaves nothing in that a header could not hold, nor does a scheme have it.
        HeaderValue::try_from(challenges.collect::<Vec<_>>().join(", ")).ok()
    }
}

/// What neither RFC has a parameter for, said in the one for people. It may hold no quote and no backslash.
fn description(what: &str, names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let names = names.join(" ").replace(['"', '\\'], "");
    format!(", error_description={}", quoted(&format!("needs {what}: {names}")))
}

/// A quoted string (RFC 9110 section 5.6.4). What cannot stand in a header is left out.
fn quoted(text: &str) -> String {
    let visible = text.chars().filter(|char| char.is_ascii_graphic() || *char == ' ');
    let escaped = visible.flat_map(|char| matches!(char, '"' | '\\').then_some('\\').into_iter().chain([char]));
    std::iter::once('"').chain(escaped).chain(['"']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_string_cannot_be_broken_out_of() {
        assert_eq!(quoted(r#"a "b" \c"#), r#""a \"b\" \\c""#);
        assert_eq!(quoted("a\r\nX: y\u{fc}"), "\"aX: y\"");
    }
}
