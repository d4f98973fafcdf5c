//! `portcullis calibrate`

use std::{
    error::Error,
    time::{Duration, Instant},
};

use portcullis::password::{Argon2Params, HashPool, HashPoolSettings, Password};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{print, settings::Settings};

/// Memory in KiB, passes and lanes: what OWASP takes for equally good, and what RFC 9106 asks for where memory is scarce.
const OTHERS: [(u32, u32, u32); 6] =
    [(7_168, 5, 1), (9_216, 4, 1), (12_288, 3, 1), (19_456, 2, 1), (47_104, 1, 1), (65_536, 3, 4)];

/// How many hashes are made one after the other, by one thread and then by each.
const ROUNDS: u32 = 5;

/// What was measured of one cost.
struct Measured {
    params: Argon2Params,
    alone: Duration,
    a_second: f64,
    memory_kib: u64,
    in_force: bool,
}

/// Measures what hashes of several costs take on this machine, and says which to take.
pub(crate) async fn calibrate(settings: &Settings, within: Duration, json: bool) -> Result<(), Box<dyn Error>> {
    let hashing = &settings.config.hashing;
    let mut all = vec![hashing.params.clone()];
    for (m_kib, t, p) in OTHERS {
        let params = Argon2Params::new(m_kib, t, p)?;
        if !all.contains(&params) {
            all.push(params);
        }
    }
    let mut measured = Vec::new();
    for params in all {
        measured.push(measure(params, hashing).await?);
    }
    let (advised, fits) = advised(&measured, within).ok_or("nothing was measured")?;
    let object = json!({
        "hash_threads": hashing.threads,
        "measured": measured.iter().map(object).collect::<Vec<_>>(),
        "within_seconds": within.as_secs_f64(),
        "advised": { "argon2": advised.to_string(), "is_within": fits },
    });
    let mut lines = vec![format!("{:<20} {:>10} {:>16} {:>10}", "argon2", "one hash", "logins a second", "memory")];
    lines.extend(measured.iter().map(line));
    let (threads, within) = (hashing.threads, humantime::format_duration(within));
    lines.push(format!("\nLogins and memory are those of `hash_threads = {threads}`, with nothing else to do."));
    let why = if fits { "The hardest to guess of those that take" } else { "The quickest, as none takes" };
    lines.push(format!("{why} at most {within}, for portcullis.toml:\n\nargon2 = \"{advised}\""));
    print::result(json, &object, &lines.join("\n"))?;
    Ok(())
}

async fn measure(params: Argon2Params, hashing: &HashPoolSettings) -> Result<Measured, Box<dyn Error>> {
    let pool = HashPool::start(HashPoolSettings { params: params.clone(), ..hashing.clone() })?;
    let threads = u32::try_from(hashing.threads.get())?;
    let password = Password::parse("correct horse battery staple")?;
    // The first of a thread takes its memory from the system, which the others do not.
    all_at_once(&pool, threads, 1, &password).await?;
    let mut alone = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        pool.hash(password.clone()).await?;
        // Whatever else the machine does only makes it slower.
        alone = alone.min(start.elapsed());
    }
    let start = Instant::now();
    all_at_once(&pool, threads, ROUNDS, &password).await?;
    let a_second = f64::from(threads * ROUNDS) / start.elapsed().as_secs_f64();
    let memory_kib = u64::from(params.m_kib()) * u64::from(threads);
    Ok(Measured { in_force: params == hashing.params, params, alone, a_second, memory_kib })
}

/// Has every thread make so many hashes.
async fn all_at_once(pool: &HashPool, threads: u32, each: u32, password: &Password) -> Result<(), Box<dyn Error>> {
    let mut busy = JoinSet::new();
    for _ in 0..threads {
        let (pool, password) = (pool.clone(), password.clone());
        busy.spawn(async move {
            for _ in 0..each {
                pool.hash(password.clone()).await?;
            }
            Ok::<_, portcullis::password::HashError>(())
        });
    }
    while let Some(done) = busy.join_next().await {
        done??;
    }
    Ok(())
}

/// The cost to take, and whether it stays within what a login may take. A guess costs memory times passes.
fn advised(measured: &[Measured], within: Duration) -> Option<(&Argon2Params, bool)> {
    let cost = |params: &Argon2Params| u64::from(params.m_kib()) * u64::from(params.t());
    let fitting = measured.iter().filter(|row| row.alone <= within);
    let hardest = fitting.max_by_key(|row| cost(&row.params)).map(|row| (&row.params, true));
    hardest.or_else(|| measured.iter().min_by_key(|row| row.alone).map(|row| (&row.params, false)))
}

fn object(row: &Measured) -> Value {
    json!({
        "argon2": row.params.to_string(),
        "in_force": row.in_force,
        "hash_seconds": row.alone.as_secs_f64(),
        "logins_a_second": row.a_second,
        "memory_kib": row.memory_kib,
    })
}

fn line(row: &Measured) -> String {
    let Measured { params, alone, a_second, memory_kib, in_force } = row;
    let mark = if *in_force { "  in force" } else { "" };
    let (params, alone, memory) = (params.to_string(), alone.as_secs_f64() * 1000.0, memory_kib / 1024);
    format!("{params:<20} {alone:>7.1} ms {a_second:>16.0} {memory:>6} MiB{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hardest_to_guess_within_the_time_is_advised_or_else_the_quickest() {
        let row = |(m_kib, t, p), millis| Measured {
            params: Argon2Params::new(m_kib, t, p).unwrap(),
            alone: Duration::from_millis(millis),
            a_second: 1.0,
            memory_kib: 1,
            in_force: false,
        };
        let rows = [row((19_456, 2, 1), 20), row((47_104, 1, 1), 25), row((65_536, 3, 4), 120)];
        for (within, expected, fits) in [
            (200, "m=65536,t=3,p=4", true),
            (100, "m=47104,t=1,p=1", true),
            (20, "m=19456,t=2,p=1", true),
            (10, "m=19456,t=2,p=1", false),
        ] {
            let (params, is_within) = advised(&rows, Duration::from_millis(within)).unwrap();
            assert_eq!((params.to_string().as_str(), is_within), (expected, fits));
        }
    }
}
