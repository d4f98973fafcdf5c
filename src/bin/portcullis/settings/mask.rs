//! Keeping a password that sits inside a URL out of everything that is printed.

use std::borrow::Cow;

/// The same text, with `***` where a URL in it holds a password, in its authority or as a parameter.
pub(crate) fn masked(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once(':') else { return text.to_owned() };
    let rest = masked_authority(rest);
    let (address, query) = rest.split_once('?').map_or((&*rest, None), |(address, query)| (address, Some(query)));
    let query = query.map(|query| query.split('&').map(masked_parameter).collect::<Vec<_>>().join("&"));
    query.map_or_else(|| format!("{scheme}:{address}"), |query| format!("{scheme}:{address}?{query}"))
}

/// A password may hold any sign that its writer forgot to escape, so that it can look like a path or a query: everything up
/// to the last `@` is suspect. Behind a `?` that sign may be one of a parameter's value, and then so is what follows it.
fn masked_authority(rest: &str) -> Cow<'_, str> {
    let Some((user_info, host)) = rest.rsplit_once('@') else { return rest.into() };
    match user_info.split_once(':') {
        Some((user, _)) if user_info.contains('?') => format!("{user}:***").into(),
        Some((user, _)) => format!("{user}:***@{host}").into(),
        None => rest.into(),
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
            ("sqlite:data/portcullis.db", "sqlite:data/portcullis.db"),
            ("127.0.0.1:8400", "127.0.0.1:8400"),
        ] {
            assert_eq!(masked(typed), shown);
        }
    }
}
