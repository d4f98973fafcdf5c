//! An authenticator that can be made to lie: it signs whatever a test puts before it.

use aws_lc_rs::{
    digest,
    rand::{self, SystemRandom},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub const UP: u8 = 1;
pub const UV: u8 = 1 << 2;
pub const BE: u8 = 1 << 3;
pub const BS: u8 = 1 << 4;
pub const AT: u8 = 1 << 6;
pub const ED: u8 = 1 << 7;

/// The site that every app of these tests is.
pub const ORIGIN: &str = "https://id.example";
pub const RP_ID: &str = "id.example";

/// One key pair in an authenticator.
pub struct Key {
    pair: EcdsaKeyPair,
    pub id: Vec<u8>,
    /// What it knows its user by, from the registration on.
    pub handle: Vec<u8>,
    /// How often it says it has signed; it counts only if this was set.
    pub count: u32,
    pub counts: bool,
    /// The flags that it sets.
    pub flags: u8,
}

/// An answer in the making.
pub struct Draft {
    pub client_data: Value,
    /// What is sent of it, where that is not just its JSON.
    pub client_data_json: Option<String>,
    pub rp_id: String,
    pub flags: u8,
    pub count: u32,
    pub handle: Option<Vec<u8>>,
    /// What follows the fixed part of the authenticator's data.
    pub tail: Vec<u8>,
}

/// Makes an answer another one, before it is signed.
pub type Forgery = fn(&mut Draft);

impl Key {
    /// A passkey that makes sure of its holder, is synced, and does not count.
    pub fn passkey() -> Self {
        Self::with(UP | UV | BE | BS, false)
    }

    /// A U2F-like key: it knows that someone is there, not who, and counts.
    pub fn security_key() -> Self {
        Self::with(UP, true)
    }

    pub fn with(flags: u8, counts: bool) -> Self {
        let mut id = vec![0; 32];
        rand::fill(&mut id).unwrap();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self { pair, id, handle: Vec::new(), count: 0, counts, flags }
    }

    /// Answers creation options.
    pub fn register(&mut self, options: &Value) -> Value {
        self.register_as(options, |_| ())
    }

    /// Answers them with what `change` makes of the answer.
    pub fn register_as(&mut self, options: &Value, change: impl FnOnce(&mut Draft)) -> Value {
        self.handle = decoded(&options["user"]["id"]);
        let mut draft = self.draft("webauthn.create", options);
        draft.flags |= AT;
        draft.tail =
            [&[0; 16][..], &u16::try_from(self.id.len()).unwrap().to_be_bytes(), &self.id, &self.cose()].concat();
        change(&mut draft);
        let data = draft.authenticator_data();
        let object = [
            &b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"[..],
            &u16::try_from(data.len()).unwrap().to_be_bytes(),
            &data,
        ]
        .concat();
        json!({
            "id": encoded(&self.id), "rawId": encoded(&self.id), "type": "public-key",
            "authenticatorAttachment": "cross-platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(draft.client_data_json().as_bytes()),
                "attestationObject": encoded(&object), "transports": ["usb"],
            },
        })
    }

    /// Answers request options.
    pub fn answer(&mut self, options: &Value) -> Value {
        self.answer_as(options, |_| ())
    }

    /// Answers them with what `change` makes of the answer, signed as it then is.
    pub fn answer_as(&mut self, options: &Value, change: impl FnOnce(&mut Draft)) -> Value {
        self.count += u32::from(self.counts);
        let mut draft = self.draft("webauthn.get", options);
        draft.handle = Some(self.handle.clone());
        change(&mut draft);
        let (data, client_data) = (draft.authenticator_data(), draft.client_data_json());
        let hash = digest::digest(&digest::SHA256, client_data.as_bytes());
        let signed = [&data, hash.as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": encoded(&self.id), "rawId": encoded(&self.id), "type": "public-key",
            "authenticatorAttachment": "cross-platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encoded(client_data.as_bytes()), "authenticatorData": encoded(&data),
                "signature": encoded(signature.as_ref()), "userHandle": draft.handle.as_deref().map(encoded),
            },
        })
    }

    fn draft(&self, ceremony: &str, options: &Value) -> Draft {
        Draft {
            client_data: json!({
                "type": ceremony, "challenge": options["challenge"], "origin": ORIGIN, "crossOrigin": false,
            }),
            client_data_json: None,
            rp_id: RP_ID.to_owned(),
            flags: self.flags,
            count: self.count,
            handle: None,
            tail: Vec::new(),
        }
    }

    /// The public key in COSE (RFC 9053): ES256 on P-256.
    fn cose(&self) -> Vec<u8> {
        let point = self.pair.public_key().as_ref();
        [&b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"[..], &point[1..33], b"\x22\x58\x20", &point[33..]].concat()
    }
}

impl Draft {
    fn client_data_json(&self) -> String {
        self.client_data_json.clone().unwrap_or_else(|| self.client_data.to_string())
    }

    fn authenticator_data(&self) -> Vec<u8> {
        let hash = digest::digest(&digest::SHA256, self.rp_id.as_bytes());
        [hash.as_ref(), &[self.flags], &self.count.to_be_bytes(), &self.tail].concat()
    }
}

pub fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decoded(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}
