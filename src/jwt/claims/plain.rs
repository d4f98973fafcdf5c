//! Claims as nearly all issuers write them: without white space, without escapes, with whole numbers, and none but those
//! that have a meaning here.
//!
//! To read these takes a quarter of what it takes to read whatever JSON allows, which is most of what the first sight of
//! a token costs beside its signature. This reader is never the one that refuses: from anything that it does not expect it
//! backs away, and leaves it to the other one to read it, or to say what is wrong with it.

use super::{
    read::Raw,
    several::{LAST_SECOND, NumericDate, OneOrMany},
};
use crate::{clock::Timestamp, jwt::strict::Text};

/// Fills the claims, or does not know how to; then what it has filled in means nothing.
pub(super) fn fill<'a>(raw: &mut Raw<'a>, json: &'a str) -> Option<()> {
    // A fold has no early exit, and is done many bytes at a time.
    let (lowest, nearest) =
        json.bytes().fold((u8::MAX, u8::MAX), |(lowest, nearest), byte| (lowest.min(byte), nearest.min(byte ^ b'\\')));
    let is_plain = lowest >= b' ' && nearest > 0;
    let mut reader = Reader { json, at: 0, quotes: Quotes::of(json.as_bytes()) };
    if !is_plain || reader.next()? != b'{' {
        return None;
    }
    loop {
        let name = reader.string()?;
        (reader.next()? == b':').then_some(())?;
        reader.claim(name, raw)?;
        match reader.next()? {
            b',' => {}
            b'}' => return (reader.at == json.len()).then_some(()),
            _ => return None,
        }
    }
}

struct Reader<'a> {
    json: &'a str,
    at: usize,
    quotes: Quotes<'a>,
}

impl<'a> Reader<'a> {
    fn claim(&mut self, name: &str, raw: &mut Raw<'a>) -> Option<()> {
        let optional = &mut raw.optional;
        match name {
            "iss" => once(&mut raw.iss, self.text()?),
            "aud" => once(&mut raw.aud, self.one_or_many()?),
            "sub" => once(&mut raw.sub, self.text()?),
            "exp" => once(&mut raw.exp, self.date()?),
            "iat" => once(&mut raw.iat, self.date()?),
            "nbf" => once(&mut optional.nbf, self.date()?),
            "jti" => once(&mut optional.jti, self.text()?),
            "sid" => once(&mut optional.sid, self.text()?),
            "gen" => once(&mut optional.generation, self.number()?),
            "client_id" => once(&mut optional.client_id, self.text()?),
            "scope" => once(&mut optional.scope, self.text()?),
            "roles" => once(&mut optional.roles, self.many(str::to_owned)?),
            "amr" => once(&mut optional.amr, self.many(str::to_owned)?),
            "acr" => once(&mut optional.acr, self.text()?),
            "auth_time" => once(&mut optional.auth_time, self.date()?),
            "name" => once(&mut optional.name, self.text()?),
            "email" => once(&mut optional.email, self.text()?),
            "email_verified" => once(&mut optional.email_verified, self.truth()?),
            _ => None,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.json.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    fn string(&mut self) -> Option<&'a str> {
        let start = self.quotes.next().filter(|start| *start == self.at)?;
        let end = self.quotes.next()?;
        self.at = end + 1;
        self.json.get(start + 1..end)
    }

    fn text(&mut self) -> Option<Text<'a>> {
        self.string().map(Text::from)
    }

    fn many<T>(&mut self, item: impl Fn(&'a str) -> T) -> Option<Vec<T>> {
        let mut many = Vec::new();
        (self.next()? == b'[').then_some(())?;
        loop {
            many.push(item(self.string()?));
            match self.next()? {
                b',' => {}
                b']' => return Some(many),
                _ => return None,
            }
        }
    }

    fn one_or_many(&mut self) -> Option<OneOrMany<'a>> {
        if self.peek()? == b'"' { self.text().map(OneOrMany::One) } else { self.many(Text::from).map(OneOrMany::Many) }
    }

    /// A whole number that is not negative. JSON has none that begins with a zero but zero itself.
    fn number(&mut self) -> Option<i64> {
        let rest = self.json.get(self.at..)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number = rest.get(..digits).filter(|number| digits == 1 || !number.starts_with('0'))?;
        self.at += digits;
        number.parse().ok()
    }

    fn date(&mut self) -> Option<NumericDate> {
        let seconds = self.number().filter(|seconds| *seconds <= LAST_SECOND)?;
        Some(NumericDate(Timestamp::from_secs(seconds)))
    }

    fn truth(&mut self) -> Option<bool> {
        let rest = self.json.get(self.at..)?;
        let truth = rest.starts_with("true");
        let word = if truth { "true" } else { "false" };
        self.at += word.len();
        rest.starts_with(word).then_some(truth)
    }
}

fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

/// Where the quotes are, 64 bytes at a time: a search for one after the other would guess wrong at the end of each word.
struct Quotes<'a> {
    rest: &'a [u8],
    /// Where the 64 bytes begin that were looked at last, and one bit for each quote in them that is still to come.
    start: usize,
    found: u64,
}

impl<'a> Quotes<'a> {
    const BLOCK: usize = 64;

    fn of(json: &'a [u8]) -> Self {
        let (block, rest) = json.split_at(json.len().min(Self::BLOCK));
        Self { rest, start: 0, found: quotes_in(block) }
    }
}

