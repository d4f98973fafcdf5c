//! From a body to the answer of whichever route.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::body;

fuzz_target!(|bytes: &[u8]| {
    body::judge(bytes);
});
