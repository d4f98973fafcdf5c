//! Keeping a password that sits inside a URL out of everything that is printed.

use std::borrow::Cow;

/// The same text, with `***` where a URL in it holds a password, in its authority or as a parameter.
pub(crate) fn masked(text: &str) -> String {
    let text = masked_authority(text);
    let Some((address, query)) = text.split_once('?') else { return text.into_owned() };
    let query: Vec<_> = query.split('&').map(masked_parameter).collect();
    format!("{address}?{}", query.join("&"))
}

/// A password may hold any sign that its writer forgot to escape, so that it can look like a path or a query: everything up
/// to the last `@` is suspect. Behind a `?` that sign may be one of a parameter's value, and then so is what follows it.
fn masked_authority(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once(':') else { return text.into() };
    let Some((user_info, host)) = rest.rsplit_once('@') else { return text.into() };
    match user_info.split_once(':') {
        Some((user, _)) if user_info.contains('?') => format!("{scheme}:{user}:***").into(),
        Some((user, _)) => format!("{scheme}:{user}:***@{host}").into(),
        None => text.into(),
    }
}

fn masked_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().contains("password") => format!("{name}=***"),
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn no_password_in_a_url_is_shown() {
        for (typed, shown) in [
            ("postgres://me:secret@db.example/app", "postgres://me:***@db.example/app"),
            ("postgres://me:s@cr/et@db.example/app", "postgres://me:***@db.example/app"),
            ("postgres://me:s?cr#et@db.example/app", "postgres://me:***"),
            ("postgres://me:s@cr?password/et=@db.example/app", "postgres://me:***"),
            ("postgres://db:5432/app?password=s@cret", "postgres://db:***"),
            ("postgres://me@db/app?password=s:e@cret&a=b", "postgres://me@db/app?password=***"),
            ("postgres:///app?host=[::1]&password=s@cret", "postgres:///app?host=[:***"),
            ("postgres://db/app?options=a:b&password=s@cret", "postgres://db/app?options=a:***"),
            ("postgres:me:secret@db.example/app", "postgres:me:***@db.example/app"),
            ("postgres:/me:secret@db.example/app", "postgres:/me:***@db.example/app"),
            ("postgres://me@db.example/app?a=b&password=secret", "postgres://me@db.example/app?a=b&password=***"),
            ("postgres:///app?host=/run&sslpassword=secret", "postgres:///app?host=/run&sslpassword=***"),
            ("postgres://db/app?password=s@cret", "postgres://db/app?password=***"),
            ("db?password=secret", "db?password=***"),
            ("db?password=secret://me:secret@db", "db?password=***"),
            ("sqlite:data/portcullis.db", "sqlite:data/portcullis.db"),
            ("127.0.0.1:8400", "127.0.0.1:8400"),
        ] {
            assert_eq!(masked(typed), shown);
        }
    }
}
