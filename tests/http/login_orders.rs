//! Random orders of every step of a login, held against a model of what each of them may open.

use std::{collections::HashSet, time::Duration};

use axum::http::StatusCode;
use portcullis::{
    clock::{Clock, Timestamp},
    config::SecondFactorPolicy,
};
use proptest::{
    collection::vec,
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use crate::{
    app::{Answer, PASSWORD, TestApp},
    authenticator::{Authenticator, texts},
    both,
    db::TestDb,
};

both![
    lg_5_no_order_of_steps_opens_a_session_without_both_factors,
    lg_5_no_order_of_steps_opens_a_session_without_an_enrolment,
];

/// How many orders are tried on each database.
const ORDERS: usize = 48;

/// A step that someone takes. Flows and recovery codes are meant by their number among those there are.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Give a password, and perhaps a code with it.
    Password { right: bool, code: Option<Shown> },
    /// Give a second factor in a flow.
    Finish { flow: usize, shown: Shown },
    /// Begin to set an authenticator up in a flow.
    SetUp { flow: usize },
    /// Confirm that.
    Confirm { flow: usize, shown: Shown },
    /// Wait.
    Wait { seconds: u64 },
}

/// What is shown as a second factor.
#[derive(Clone, Copy, Debug)]
enum Shown {
    Present,
    OneBefore,
    OneAfter,
    TwoBefore,
    Wrong,
    Recovery(usize),
    WrongRecovery,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let shown = || {
        prop_oneof![
            4 => Just(Shown::Present),
            1 => Just(Shown::OneBefore),
            1 => Just(Shown::OneAfter),
            1 => Just(Shown::TwoBefore),
            1 => Just(Shown::Wrong),
            2 => (0..10_usize).prop_map(Shown::Recovery),
            1 => Just(Shown::WrongRecovery),
        ]
    };
    let flow = || 0..4_usize;
    let step = prop_oneof![
        3 => (prop::bool::weighted(0.8), prop::option::of(shown())).prop_map(|(right, code)| Step::Password { right, code }),
        5 => (flow(), shown()).prop_map(|(flow, shown)| Step::Finish { flow, shown }),
        2 => flow().prop_map(|flow| Step::SetUp { flow }),
        3 => (flow(), shown()).prop_map(|(flow, shown)| Step::Confirm { flow, shown }),
        2 => prop_oneof![Just(1), Just(30), Just(90), Just(299), Just(301)].prop_map(|seconds| Step::Wait { seconds }),
    ];
    vec(step, 1..20)
}

/// A flow that was handed out.
struct Flow {
    id: String,
    enrols: bool,
    ends_at: Timestamp,
    is_over: bool,
}

/// A user, and what the server may know of them.
struct Model<'a> {
    app: &'a TestApp,
    name: String,
    live: Option<Authenticator>,
    last_step: i64,
    recovery_codes: Vec<String>,
    spent: HashSet<String>,
    pending: Option<(Authenticator, Timestamp)>,
    flows: Vec<Flow>,
    sessions: i64,
    /// Where things stand, for when they fail.
    so_far: String,
}

impl<'a> Model<'a> {
    fn new(app: &'a TestApp, name: String) -> Self {
        Self {
            app,
            name,
            live: None,
            last_step: -1,
            recovery_codes: Vec::new(),
            spent: HashSet::new(),
            pending: None,
            flows: Vec::new(),
            sessions: 0,
            so_far: String::new(),
        }
    }

    fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// The code that is shown, and its step if it is near enough to be right.
    fn code(&self, authenticator: Option<&Authenticator>, shown: Shown) -> (String, Option<i64>) {
        let off = match shown {
            Shown::Present => 0,
            Shown::OneBefore => -1,
            Shown::OneAfter => 1,
            Shown::TwoBefore => -2,
            Shown::Wrong | Shown::Recovery(_) | Shown::WrongRecovery => {
                let wrong = authenticator.map(|authenticator| authenticator.wrong_code(self.app));
                return (wrong.unwrap_or_else(|| "000000".to_owned()), None);
            }
        };
        let step = self.now().as_secs() / 30 + off;
        let Some(authenticator) = authenticator else { return ("000000".to_owned(), None) };
        let code = authenticator.code_at(Timestamp::from_secs(step * 30));
        // Two codes of different steps may be the same, once in a few hundred thousand times.
        let near = (-1..=1).map(|off| self.now().as_secs() / 30 + off);
        let right = near.into_iter().find(|near| authenticator.code_at(Timestamp::from_secs(near * 30)) == code);
        (code, right)
    }

    fn is_new(&self, step: Option<i64>) -> bool {
        step.is_some_and(|step| step > self.last_step)
    }

    /// The flow of this number, and whether it waits for that.
    fn flow(&self, number: usize, enrols: bool) -> (String, Option<usize>) {
        let Some(number) = number.checked_rem(self.flows.len()) else {
            return (format!("pcf_{}", "A".repeat(43)), None);
        };
        let flow = &self.flows[number];
        let is_good = !flow.is_over && flow.enrols == enrols && self.now() < flow.ends_at;
        // Once there is a second factor, nobody enrols on the strength of a password.
        let is_good = is_good && enrols == self.live.is_none();
        (flow.id.clone(), is_good.then_some(number))
    }

    /// Takes a step. What comes of it has to be what the model says.
    async fn take(&mut self, step: Step) {
        match step {
            Step::Wait { seconds } => self.app.advance(Duration::from_secs(seconds)),
            Step::Password { right, code } => self.give_password(right, code).await,
            Step::Finish { flow, shown } => self.finish(flow, shown).await,
            Step::SetUp { flow } => self.set_up(flow).await,
            Step::Confirm { flow, shown } => self.confirm(flow, shown).await,
        }
    }

