//! People, who register, log in, refresh, reset their passwords and log out, whatever happens to the service.
//!
//! Each acts as a good client does: what was not answered, or with 503, is asked again, until there is an answer.

use std::{
    io::ErrorKind,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    client::{Answer, Half},
    fleet::Fleet,
    ledger::{Asked, Ledger, Session, State, Tally},
};

/// How many act at once.
const CROWD: usize = 8;

/// How long an unanswered refresh may be repeated and still get the same answer, by the contract, with a margin.
const REPEATABLE: Duration = Duration::from_secs(25);

/// How long a mail that was asked for may take, with outages on the way.
const POST: Duration = Duration::from_mins(2);

/// Where the link of a mail leads by which an address is confirmed.
pub const CONFIRMATION: &str = "verify-email";

/// Where that of a reset mail leads.
pub const RESET: &str = "reset-password";

pub struct Town<'a> {
    fleet: &'a Fleet,
    tally: Mutex<Tally>,
    wrongs: Mutex<Vec<String>>,
    is_over: AtomicBool,
    turn: AtomicUsize,
}

/// An answer, and to which of several equal requests it was given.
struct Told {
    answer: Answer,
    attempts: usize,
    took: Duration,
}

impl Told {
    /// Whether it was given to the first. If not, an earlier one may have been done.
    fn at_once(&self) -> bool {
        self.attempts == 1
    }

    /// A mail that was asked for by this.
    fn asked(&self) -> Asked {
        Asked { acknowledged: 1, sent: self.attempts }
    }
}

impl<'a> Town<'a> {
    pub fn new(fleet: &'a Fleet) -> Self {
        let (is_over, turn) = (AtomicBool::new(false), AtomicUsize::new(0));
        Self { fleet, tally: Mutex::default(), wrongs: Mutex::default(), is_over, turn }
    }

    /// Lets everyone live while this goes on; then their ledgers.
    pub fn live_while(&self, goes_on: impl FnOnce()) -> Vec<Ledger> {
        thread::scope(|scope| {
            let crowd: Vec<_> = (0..CROWD).map(|seat| scope.spawn(move || self.generations(seat))).collect();
            goes_on();
            self.is_over.store(true, Ordering::Relaxed);
            crowd.into_iter().flat_map(|person| person.join().unwrap()).collect()
        })
    }

