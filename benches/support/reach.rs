//! What has to be reached beside what was measured, in one table: `scripts/bench` puts the tables of all benches together.
#![allow(dead_code, reason = "each bench uses a part of it")]

/// How many nanoseconds the check of an ES256 signature takes on the machine that limits in nanoseconds were set on.
const ES256_CHECK: f64 = 35_000.0;

#[derive(Default)]
pub(crate) struct Table(Vec<String>);

impl Table {
    /// One row, in its own words.
    pub(crate) fn row(&mut self, what: &str, reach: &str, measured: &str, is_met: bool) {
        let met = if is_met { "yes" } else { "**no**" };
        self.0.push(format!("| {what} | {reach} | {measured} | {met} |"));
    }

    /// A ratio that has to be no less than this.
    pub(crate) fn at_least(&mut self, what: &str, least: f64, measured: f64) {
        self.row(what, &format!("≥ {least} ×"), &format!("{measured:.2} ×"), measured >= least);
    }

    /// A ratio that has to be no more than this.
    pub(crate) fn at_most(&mut self, what: &str, most: f64, measured: f64) {
        self.row(what, &format!("≤ {most} ×"), &format!("{measured:.2} ×"), measured <= most);
    }

    /// Nanoseconds, of which there may be no more than so many: the median decides, and the best stands beside it. On a
    /// machine where the check of an ES256 signature takes longer than where the limit was set, what it comes to as a part
    /// of that is what can be compared.
    pub(crate) fn nanos(&mut self, what: &str, most: f64, (median, best): (f64, f64), es256_check: f64) {
        let [limit, part] = [most / ES256_CHECK, median / es256_check].map(|part| part * 100.0);
        let met = match (median <= most, part <= limit) {
            (true, _) => "yes",
            (false, true) => "as a part",
            (false, false) => "**no**",
        };
        let reach = format!("≤ {most:.0} ns, {limit:.2} % of an ES256 check of 35 µs");
        let check = es256_check / 1e3;
        let measured = format!("{median:.0} ns (best {best:.0}), {part:.2} % of one of {check:.0} µs");
        self.0.push(format!("| {what} | {reach} | {measured} | {met} |"));
    }

    /// Something that is told, and no more.
    pub(crate) fn told(&mut self, what: &str, measured: &str) {
        self.0.push(format!("| {what} | | {measured} | |"));
    }

    pub(crate) fn print(&self) {
        println!("\n| what | to be reached | measured | met |\n|---|---|---|---|");
        for row in &self.0 {
            println!("{row}");
        }
    }
}
