//! The orders that are tried, and how many.

use std::env;

use proptest::test_runner::{Config, RngSeed, TestRunner};
use tokio::runtime;

use crate::{db::TestDb, random, world::World};

/// How many orders are tried on each database, the same each time, so that what comes of it is due to what was changed.
/// As many as `PORTCULLIS_FLOW_ORDERS` says are others each time.
const ORDERS: u32 = 16;

/// How many steps an order has at most.
const LONGEST: usize = 50;

/// Tries random orders, each on a database of its own. One that fails is made as short as can be before it is told.
fn try_orders(database: impl AsyncFn() -> TestDb, seed: u64) {
    let (cases, rng_seed) = match env::var("PORTCULLIS_FLOW_ORDERS") {
        Ok(orders) => (orders.parse().unwrap(), RngSeed::Random),
        Err(_) => (ORDERS, RngSeed::Fixed(seed)),
    };
    let config = Config { cases, rng_seed, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let tried = TestRunner::new(config).run(&random::orders(LONGEST), |moves| {
        runtime.block_on(async { World::new(database().await).await.take_all(&moves).await });
        Ok(())
    });
    if let Err(failed) = tried {
        panic!("{failed}");
    }
}

mod no_order_of_steps_opens_more_or_loses_anything {
    use super::*;

    #[test]
    fn sqlite() {
        try_orders(TestDb::sqlite, 1);
    }

    #[test]
    fn postgres() {
        try_orders(TestDb::postgres, 2);
    }
}
