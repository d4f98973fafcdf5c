//! From a file of users to the users.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::import;

fuzz_target!(|bytes: &[u8]| {
    import::judge(bytes);
});
