//! From method and path to the rule that holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::path;

fuzz_target!(|bytes: &[u8]| {
    path::judge(bytes);
});
