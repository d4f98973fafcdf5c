//! Tokens that no verifier may accept.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{TestIssuer, TestToken};
use crate::clock::Clock;

/// Something that is wrong with a token, and nothing else about it.
///
/// A service that asks for the right verifier refuses each of these with 401. [`ALL`](Self::ALL) is for a loop over them,
/// as the [module](super) shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flaw {
    /// It expired an hour ago.
    Expired,
    /// It is good from in an hour (`nbf`).
    NotYetValid,
    /// It lives for a hundred years.
    Everlasting,
    /// Another issuer is named in it (`iss`).
    ForeignIssuer,
    /// It is for another service (`aud`).
    ForeignAudience,
    /// Another key signed it, under the id of the right one.
    ForeignKey,
    /// It was changed after it was signed: it is about another user.
    Tampered,
    /// It has no signature, and says that it needs none (`alg` is `none`).
    Unsigned,
    /// It is another kind of token than an access token (`typ` is `JWT`).
    WrongType,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Expired,
        Self::NotYetValid,
        Self::Everlasting,
        Self::ForeignIssuer,
        Self::ForeignAudience,
        Self::ForeignKey,
        Self::Tampered,
        Self::Unsigned,
        Self::WrongType,
    ];

    pub(super) fn mint(self, token: TestToken) -> String {
        const HOUR: i64 = 3600;
        match self {
            Self::Expired => token.lasting(-2 * HOUR, -HOUR).sign(),
            Self::NotYetValid => {
                let start = token.issuer.clock().now().as_secs() + HOUR;
                token.lasting(0, 2 * HOUR).claim("nbf", start).sign()
            }
            Self::Everlasting => token.lasting(0, 100 * 365 * 24 * HOUR).sign(),
            Self::ForeignIssuer => token.claim("iss", "https://another-issuer.test").sign(),
            Self::ForeignAudience => token.claim("aud", "another-service").sign(),
            Self::ForeignKey => {
                let algorithm = token.issuer.signer().algorithm();
                TestToken { issuer: TestIssuer::signing_with(algorithm), ..token }.sign()
            }
            Self::Tampered => {
                let signed = token.sign();
                let user = token.claims.get("sub").map(Value::to_string).unwrap_or_default();
                let claims = encode(&json!(token.claim("sub", format!("not {user}")).claims));
                let parts = signed.split_once('.').zip(signed.rsplit_once('.'));
                parts.map(|((header, _), (_, signature))| format!("{header}.{claims}.{signature}")).unwrap_or_default()
            }
            Self::Unsigned => {
                let token = token.header("alg", "none");
                format!("{}.{}.", encode(&json!(token.header)), encode(&json!(token.claims)))
            }
            Self::WrongType => token.header("typ", "JWT").sign(),
        }
    }
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::{
        Algorithm, TokenError,
        TokenErrorKind::{
            BadSignature, Expired, LivesTooLong, NotYetValid, WrongAlgorithm, WrongAudience, WrongIssuer, WrongType,
        },
    };

    #[test]
    fn each_flaw_is_refused_for_what_it_is() {
        let reasons = [
            Expired,
            NotYetValid,
            LivesTooLong,
            WrongIssuer,
            WrongAudience,
            BadSignature,
            BadSignature,
            WrongAlgorithm,
            WrongType,
        ];
        for algorithm in [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa] {
            let issuer = TestIssuer::signing_with(algorithm);
            let token = issuer.token_for("root");
            assert!(issuer.verifier().verify(&token.sign()).is_ok());
            for (flaw, reason) in Flaw::ALL.into_iter().zip(reasons) {
                let refused = issuer.verifier().verify(&token.flawed(flaw)).map_err(TokenError::kind);
                assert_eq!(refused, Err(reason), "{algorithm} {flaw:?}");
            }
        }
    }
}
