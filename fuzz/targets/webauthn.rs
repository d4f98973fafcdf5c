//! From the answer of a key to a session, or to a key that is registered.
#![no_main]

use std::sync::{LazyLock, Mutex};

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::webauthn::Judge;

static JUDGE: LazyLock<Mutex<Judge>> = LazyLock::new(|| Mutex::new(Judge::new()));

fuzz_target!(|bytes: &[u8]| {
    JUDGE.lock().unwrap().judge(bytes);
});
