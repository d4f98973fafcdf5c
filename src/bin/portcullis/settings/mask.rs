//! Keeping a password that sits inside a URL out of everything that is printed.

/// The same text, with `***` where a URL in it holds a password, in its authority or as a parameter.
pub(crate) fn masked(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once(':') else { return text.to_owned() };
    let (address, query) = rest.split_once('?').map_or((rest, None), |(address, query)| (address, Some(query)));
    let query = query.map(|query| query.split('&').map(masked_parameter).collect::<Vec<_>>().join("&"));
    let rest = query.map_or(address.to_owned(), |query| format!("{address}?{query}"));
    // A password may hold any sign that its writer forgot to escape, so that it can look like a path or a query:
    // everything up to the last `@` is suspect.
    let rest = match rest.rsplit_once('@') {
        Some((user_info, host)) => match user_info.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            None => rest,
        },
        None => rest,
    };
    format!("{scheme}:{rest}")
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
            ("postgres://me:s?cr#et@db.example/app", "postgres://me:***@db.example/app"),
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