    pub fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap()
    }

    /// What was answered that must not be.
    pub fn wrongs(&self) -> Vec<String> {
        self.wrongs.lock().unwrap().clone()
    }

    pub fn wrong(&self, what: impl Into<String>) {
        self.wrongs.lock().unwrap().push(what.into());
    }

    /// One request to any node. `None` if it was not answered.
    pub fn ask(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Option<Answer> {
        // Another node than the last time, whoever asks.
        let node = self.turn.fetch_add(1, Ordering::Relaxed) % self.fleet.len();
        self.ask_node(node, method, path, token, body)
    }

    pub fn ask_node(&self, node: usize, method: &str, path: &str, token: Option<&str>, body: &Value) -> Option<Answer> {
        let body = body.to_string();
        let (length, bearer) = (body.len().to_string(), format!("Bearer {}", token.unwrap_or_default()));
        let mut headers = vec![("content-type", "application/json"), ("content-length", length.as_str())];
        if token.is_some() {
            headers.push(("authorization", &bearer));
        }
        let answer = Half::begin(self.fleet.address(node), method, path, &headers).and_then(|sent| sent.finish(&body));
        // One that was cut off is none.
        let answer =
            answer.and_then(|answer| if is_whole(&answer) { Ok(answer) } else { Err(ErrorKind::UnexpectedEof.into()) });
        match &answer {
            Ok(answer) if answer.status == 503 => {
                self.tally().unavailable += 1;
                let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
                if seconds == 0 {
                    self.wrong(format!("{method} {path} was answered 503, and not when to try again"));
                }
            }
            Ok(answer) if answer.status >= 500 => self.wrong(format!("{method} {path} was answered {}", answer.status)),
            Ok(_) => (),
            Err(_) => self.tally().lost += 1,
        }
        answer.ok()
    }

    /// Asks until there is an answer that means something.
    fn told(&self, path: &str, token: Option<&str>, body: &Value) -> Told {
        let start = Instant::now();
        for attempts in 1.. {
            match self.ask("POST", path, token, body) {
                Some(answer) if answer.status < 500 => return Told { answer, attempts, took: start.elapsed() },
                _ => thread::sleep(Duration::from_millis(100)),
            }
        }
        unreachable!()
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn generations(&self, seat: usize) -> Vec<Ledger> {
        let mut ledgers = Vec::new();
        while !self.is_over() {
            let name = format!("person-{seat}-{}", ledgers.len());
            ledgers.push(self.life(&name));
        }
        ledgers
    }

    fn life(&self, name: &str) -> Ledger {
        let mut person = self.register(name);
        for year in 0..3 {
            if self.is_over() {
                break;
            }
            self.log_in(&mut person);
            self.log_in(&mut person);
            for _ in 0..4 {
                self.refresh(&mut person);
            }
            match year {
                0 => self.log_out(&mut person),
                1 => self.reset_password(&mut person),
                _ => (),
            }
        }
        person
    }

    fn register(&self, name: &str) -> Ledger {
        let (email, password) = (format!("{name}@example.org"), format!("the first password of {name}"));
        let body = json!({"username": name, "email": email, "password": password});
        let told = self.told("/auth/register", None, &body);
        match told.answer.status {
            201 => (),
            // An earlier one was done and not acknowledged.
            409 if !told.at_once() => (),
            other => self.wrong(format!("registering was answered {other}")),
        }
        self.tally().registered += 1;
        let (sessions, spent_resets, resets) = (Vec::new(), Vec::new(), Asked::default());
        Ledger { name: name.to_owned(), email, password, sessions, spent_resets, confirmations: told.asked(), resets }
    }

    fn log_in(&self, person: &mut Ledger) {
        let body = json!({"name": person.name, "password": person.password});
        let told = self.told("/auth/login", None, &body);
        if told.answer.status != 200 {
            return self.wrong(format!("{} cannot log in: {}", person.name, told.answer.body));
        }
        self.tally().logged_in += 1;
        let tokens = told.answer.json();
        let token = |field: &str| tokens[field].as_str().unwrap().to_owned();
        let (access, refresh) = (token("access_token"), token("refresh_token"));
        person.sessions.push(Session { access, refresh, spent: Vec::new(), state: State::Alive });
    }

    fn refresh(&self, person: &mut Ledger) {
        let Some(session) = person.sessions.iter_mut().rfind(|session| session.state == State::Alive) else { return };
        let told = self.told("/auth/refresh", None, &json!({"refresh_token": session.refresh}));
        match told.answer.status {
            200 => {
                let tokens = told.answer.json();
                let next = tokens["refresh_token"].as_str().unwrap().to_owned();
                session.spent.push(std::mem::replace(&mut session.refresh, next));
                tokens["access_token"].as_str().unwrap().clone_into(&mut session.access);
                self.tally().refreshed += 1;
            }
            401 if told.took > REPEATABLE => session.state = State::Unknown,
            other => self.wrong(format!("an honest refresh was answered {other}")),
        }
    }

    fn log_out(&self, person: &mut Ledger) {
        let Some(session) = person.sessions.iter_mut().rfind(|session| session.state == State::Alive) else { return };
        let told = self.told("/auth/logout", Some(&session.access), &json!({}));
        match told.answer.status {
            204 => (),
            401 if !told.at_once() => (),
            other => return self.wrong(format!("logging out was answered {other}")),
        }
        session.state = State::Ended;
        self.tally().logged_out += 1;
    }

    fn reset_password(&self, person: &mut Ledger) {
        let mut seen = self.fleet.post_office.tokens(&person.email, RESET).len();
        let told = self.told("/auth/forgot-password", None, &json!({"email": person.email}));
        person.resets.sent += told.attempts;
        if told.answer.status != 202 {
            return self.wrong(format!("asking for a reset was answered {}", told.answer.status));
        }
        person.resets.acknowledged += 1;
        let password = format!("another password of {}", person.name);
        let spent = loop {
            let Some(token) = self.arrival(&person.email, &mut seen) else {
                return self.wrong(format!("{} never got a link that works", person.name));
            };
            let told = self.told("/auth/reset-password", None, &json!({"token": token, "new_password": password}));
            match told.answer.status {
                204 => break token,
                // Done by an earlier one of these requests.
                400 if !told.at_once() && self.opens(person, &password) => break token,
                // Where asking was repeated, or a mail left twice, the link of a later one takes the place of this one.
                400 => (),
                other => return self.wrong(format!("a reset was answered {other}")),
            }
        };
        person.password = password;
        person.spent_resets.push(spent);
        for session in &mut person.sessions {
            session.state = State::Ended;
        }
        self.tally().reset += 1;
    }

    fn opens(&self, person: &Ledger, password: &str) -> bool {
        let body = json!({"name": person.name, "password": password});
        self.told("/auth/login", None, &body).answer.status == 200
    }

    /// The token of the latest mail, once there is one that was not seen before.
    fn arrival(&self, address: &str, seen: &mut usize) -> Option<String> {
        let start = Instant::now();
        while start.elapsed() < POST {
            let mut tokens = self.fleet.post_office.tokens(address, RESET);
            if tokens.len() > *seen {
                *seen = tokens.len();
                return tokens.pop();
            }
            thread::sleep(Duration::from_millis(50));
        }
        None
    }
}

fn is_whole(answer: &Answer) -> bool {
    let length = answer.header("content-length").and_then(|length| length.parse().ok());
    length.is_none_or(|length: usize| length == answer.body.len())
}
