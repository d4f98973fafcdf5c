//! `portcullis calibrate`: what it prints, not what it measures, which is the machine's.

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::process::run;

#[test]
fn costs_are_measured_and_one_is_advised() {
    let folder = tempdir().unwrap();
    let settings = ["calibrate", "--argon2", "m=20000,t=2,p=1", "--hash-threads", "1", "--within", "1h"];
    let printed = run(folder.path(), &[settings.as_slice(), &["--json"]].concat(), "");
    let said: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!((printed.status.code(), &said["hash_threads"]), (Some(0), &json!(1)));
    let rows = said["measured"].as_array().unwrap();
    assert_eq!((&rows[0]["argon2"], &rows[0]["in_force"]), (&json!("m=20000,t=2,p=1"), &json!(true)));
    assert_eq!(rows[0]["memory_kib"], 20000);
    assert!(rows.iter().all(|row| row["hash_seconds"].is_f64() && row["logins_a_second"].is_f64()), "{said}");
    assert_eq!(said["advised"], json!({ "argon2": "m=65536,t=3,p=4", "is_within": true }));

    let printed = run(folder.path(), &settings, "");
    let text = String::from_utf8(printed.stdout).unwrap();
    for row in rows {
        assert!(text.contains(row["argon2"].as_str().unwrap()), "{text}");
    }
    assert_eq!(text.lines().filter(|line| line.ends_with("in force")).count(), 1, "{text}");
    assert_eq!(text.lines().last(), Some(r#"argon2 = "m=65536,t=3,p=4""#));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "it takes no database");

    let refused = run(folder.path(), &["calibrate", "--within", "soon"], "");
    assert_eq!(refused.status.code(), Some(2));
}