    async fn give_password(&mut self, right: bool, code: Option<Shown>) {
        let password = if right { PASSWORD } else { "not the password" };
        let mut body = json!({"name": self.name, "password": password});
        let shown = code.map(|shown| self.code(self.live.as_ref(), shown));
        if let Some((code, _)) = &shown {
            body["two_fa_code"] = json!(code);
        }
        let answer = self.app.post("/auth/login").json(&body).send().await;
        let step = shown.and_then(|(_, step)| step);
        let opens = right && self.live.is_some() && self.is_new(step);
        if opens {
            self.last_step = step.unwrap();
        } else if right {
            self.flows.push(Flow {
                id: answer.body["flow"].as_str().unwrap().to_owned(),
                enrols: self.live.is_none(),
                ends_at: self.now() + Duration::from_mins(5),
                is_over: false,
            });
        }
        self.expect(&answer, opens);
    }

    async fn finish(&mut self, flow: usize, shown: Shown) {
        let (id, flow) = self.flow(flow, false);
        let (field, code, is_right) = match shown {
            Shown::Recovery(number) => {
                let code =
                    number.checked_rem(self.recovery_codes.len()).map(|number| self.recovery_codes[number].clone());
                let is_right = code.as_ref().is_some_and(|code| !self.spent.contains(code));
                ("recovery_code", code.unwrap_or_else(|| "AAAA-AAAA-AAAA-AAAA".to_owned()), is_right)
            }
            Shown::WrongRecovery => ("recovery_code", "AAAA-AAAA-AAAA-AAAA".to_owned(), false),
            _ => {
                let (code, step) = self.code(self.live.as_ref(), shown);
                let is_right = self.is_new(step);
                if is_right && flow.is_some() {
                    self.last_step = step.unwrap();
                }
                ("two_fa_code", code, is_right)
            }
        };
        let answer = self.app.finish(&id, field, &code).await;
        let opens = is_right && flow.is_some();
        if let (true, Some(flow)) = (opens, flow) {
            self.flows[flow].is_over = true;
            self.spent.insert(code);
        }
        self.expect(&answer, opens);
    }

    async fn set_up(&mut self, flow: usize) {
        let (id, flow) = self.flow(flow, true);
        let answer = self.app.post("/auth/totp/setup").json(&json!({"flow": id})).send().await;
        assert_eq!(answer.status == StatusCode::CREATED, flow.is_some(), "{answer:?} at {}", self.so_far);
        if let Some(secret) = answer.body["secret"].as_str() {
            self.pending = Some((Authenticator::of(secret), self.now() + Duration::from_mins(10)));
        }
        self.expect(&answer, false);
    }

    async fn confirm(&mut self, flow: usize, shown: Shown) {
        let (id, flow) = self.flow(flow, true);
        let living = self.pending.as_ref().filter(|(_, ends_at)| self.now() < *ends_at).map(|(pending, _)| pending);
        let (code, step) = self.code(living, shown);
        let answer = self.app.post("/auth/totp/confirm").json(&json!({"flow": id, "code": code})).send().await;
        let opens = flow.is_some() && step.is_some();
        if let (Some(flow), Some(step)) = (flow, step) {
            self.flows[flow].is_over = true;
            self.last_step = step;
            self.live = self.pending.take().map(|(authenticator, _)| authenticator);
            self.recovery_codes = texts(&answer.body["recovery_codes"]);
        }
        self.expect(&answer, opens);
    }

    #[track_caller]
    fn expect(&mut self, answer: &Answer, opens: bool) {
        self.sessions += i64::from(opens);
        let opened = ["access_token", "refresh_token"].map(|token| answer.body[token].is_string());
        assert_eq!(opened, [opens; 2], "{answer:?} at {}", self.so_far);
        assert_eq!(answer.status == StatusCode::OK, opens, "{answer:?} at {}", self.so_far);
    }
}

/// Tries random orders, each on a user of its own who is prepared by `prepare`.
async fn try_orders(app: &TestApp, prepare: impl AsyncFn(&mut Model<'_>)) {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let mut opened = 0;
    for order in 0..ORDERS {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let mut model = Model::new(app, format!("user{order}"));
        app.register(&model.name, &format!("{}@example.com", model.name)).await.expect(StatusCode::CREATED);
        prepare(&mut model).await;
        let sessions = app.db.count("sessions").await - model.sessions;
        for (number, step) in steps.iter().enumerate() {
            model.so_far = format!("step {number} of {steps:#?}");
            model.take(*step).await;
        }
        assert_eq!(app.db.count("sessions").await - sessions, model.sessions);
        opened += model.sessions;
    }
    assert!(opened > 0, "nothing was tried that should succeed");
}

async fn lg_5_no_order_of_steps_opens_a_session_without_both_factors(db: TestDb) {
    let app = TestApp::with(db, |config| config.insecure_no_limits = true).await;
    try_orders(&app, async |model| {
        let token = app.token(&model.name, PASSWORD).await;
        let enrolled = app.enrol(&token).await;
        model.last_step = app.clock.now().as_secs() / 30;
        model.live = Some(enrolled.authenticator);
        model.recovery_codes = enrolled.recovery_codes;
    })
    .await;
}

async fn lg_5_no_order_of_steps_opens_a_session_without_an_enrolment(db: TestDb) {
    let app = TestApp::with(db, |config| {
        config.insecure_no_limits = true;
        config.second_factor = SecondFactorPolicy::All;
    })
    .await;
    try_orders(&app, async |_| {}).await;
}
