//! From the header of a request to the guard's verdict.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::token;

fuzz_target!(|bytes: &[u8]| {
    token::judge(bytes);
});