impl Iterator for Quotes<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            if self.rest.is_empty() {
                return None;
            }
            let (block, rest) = self.rest.split_at(self.rest.len().min(Self::BLOCK));
            *self = Self { rest, start: self.start + Self::BLOCK, found: quotes_in(block) };
        }
        let at = self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(self.start + at)
    }
}

/// The bit `n` is set where the byte `n` is a quote.
fn quotes_in(block: &[u8]) -> u64 {
    let (words, rest) = block.as_chunks();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(byte, read)| *byte = *read);
    words.iter().rev().fold(quotes_in_word(last), |found, word| found << 8 | quotes_in_word(*word))
}

fn quotes_in_word(word: [u8; 8]) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let other = u64::from_le_bytes(word) ^ u64::from_le_bytes([b'"'; 8]);
    // The highest bit of each byte that is zero, which is where a quote was.
    let is_quote = !(((other & LOW) + LOW) | other | LOW);
    // Eight bits far apart, put side by side.
    (is_quote >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::{super::Read, *};
    use crate::jwt::Claims;

    /// What this reader makes of it, and what the reader of all JSON makes of it.
    fn both(json: &str) -> (Option<Claims>, Option<Claims>) {
        let mut raw = Raw::default();
        let plain = fill(&mut raw, json).and_then(|()| raw.complete()).map(Read::into_claims);
        (plain, Read::of_any_json(json).ok().map(Read::into_claims))
    }

    fn names() -> impl Strategy<Value = String> {
        let known = [
            "iss",
            "aud",
            "sub",
            "exp",
            "iat",
            "nbf",
            "jti",
            "sid",
            "gen",
            "client_id",
            "scope",
            "roles",
            "amr",
            "acr",
            "auth_time",
            "name",
            "email",
            "email_verified",
        ];
        prop_oneof![20 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "[a-z\"\\\\]{0,4}"]
    }

    fn values() -> impl Strategy<Value = Value> {
        prop_oneof![
            8 => "[a-z:/ ,{}é]{0,70}".prop_map(Value::from),
            1 => any::<String>().prop_map(Value::from),
            4 => (0..=LAST_SECOND + 2).prop_map(Value::from),
            1 => any::<i64>().prop_map(Value::from),
            1 => any::<u64>().prop_map(Value::from),
            1 => any::<f64>().prop_map(Value::from),
            1 => any::<bool>().prop_map(Value::from),
            1 => Just(Value::Null),
            2 => prop::collection::vec("[a-z]{0,9}", 0..3).prop_map(Value::from),
        ]
    }

    fn required() -> Map<String, Value> {
        let claims = json!({ "iss": "i", "aud": "a", "sub": "s", "exp": 2, "iat": 1 });
        claims.as_object().unwrap().clone()
    }

    proptest! {
        #[test]
        fn jwt_6_what_is_read_plainly_is_what_json_means(claims in prop::collection::vec((names(), values()), 0..20)) {
            let mut all = required();
            all.extend(claims);
            let (plain, any) = both(&Value::Object(all).to_string());
            prop_assert!(plain.is_none() || plain == any, "{plain:?}, {any:?}");
        }

        #[test]
        fn jwt_6_what_is_not_json_is_not_read_plainly_either(
            claims in prop::collection::vec((names(), values()), 0..9),
            at in any::<prop::sample::Index>(),
            other in prop_oneof!["[\"\\\\{}\\[\\]:,0-9 ]".prop_map(|text| text.chars().next()), Just(None)],
        ) {
            let mut all = required();
            all.extend(claims);
            let mut json: Vec<_> = Value::Object(all).to_string().chars().collect();
            let at = at.index(json.len());
            match other {
                Some(other) => json[at] = other,
                None => drop(json.remove(at)),
            }
            let (plain, any) = both(&json.into_iter().collect::<String>());
            prop_assert!(plain.is_none() || plain == any, "{plain:?}, {any:?}");
        }
    }

    #[test]
    fn what_is_written_here_is_read_plainly() {
        let now = Timestamp::from_secs(1_790_000_000);
        let mut claims = Claims::new("https://id.example", "notes", "u1", now, std::time::Duration::from_mins(15));
        claims.scope = ["notes:read", "notes:write"].into_iter().collect();
        claims.amr = vec!["pwd".into(), "otp".into()];
        claims.roles = vec!["writer".into()];
        claims.auth_time = Some(now);
        claims.generation = Some(7);
        claims.email_verified = Some(true);
        let (plain, any) = both(&serde_json::to_string(&claims).unwrap());
        assert_eq!(plain.as_ref(), Some(&claims));
        assert_eq!(any, plain);
    }

    #[test]
    fn jwt_6_a_member_that_is_there_twice_is_not_read_plainly() {
        let (plain, any) = both(r#"{"iss":"i","aud":"a","sub":"s","exp":2,"iat":1,"sub":"t"}"#);
        assert!(plain.is_none() && any.is_none());
    }

    #[test]
    fn jwt_6_numbers_are_read_as_json_has_them() {
        for number in
            ["0", "1", "007", "00", "", "-1", "1.5", "1e3", "253402300799", "253402300800", "9999999999999999999"]
        {
            let (plain, any) = both(&format!(r#"{{"iss":"i","aud":"a","sub":"s","exp":2,"iat":{number}}}"#));
            assert!(plain.is_none() || plain == any, "{number}");
        }
    }
}
