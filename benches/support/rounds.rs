//! Times that are compared are taken in turns: whatever else the machine is doing then slows all of them down alike, and
//! their ratio in one round means something where the times themselves do not.
#![allow(dead_code, reason = "each bench uses a part of it")]

use std::time::{Duration, Instant};

/// Something that is measured: does it so many times and says how long that took.
pub(crate) struct Row<'a> {
    pub(crate) name: String,
    run: Box<dyn FnMut(usize) -> Duration + 'a>,
    repeat: usize,
    /// Nanoseconds for one, in each round.
    times: Vec<f64>,
}

impl<'a> Row<'a> {
    /// Times the whole of what is done.
    pub(crate) fn new<T>(name: impl Into<String>, repeat: usize, mut act: impl FnMut() -> T + 'a) -> Self {
        Self::batched(name, repeat, || (), move |()| act())
    }

    /// Times `act` alone. What it takes is made before, what it gives is dropped after.
    pub(crate) fn batched<I, T>(
        name: impl Into<String>,
        repeat: usize,
        mut make: impl FnMut() -> I + 'a,
        mut act: impl FnMut(I) -> T + 'a,
    ) -> Self {
        Self::timed(name, repeat, move |repeat| {
            let inputs: Vec<_> = (0..repeat).map(|_| make()).collect();
            let mut outputs = Vec::with_capacity(repeat);
            let start = Instant::now();
            outputs.extend(inputs.into_iter().map(&mut act));
            start.elapsed()
        })
    }

    /// Leaves the timing to `run`.
    pub(crate) fn timed(name: impl Into<String>, repeat: usize, run: impl FnMut(usize) -> Duration + 'a) -> Self {
        Self { name: name.into(), run: Box::new(run), repeat, times: Vec::new() }
    }

    fn round(&mut self) {
        let took = (self.run)(self.repeat);
        #[expect(clippy::cast_precision_loss, reason = "these are small")]
        self.times.push(took.as_nanos() as f64 / self.repeat as f64);
    }

    /// The time of one, in nanoseconds: the median of the rounds, and the best of them.
    pub(crate) fn nanos(&self) -> (f64, f64) {
        (median(self.times.clone()), self.times.iter().copied().fold(f64::INFINITY, f64::min))
    }

    /// How long this takes beyond the other, in nanoseconds: the median over the rounds.
    pub(crate) fn beyond(&self, other: &Row<'_>) -> f64 {
        median(self.times.iter().zip(&other.times).map(|(own, other)| own - other).collect())
    }

    /// How long the best of this took beyond the best of the other, in nanoseconds.
    pub(crate) fn best_beyond(&self, other: &Row<'_>) -> f64 {
        self.nanos().1 - other.nanos().1
    }

    /// How many times as long as the other this takes: the median over the rounds.
    pub(crate) fn ratio(&self, other: &Row<'_>) -> f64 {
        median(self.times.iter().zip(&other.times).map(|(own, other)| own / other).collect())
    }
}

/// Runs all rows in turns, after one round that does not count.
pub(crate) fn run(rounds: usize, rows: &mut [&mut Row<'_>]) {
    for round in 0..=rounds {
        for row in &mut *rows {
            row.round();
            if round == 0 {
                row.times.clear();
            }
        }
    }
}

/// The nanoseconds that one of these takes, by the median of 200 rounds.
pub(crate) fn nanos_of(mut act: impl FnMut()) -> f64 {
    let mut row = Row::new("", 20, &mut act);
    run(200, &mut [&mut row]);
    row.nanos().0
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
