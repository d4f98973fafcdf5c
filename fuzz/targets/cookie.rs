//! From cookie headers to the guard's verdict.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::cookie;

fuzz_target!(|bytes: &[u8]| {
    cookie::judge(bytes);
});
