//! Far more logins than the machine can hash: the others are served, memory stays bounded, nothing is lost.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use tempfile::tempdir;

use crate::{
    client::{get, get_as, login, register, token},
    process::Server,
};

const PASSWORD: &str = "correct horse battery staple";
const LOGINS: usize = 200;
const MIB: u64 = 1024 * 1024;

#[test]
fn pw_9_200_logins_at_once_leave_the_rest_alone() {
    let folder = tempdir().unwrap();
    let flags = ["--hash-threads", "2", "--hash-queue", "1", "--insecure-no-limits"];
    let server = Server::start(folder.path(), &flags);
    let at = server.address;
    assert_eq!(register(at, "ada", PASSWORD).status, 201);
    let held = token(at, "ada", PASSWORD);

    let finished = AtomicUsize::new(0);
    let mut peak = 0;
    let answers = thread::scope(|scope| {
        let logins: Vec<_> = (0..LOGINS)
            .map(|turn| {
                let finished = &finished;
                let password = if turn % 2 == 0 { PASSWORD } else { "something else entirely" };
                scope.spawn(move || {
                    let answer = login(at, "ada", password);
                    finished.fetch_add(1, Ordering::Relaxed);
                    (turn % 2 == 0, answer)
                })
            })
            .collect();
        while finished.load(Ordering::Relaxed) < LOGINS {
            assert_eq!(get(at, "/healthz").status, 200);
            assert_eq!(get_as(at, "/auth/me", &held).status, 200);
            peak = peak.max(own_memory(server.pid()));
        }
        logins.into_iter().map(|login| login.join().unwrap()).collect::<Vec<_>>()
    });

    let mut turned_away = 0;
    for (right, answer) in &answers {
        match answer.status {
            200 => assert!(right),
            401 => assert!(!right),
            503 => {
                assert_eq!(answer.code(), "overloaded");
                assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
                turned_away += 1;
            }
            other => panic!("answered {other}: {answer:?}"),
        }
    }
    assert!((1..LOGINS).contains(&turned_away), "{turned_away} of {LOGINS} were turned away");
    assert!(peak > 2 * 19 * MIB, "hashing was missed: {} MiB", peak / MIB);
    assert!(peak <= 2 * 19 * MIB + 32 * MIB, "the peak was {} MiB", peak / MIB);
    assert_eq!(get_as(at, "/auth/me", &token(at, "ada", PASSWORD)).status, 200);
    assert_eq!(login(at, "ada", "something else entirely").status, 401);
    assert_eq!(register(at, "grace", PASSWORD).status, 201);
}

/// What is resident of a process, in bytes, beside the program itself, which is many times as large here as what is shipped.
fn own_memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
}
