//! A pool under more load than it takes on.

use portcullis::password::{HashError, Verdict};

use crate::support::{cheap, password, pool};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pw_9_of_200_at_once_each_gets_a_verdict_or_is_turned_away() {
    let pool = pool(cheap(), 2, 4);
    let stored = pool.hash(password("right")).await.unwrap();
    let tries: Vec<_> = (0..200)
        .map(|number| {
            let (pool, stored) = (pool.clone(), stored.clone());
            let (typed, expected) = match number % 2 {
                0 => ("right", Verdict::Match { needs_rehash: false }),
                _ => ("wrong", Verdict::NoMatch),
            };
            tokio::spawn(async move { (pool.verify(password(typed), Some(stored)).await, expected) })
        })
        .collect();
    let (mut verdicts, mut turned_away) = (0, 0);
    for tried in tries {
        match tried.await.unwrap() {
            (Ok(verdict), expected) => {
                assert_eq!(verdict, expected);
                verdicts += 1;
            }
            (Err(HashError::Overloaded { retry_after }), _) => {
                assert!(retry_after.as_secs() >= 1 && retry_after.subsec_nanos() == 0);
                turned_away += 1;
            }
            (Err(other), _) => panic!("{other}"),
        }
    }
    assert_eq!(verdicts + turned_away, 200);
    assert_eq!(pool.hashes_computed(), verdicts + 1);
    assert_eq!(pool.queue_len(), 0);
}

/// Memory belongs to the whole process, so the measured load runs in a process of its own: this test again.
#[cfg(target_os = "linux")]
mod memory {
    use std::{env, fs, num::NonZeroUsize, process::Command, time::Duration};

    use portcullis::password::{HashError, HashPool, HashPoolSettings};

    use crate::support::password;

    const THREADS: usize = 4;
    const MIB: usize = 1024;
    const BOUND: usize = THREADS * 19 * MIB + 64 * MIB;
    const IN_CHILD: &str = "PORTCULLIS_TEST_MEASURES_MEMORY";

    /// A line of this process's status, in KiB.
    fn status_kib(name: &str) -> usize {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim_end_matches("kB").trim().parse().unwrap()
    }

    async fn full_queue(pool: &HashPool) {
        let tries: Vec<_> = (0..300)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.verify(password(&"x".repeat(1024)), None).await })
            })
            .collect();
        for tried in tries {
            assert!(matches!(tried.await.unwrap(), Ok(_) | Err(HashError::Overloaded { .. })));
        }
    }

    async fn wait_until_memory_is_given_back() {
        for _ in 0..1000 {
            if status_kib("VmRSS") < 24 * MIB {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} KiB are still held", status_kib("VmRSS"));
    }

    #[tokio::test]
    async fn pw_9_memory_is_bounded_under_a_full_queue_and_given_back_after() {
        if env::var_os(IN_CHILD).is_none() {
            let name = "load::memory::pw_9_memory_is_bounded_under_a_full_queue_and_given_back_after";
            let output =
                Command::new(env::current_exe().unwrap()).args(["--exact", name]).env(IN_CHILD, "1").output().unwrap();
            let told = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && told.contains("1 passed"), "{told}");
            return;
        }
        let pool = HashPool::start(HashPoolSettings {
            threads: NonZeroUsize::new(THREADS).unwrap(),
            memory_kept_for: Duration::from_millis(20),
            ..HashPoolSettings::default()
        })
        .unwrap();
        // More than once: an allocator may treat memory it has seen before in another way.
        for _ in 0..3 {
            full_queue(&pool).await;
            wait_until_memory_is_given_back().await;
        }
        let peak = status_kib("VmHWM");
        assert!((19 * MIB..=BOUND).contains(&peak), "{peak} KiB at the peak, {BOUND} allowed");
    }
}
