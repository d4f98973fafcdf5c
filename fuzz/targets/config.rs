//! From a settings file to the settings.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::config;

fuzz_target!(|bytes: &[u8]| {
    config::judge(bytes);
});
