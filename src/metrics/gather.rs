//! Everything there is to say, in the order in which it is said.

use std::time::Duration;

use tokio::time::timeout;

use super::text::{
    Kind::{Counter, Gauge, Histogram},
    Text,
};
use crate::{account::Accounts, clock::Timestamp, mail::MailBacklog};

/// How long the database may take to tell what waits. Whoever asks gives up soon, and wants to hear the rest.
const PATIENCE: Duration = Duration::from_secs(3);

impl Accounts {
    /// All figures, in the text format of Prometheus.
    pub(crate) async fn metrics(&self) -> String {
        let now = self.now();
        let backlog = timeout(PATIENCE, self.mail_backlog()).await.ok().and_then(Result::ok);
        let mut text = Text::default();
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        text.family("portcullis_build_info", Gauge, "Always 1.").sample(&version, 1);
        self.say_logins(&mut text);
        self.say_requests(&mut text);
        self.say_hashes(&mut text);
        self.say_mail(&mut text, backlog, now);
        self.say_revocations(&mut text, now);
        self.say_database(&mut text, backlog.is_some());
        text.finish()
    }

    fn say_logins(&self, text: &mut Text) {
        let figures = &self.inner().figures;
        let mut logins = text.family("portcullis_logins_total", Counter, "Steps of logins.");
        for (outcome, factor, count) in figures.events.logins() {
            logins.sample(&[("outcome", outcome), ("factor", factor)], count);
        }
        let away = "Attempts not looked at, as too many had been made.";
        text.single("portcullis_turned_away_total", Counter, away, figures.turned_away.get());
        let mut events = text.family("portcullis_events_total", Counter, "Rows of the trail.");
        for (kind, count) in figures.events.kinds() {
            events.sample(&[("kind", kind)], count);
        }
        let missed = "Rows of the trail that no hook was told of.";
        text.single("portcullis_hook_events_missed_total", Counter, missed, self.events_missed());
        let mut verdicts = text.family("portcullis_guard_verdicts_total", Counter, "What guards have decided.");
        for counted in figures.verdicts.counts() {
            verdicts.sample(&[("verdict", counted.verdict), ("reason", &counted.reason)], counted.count);
        }
    }

    fn say_requests(&self, text: &mut Text) {
        let requests = &self.inner().figures.requests;
        let mut family = text.family("portcullis_http_requests_total", Counter, "Requests answered.");
        requests.each(|method, route, figures| {
            for (class, count) in figures.classes() {
                family.sample(&[("method", method), ("route", route), ("status", class)], count);
            }
        });
        let help = "How long requests took until their answers began.";
        let mut family = text.family("portcullis_http_request_duration_seconds", Histogram, help);
        requests.each(|method, route, figures| {
            let labels = [("method", method), ("route", route)];
            let times = figures.times();
            for (bound, count) in &times {
                let [method, route] = labels;
                family.part("_bucket", &[method, route, ("le", bound)], count);
            }
            family.part("_sum", &labels, figures.seconds());
            family.part("_count", &labels, times.last().map_or(0, |(_, count)| *count));
        });
    }

    fn say_hashes(&self, text: &mut Text) {
        let hashes = &self.inner().hashes;
        text.single("portcullis_hash_queue", Gauge, "Passwords that wait for a thread.", hashes.queue_len());
        text.single("portcullis_hash_queue_limit", Gauge, "How many may wait.", hashes.queue_limit());
        text.single("portcullis_hashes_total", Counter, "Passwords hashed.", hashes.hashes_computed());
        text.single("portcullis_password_ratings_total", Counter, "New passwords rated.", hashes.ratings_computed());
        let refusals = "Passwords turned away as the queue was full.";
        text.single("portcullis_hash_refusals_total", Counter, refusals, hashes.refusals());
    }

    fn say_mail(&self, text: &mut Text, backlog: Option<MailBacklog>, now: Timestamp) {
        if let Some(MailBacklog { waiting, oldest, .. }) = backlog {
            text.single("portcullis_mail_waiting", Gauge, "Mails that have not left yet.", waiting);
            let waits = oldest.map_or(0.0, |asked_at| now.since(asked_at).as_secs_f64());
            text.single("portcullis_mail_oldest_seconds", Gauge, "For how long the oldest of them waits.", waits);
        }
        let figures = self.mail_figures();
        text.single("portcullis_mail_sent_total", Counter, "Mails sent.", figures.sent);
        text.single("portcullis_mail_put_off_total", Counter, "Attempts in vain.", figures.put_off);
        text.single("portcullis_mail_given_up_total", Counter, "Mails given up.", figures.given_up);
    }

    fn say_revocations(&self, text: &mut Text, now: Timestamp) {
        let revoked = &self.inner().revocations;
        text.single("portcullis_revocations", Gauge, "Revocations in force.", revoked.len());
        let stale = u8::from(!revoked.is_current(now));
        text.single("portcullis_revocations_stale", Gauge, "1 while it is not known what others revoke.", stale);
        if let Some(confirmed_at) = revoked.confirmed_at() {
            let age = now.since(confirmed_at).as_secs_f64();
            text.single("portcullis_revocations_age_seconds", Gauge, "How long ago it was known last.", age);
        }
        let judged = revoked.judged_while_stale();
        text.single("portcullis_judged_while_stale_total", Counter, "Tokens judged meanwhile.", judged);
    }

    fn say_database(&self, text: &mut Text, is_up: bool) {
        text.single("portcullis_database_up", Gauge, "1 if the database answered just now.", u8::from(is_up));
        let pools = self.store().connections();
        let mut connections = text.family("portcullis_database_connections", Gauge, "Open connections.");
        for pool in &pools {
            connections.sample(&[("pool", pool.name), ("state", "idle")], pool.idle);
            connections.sample(&[("pool", pool.name), ("state", "used")], pool.used);
        }
        let mut limits = text.family("portcullis_database_connections_limit", Gauge, "How many there may be.");
        for pool in &pools {
            limits.sample(&[("pool", pool.name)], pool.limit);
        }
        let help = "Times when no connection came free soon enough.";
        let mut timeouts = text.family("portcullis_database_timeouts_total", Counter, help);
        for pool in &pools {
            timeouts.sample(&[("pool", pool.name)], pool.timeouts);
        }
        let sweeps = &self.inner().figures.sweeps;
        let mut family = text.family("portcullis_sweeps_total", Counter, "Times when what has expired was forgotten.");
        family.sample(&[("outcome", "success")], sweeps.done.get());
        family.sample(&[("outcome", "failure")], sweeps.failed.get());
        let last = sweeps.last();
        text.single("portcullis_last_sweep_timestamp_seconds", Gauge, "When that was last; 0 if never.", last);
    }
}
