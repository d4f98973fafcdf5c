//! Where the log goes and what it looks like: for people on a terminal, JSON otherwise; always standard error.

use std::{
    io::{self, IsTerminal},
    panic,
};

use tracing_subscriber::{EnvFilter, filter::LevelFilter, fmt};

/// Starts the log. `RUST_LOG` says what is in it; `info` and worse if it does not.
pub(crate) fn start() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).from_env_lossy();
    let log = fmt().with_env_filter(filter).with_writer(io::stderr);
    if io::stderr().is_terminal() {
        log.init();
    } else {
        log.with_ansi(false).json().flatten_event(true).with_current_span(true).with_span_list(false).init();
    }
    // A panic's message may quote what a client sent; where it happened is enough to find it.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a defect: panicked");
    }));
}
