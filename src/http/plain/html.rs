//! The pages in HTML, with every text of theirs.

use ::axum::{
    http::{
        HeaderValue,
        header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    response::{Html, Response},
};

use crate::{
    FieldError,
    one_time::{OneTimeToken, Purpose},
};

/// What a page says.
pub(super) struct Text {
    pub(super) title: &'static str,
    asks: &'static str,
    button: &'static str,
    pub(super) done: &'static str,
    field: Option<&'static str>,
}

/// What is said of a link that opens nothing.
pub(super) const DEAD: &str = "This link is not valid, or no longer. It may have been used already.";

pub(super) const fn text(purpose: Purpose) -> Text {
    match purpose {
        Purpose::Verify => Text {
            title: "Confirm your e-mail address",
            asks: "Confirm that this address is yours. If you did not make an account here, close this page.",
            button: "Confirm",
            done: "Your e-mail address is confirmed.",
            field: None,
        },
        Purpose::Reset => Text {
            title: "Set a new password",
            asks: "You will be logged out everywhere.",
            button: "Set the password",
            done: "Your new password is set. You can log in with it now.",
            field: Some(
                r#"<p><label>New password<br>
<input type="password" name="new_password" autocomplete="new-password" required></label></p>
"#,
            ),
        },
        Purpose::Confirm => Text {
            title: "Confirm your new e-mail address",
            asks: "Your account will have this address from now on.",
            button: "Confirm",
            done: "Your account has its new address.",
            field: None,
        },
        Purpose::Undo => Text {
            title: "Take your account back",
            asks: "Your account gets its former address back, everyone is logged out, and a new password has to be set.",
            button: "Take it back",
            done: "Your account has its former address back. A mail to set a new password is on its way.",
            field: None,
        },
    }
}

/// A page with a button that acts on the token, and what was wrong with what was typed.
pub(super) fn form(site: &str, text: &Text, token: &OneTimeToken, errors: &[FieldError]) -> Html<String> {
    let errors: Vec<_> = errors.iter().map(|error| format!("<li>{}</li>", escape(&in_words(error.code)))).collect();
    let errors =
        if errors.is_empty() { String::new() } else { format!("<ul role=\"alert\">{}</ul>\n", errors.concat()) };
    let (field, token) = (text.field.unwrap_or_default(), escape(token.expose()));
    page(
        site,
        text.title,
        &format!(
            "<p>{}</p>\n{errors}<form method=\"post\" action=\"?\">\n\
             <input type=\"hidden\" name=\"token\" value=\"{token}\">\n{field}\
             <p><button>{}</button></p>\n</form>",
            text.asks, text.button
        ),
    )
}

/// A page that only says something.
pub(super) fn message(site: &str, title: &str, text: &str) -> Html<String> {
    page(site, title, &format!("<p>{}</p>", escape(text)))
}

fn page(site: &str, title: &str, body: &str) -> Html<String> {
    let (site, title) = (escape(site), escape(title));
    Html(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} – {site}</title>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    ))
}

/// What is wrong with a password, for people. A code that this page does not know is shown as it is.
fn in_words(code: &str) -> String {
    match code {
        "password_too_short" => "The password is too short.".to_owned(),
        "password_too_long" => "The password is too long.".to_owned(),
        "password_too_common" => "The password is too common.".to_owned(),
        "password_too_weak" => "The password is too easy to guess.".to_owned(),
        "password_own_words" => "It is made of words that are known of you.".to_owned(),
        "password_like_common" => "It is much like a common password.".to_owned(),
        "password_single_word" => "It is one word and little else: add another or two.".to_owned(),
        "password_names" => "It is made of names.".to_owned(),
        "password_keyboard" => "It follows the keys of a keyboard.".to_owned(),
        "password_repeats" => "It repeats itself.".to_owned(),
        "password_sequence" => "It counts or spells on, as abc and 6543 do.".to_owned(),
        "password_date" => "It holds a date or a year.".to_owned(),
        other => other.replace('_', " "),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// The address of a page holds a secret, and its button an account: neither goes elsewhere, and no one frames it. Under
/// `no-referrer` browsers would not say where a form was sent from.
pub(super) async fn secure(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let policy = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_operator_typed_is_text() {
        let Html(page) = message("<b>\"A & B's\"</b>", "t", "x");
        assert!(page.contains("&lt;b&gt;&quot;A &amp; B&#39;s&quot;&lt;/b&gt;") && !page.contains("<b>"), "{page}");
    }
}
