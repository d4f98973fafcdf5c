//! From what a link said to where a login leads.
#![no_main]

use std::sync::{LazyLock, Mutex};

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::next::Judge;

static JUDGE: LazyLock<Mutex<Judge>> = LazyLock::new(|| Mutex::new(Judge::new()));

fuzz_target!(|bytes: &[u8]| {
    JUDGE.lock().unwrap().judge(bytes);
});
