//! How far an item of CBOR (RFC 8949) goes, so that what is behind it shows.
//!
//! The parser that makes something of an item ignores what follows it. Here nothing is made of it: only its end is found.
//! Lengths have to be stated, as CTAP2 has it.

/// How deep items may be nested: more than any authenticator's, and few enough for any stack.
const DEPTH: u32 = 8;

/// What follows the first item; `None` if it is not whole.
pub(super) fn after_item(bytes: &[u8]) -> Option<&[u8]> {
    after(bytes, DEPTH)
}

/// The byte string under this name in a map that is all of `bytes`.
pub(super) fn bytes_of<'a>(map: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (MAP, pairs, mut rest) = head(map)? else { return None };
    let mut found = None;
    for _ in 0..pairs {
        let (TEXT, len, tail) = head(rest)? else { return None };
        let (key, tail) = tail.split_at_checked(usize::try_from(len).ok()?)?;
        if key == name.as_bytes() {
            let (BYTES, len, tail) = head(tail)? else { return None };
            let (value, tail) = tail.split_at_checked(usize::try_from(len).ok()?)?;
            if found.replace(value).is_some() {
                return None;
            }
            rest = tail;
        } else {
            rest = after_item(tail)?;
        }
    }
    found.filter(|_| rest.is_empty())
}

const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

fn after(bytes: &[u8], depth: u32) -> Option<&[u8]> {
    let depth = depth.checked_sub(1)?;
    let (major, argument, mut rest) = head(bytes)?;
    let items = match major {
        BYTES | TEXT => return rest.split_at_checked(usize::try_from(argument).ok()?).map(|(_, rest)| rest),
        ARRAY => argument,
        MAP => argument.checked_mul(2)?,
        TAG => 1,
        _ => 0,
    };
    // However many items are announced, each takes a byte at least.
    for _ in 0..items {
        rest = after(rest, depth)?;
    }
    Some(rest)
}

/// The major type, its argument, and what follows both.
fn head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (major, short) = (first >> 5, first & 0x1f);
    let width = match short {
        0..24 => return Some((major, u64::from(short), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let (argument, rest) = rest.split_at_checked(width)?;
    Some((major, argument.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_item_ends_where_it_ends() {
        // RFC 8949, appendix A.
        for item in [
            "00",
            "1864",
            "1903e8",
            "1b000000e8d4a51000",
            "20",
            "40",
            "4401020304",
            "6449455446",
            "80",
            "83010203",
            "8301820203820405",
            "a0",
            "a26161016162820203",
            "c074323031332d30332d32315432303a30343a30305a",
            "f4",
            "f93e00",
        ] {
            let mut bytes = hex(item);
            assert_eq!(after_item(&bytes), Some(&[][..]), "{item}");
            for end in 0..bytes.len() {
                assert_eq!(after_item(&bytes[..end]), None, "{item} cut at {end}");
            }
            bytes.push(7);
            assert_eq!(after_item(&bytes), Some(&[7][..]), "{item}");
        }
    }

    #[test]
    fn what_states_no_length_or_is_too_deep_is_no_item() {
        for item in ["9f01ff", "bf616101ff", "5f4101ff", "81818181818181818100", "1c", "fe"] {
            assert_eq!(after_item(&hex(item)), None, "{item}");
        }
    }

    #[test]
    fn a_byte_string_is_found_once_by_its_name() {
        assert_eq!(bytes_of(&hex("a2616101616242aabb"), "b"), Some(&[0xaa, 0xbb][..]));
        for bad in
            ["a2616101616242aabb00", "a2616242aabb616242aabb", "a161620a", "a16161420000", "80", "a2616101616242aa"]
        {
            assert_eq!(bytes_of(&hex(bad), "b"), None, "{bad}");
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn no_input_takes_it_out_of_bounds(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(rest) = after_item(&bytes) {
                prop_assert!(rest.len() < bytes.len() && bytes.ends_with(rest));
            }
            let _ = bytes_of(&bytes, "authData");
        }
    }
}
