//! From the answer of a key to a session.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::webauthn;

fuzz_target!(|bytes: &[u8]| {
    webauthn::judge(bytes);
});
