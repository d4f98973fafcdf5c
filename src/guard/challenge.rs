//! `WWW-Authenticate`: the challenges of RFC 6750 section 3 and RFC 9470 section 3, written in one place.

use http::HeaderValue;

use super::rejection::RejectionKind;

/// The challenge that goes with a refusal. There is none where another credential would not help.
pub(super) fn challenge(realm: &str, kind: &RejectionKind) -> Option<HeaderValue> {
    let bare = format!("Bearer realm={}", quoted(realm));
    let challenge = match kind {
        RejectionKind::Unavailable { .. } => return None,
        // RFC 6750 section 3.1: no error code where no credential was sent.
        RejectionKind::Unauthenticated => bare,
        RejectionKind::InvalidRequest | RejectionKind::InvalidToken => format!("{bare}, error={}", quoted(kind.code())),
        RejectionKind::InsufficientScope { required, roles } => {
            let scope =
                if required.is_empty() { String::new() } else { format!(", scope={}", quoted(&required.to_string())) };
            format!("{bare}, error={}{scope}{}", quoted(kind.code()), description("roles", roles))
        }
        RejectionKind::InsufficientUserAuthentication { max_age, second_factor, amr } => {
            let acr_values = if *second_factor { ", acr_values=\"aal2\"" } else { "" };
            let max_age = max_age.map(|age| format!(", max_age=\"{}\"", age.as_secs())).unwrap_or_default();
            format!("{bare}, error={}{acr_values}{max_age}{}", quoted(kind.code()), description("amr", amr))
        }
    };
    // `quoted` leaves nothing in that a header could not hold.
    HeaderValue::try_from(challenge).ok()
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
