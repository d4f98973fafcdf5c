//! From a body to the answer of whichever route.
#![no_main]

use std::sync::{LazyLock, Mutex};

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::body::Judge;

static JUDGE: LazyLock<Mutex<Judge>> = LazyLock::new(|| Mutex::new(Judge::new()));

fuzz_target!(|bytes: &[u8]| {
    JUDGE.lock().unwrap().judge(bytes);
});
