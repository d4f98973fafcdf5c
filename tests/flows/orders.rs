//! The orders that are tried, and how many.

use std::env;

use proptest::test_runner::{Config, TestRunner};
use tokio::runtime;

use crate::{db::TestDb, random, world::World};

/// How many orders are tried on each database, unless `PORTCULLIS_FLOW_ORDERS` says so.
const ORDERS: u32 = 16;

/// How many steps an order has at most.
const LONGEST: usize = 50;

/// Tries random orders, each on a database of its own. One that fails is made as short as can be before it is told.
fn try_orders(database: impl AsyncFn() -> TestDb) {
    let cases = env::var("PORTCULLIS_FLOW_ORDERS").map_or(ORDERS, |orders| orders.parse().unwrap());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
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
        try_orders(TestDb::sqlite);
    }

    #[test]
    fn postgres() {
        try_orders(TestDb::postgres);
    }
}
