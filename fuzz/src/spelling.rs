//! A second judge of paths, written to be obvious rather than quick.

use std::collections::BTreeSet;

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

/// Whether somebody who reads a path, decoding it as often as they like, may climb by it.
pub fn climbs(path: &str) -> bool {
    let plain = fully_decoded(path).replace('\\', "/");
    plain.split('/').any(|segment| segment.split(';').next() == Some(".."))
}

/// What others might make of a path that does not climb, decoding it once, twice, or until nothing is left to decode, and
/// dropping the segments that lead nowhere before or after that.
pub fn readings(path: &str) -> BTreeSet<String> {
    let once = decoded(path);
    let levels = [path.to_owned(), decoded(&once), fully_decoded(path), once];
    let mut readings = BTreeSet::from(levels.clone());
    for text in levels {
        for text in [straightened(&text), straightened(&text.replace('\\', "/"))] {
            readings.extend([decoded(&text), fully_decoded(&text), straightened(&fully_decoded(&text)), text]);
        }
    }
    readings
}

fn fully_decoded(path: &str) -> String {
    let next = decoded(path);
    if next == path { next } else { fully_decoded(&next) }
}

fn straightened(path: &str) -> String {
    let leads_somewhere = |segment: &&str| !matches!(segment.split(';').next(), Some("" | "."));
    format!("/{}", path.split('/').filter(leads_somewhere).collect::<Vec<_>>().join("/"))
}
