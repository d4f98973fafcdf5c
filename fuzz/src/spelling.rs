//! A second judge of paths, written to be obvious rather than quick.

/// Whether a path can be read in one way only.
pub fn is_plain(path: &str) -> bool {
    let text = decode(path);
    path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && ["%2f", "%5c", "%2e", "%25"].iter().all(|escape| !path.to_lowercase().contains(escape))
        && !text.contains(&b'%')
        && goes_straight_down(path)
        && String::from_utf8(text).is_ok_and(|text| !text.contains(char::is_control) && goes_straight_down(&text))
}

fn goes_straight_down(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    let segments: Vec<_> = rest.split('/').collect();
    let (last, others) = segments.split_last().expect("a text has a segment");
    let goes_elsewhere = |segment: &str| matches!(segment.split(';').next(), Some("" | "." | ".."));
    others.iter().all(|segment| !goes_elsewhere(segment)) && (last.is_empty() || !goes_elsewhere(last))
}

pub fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&decode(text)).into_owned()
}

/// Decodes once.
fn decode(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes();
    let mut decoded = Vec::new();
    while let [first, rest @ ..] = bytes {
        let escape = rest.get(..2).filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let byte = escape.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        decoded.push(byte.unwrap_or(*first));
        bytes = if byte.is_some() { &rest[2..] } else { rest };
    }
    decoded
}

/// What others might make of a path: as it is, with every escape decoded, walked, and both.
pub fn readings(path: &str) -> [String; 4] {
    let mut plain = path.to_owned();
    loop {
        let next = decoded(&plain);
        if next == plain {
            break;
        }
        plain = next;
    }
    [path.to_owned(), walked(path), walked(&plain), plain]
}

/// Where a path leads to.
fn walked(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.replace('\\', "/").split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => _ = segments.pop(),
            _ => segments.push(segment.to_owned()),
        }
    }
    format!("/{}", segments.join("/"))
}
