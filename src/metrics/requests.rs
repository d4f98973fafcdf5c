//! Requests by route and status, and how long they took.

use std::time::Duration;

use papaya::HashMap;

use super::Counter;

/// The upper bounds of the buckets of times, as they are written and in microseconds.
const BUCKETS: [(&str, u64); 6] =
    [("0.005", 5_000), ("0.025", 25_000), ("0.1", 100_000), ("0.5", 500_000), ("2.5", 2_500_000), ("10", 10_000_000)];

/// The classes of statuses, from 100 on.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The methods that are told apart. There is no end of those that a client can make up.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// How requests went, by method and the template of their route.
#[derive(Default)]
pub(crate) struct RequestFigures(HashMap<(&'static str, String), RouteFigures>);

/// How those to one route went.
#[derive(Default)]
pub(super) struct RouteFigures {
    by_class: [Counter; CLASSES.len()],
    by_time: [Counter; BUCKETS.len()],
    slower: Counter,
    micros: Counter,
}

impl RequestFigures {
    /// Counts one that was answered. The route is the template, empty where no route matched.
    pub(crate) fn count(&self, method: &str, route: &str, status: u16, took: Duration) {
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("other");
        let routes = self.0.pin();
        let figures = routes.get_or_insert_with((method, route.to_owned()), RouteFigures::default);
        let class = usize::from(status / 100).saturating_sub(1);
        figures.by_class.get(class).map(Counter::count);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS.iter().zip(&figures.by_time).find(|((_, bound), _)| micros <= *bound);
        bucket.map_or(&figures.slower, |(_, counter)| counter).count();
        figures.micros.add(micros);
    }

    /// Shows each route in turn, sorted by template and method.
    pub(super) fn each(&self, mut show: impl FnMut(&'static str, &str, &RouteFigures)) {
        let routes = self.0.pin();
        let mut routes: Vec<_> = routes.iter().collect();
        routes.sort_by_key(|((method, route), _)| (route, *method));
        for ((method, route), figures) in routes {
            show(method, route, figures);
        }
    }
}

impl RouteFigures {
    /// The classes that were answered, and how often.
    pub(super) fn classes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let all = CLASSES.into_iter().zip(&self.by_class).map(|(class, counter)| (class, counter.get()));
        all.filter(|(_, count)| *count > 0)
    }

    /// The bounds, and how many took no longer than each.
    pub(super) fn times(&self) -> Vec<(&'static str, u64)> {
        let each = BUCKETS.iter().zip(&self.by_time).map(|((bound, _), counter)| (*bound, counter.get()));
        let each = each.chain([("+Inf", self.slower.get())]);
        let no_longer = each.scan(0, |sum, (bound, count)| {
            *sum += count;
            Some((bound, *sum))
        });
        no_longer.collect()
    }

    /// How long all of them took together, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        Duration::from_micros(self.micros.get()).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_a_client_made_up_makes_no_series_of_its_own() {
        let figures = RequestFigures::default();
        for method in ["GET", "BREW", "WHEN", "get"] {
            figures.count(method, "/pot", 200, Duration::from_millis(1));
        }
        let mut shown = Vec::new();
        figures.each(|method, route, figures| shown.push((method, route.to_owned(), figures.times().pop())));
        let expected = [("GET", "/pot".to_owned(), Some(("+Inf", 1))), ("other", "/pot".to_owned(), Some(("+Inf", 3)))];
        assert_eq!(shown, expected);
    }

    #[test]
    fn times_fall_into_the_first_bucket_that_takes_them_and_count_in_all_above() {
        let figures = RequestFigures::default();
        for (status, millis) in [(200, 5), (204, 6), (404, 400), (503, 11_000), (999, 1)] {
            figures.count("GET", "", status, Duration::from_millis(millis));
        }
        figures.each(|_, _, figures| {
            assert_eq!(figures.classes().collect::<Vec<_>>(), [("2xx", 2), ("4xx", 1), ("5xx", 1)]);
            let counts: Vec<_> = figures.times().into_iter().map(|(_, count)| count).collect();
            assert_eq!(counts, [2, 3, 3, 4, 4, 4, 5]);
            assert!((figures.seconds() - 11.412).abs() < 1e-9);
        });
    }
}
