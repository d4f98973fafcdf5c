//! The app, the people who have accounts at it, and one step after another.

use std::time::Duration;

use axum::{Json, Router, http::StatusCode, routing::get};
use portcullis::{
    Principal, Scopes,
    access::{Role, RoleName},
    account::Username,
    config::Config,
    session::Device,
};
use serde_json::{Value, json};

use crate::{
    app::{Answer, PASSWORD, TestApp},
    challenges::Challenges,
    db::TestDb,
    person::{AUTHORS, CAP, Person},
    step::{Move, PEOPLE, Step},
    tries::Replay,
};

pub struct World {
    pub app: TestApp,
    /// A service behind the guard of the app, which answers who calls.
    pub service: Router,
    pub people: Vec<Person>,
    pub challenges: Challenges,
    /// What keys have answered, which counted.
    pub replays: Vec<Replay>,
    /// How many mails were read.
    pub read: usize,
}

/// Limits on attempts have tests of their own; here they would hide everything else.
fn settings(config: &mut Config) {
    config.insecure_no_limits = true;
    config.session_cap = u32::try_from(CAP).unwrap().try_into().unwrap();
}

async fn who_am_i(user: Principal) -> Json<Value> {
    let scopes: Vec<_> = user.scopes().iter().collect();
    Json(json!({ "id": user.id(), "session": user.session(), "scopes": scopes, "acr": user.acr() }))
}

fn service_of(app: &TestApp) -> Router {
    app.guarding(Router::new().route("/who-am-i", get(who_am_i)))
}

impl World {
    /// An app at which everyone has just registered.
    pub async fn new(db: TestDb) -> Self {
        let app = TestApp::with(db, settings).await;
        let accounts = app.portcullis.accounts();
        let role = Role { name: RoleName::parse("author").unwrap(), scopes: AUTHORS.into_iter().collect::<Scopes>() };
        accounts.set_role(role, &Device::default()).await.unwrap();
        let mut people = Vec::new();
        for name in ["ada", "bob"].iter().take(PEOPLE) {
            app.register(name, &Person::address(name, 0)).await.expect(StatusCode::CREATED);
            let record = accounts.get_user_by_name_or_mail(name).await.unwrap().unwrap();
            people.push(Person::new(name, record.user.id));
        }
        let (challenges, replays) = (Challenges::default(), Vec::new());
        let mut world = Self { service: service_of(&app), app, people, challenges, replays, read: 0 };
        world.read_mails().await;
        world
    }

    /// Takes one step after another. What comes of each has to be what the model says, and what holds has to hold.
    pub async fn take_all(mut self, moves: &[Move]) {
        self.check("at first").await;
        for (number, one) in moves.iter().enumerate() {
            // So that no two things happen at one time, of which neither is the later.
            self.app.advance(Duration::from_secs(1));
            let so_far = format!("step {number}, {one:?}");
            self = self.take(*one, &so_far).await;
            self.read_mails().await;
            self.check(&so_far).await;
            self.try_all(one.who, &so_far).await;
        }
    }

    async fn take(mut self, Move { who, step }: Move, so_far: &str) -> Self {
        let (answer, expected) = match step {
            Step::Wait { seconds } => {
                self.app.advance(Duration::from_secs(seconds));
                return self;
            }
            Step::Sweep => {
                self.app.portcullis.accounts().forget_expired().await.unwrap();
                return self;
            }
            Step::Restart => return self.restarted().await,
            Step::Operate(operation) => {
                self.operate(who, operation).await;
                return self;
            }
            Step::Register => self.register_again(who).await,
            Step::Login { password, remember, by_email, by_page: true, .. } => {
                self.log_in_by_page(who, password, remember, by_email).await
            }
            Step::Login { password, code, remember, by_email, by_page: false } => {
                self.login(who, password, code, remember, by_email).await
            }
            Step::SecondFactor { flow, shown, by_page } => self.give_second_factor(who, flow, shown, by_page).await,
            Step::NewPassword { flow, by_page } => self.give_new_password(who, flow, by_page).await,
            Step::BeginKeyLogin => self.begin_key_login().await,
            Step::KeyLogin { answer, remember, by_page } => self.log_in_with_key(who, answer, remember, by_page).await,
            Step::SecondKey { flow, answer, by_page } => self.give_second_key(who, flow, answer, by_page).await,
            Step::Refresh { token } => self.refresh(who, token).await,
            Step::Act { with, way, act } => self.act(who, with, way, act).await,
            Step::Forget { by_email, by_page } => self.forget(who, by_email, by_page).await,
            Step::Resend => self.resend(who).await,
            Step::Spend { mail, place, by_page } => self.spend(who, mail, place, by_page).await,
            Step::VerifyByCode { right } => self.verify_by_code(who, right).await,
        };
        assert_eq!(answer.status.as_u16(), expected, "{so_far}: {}", answer.body);
        if let Some(secret) = answer.body["instead_of"].as_str() {
            let now = self.app.now();
            self.people.iter_mut().for_each(|person| person.leave_cookie(secret, now));
        }
        if matches!(step, Step::Login { .. } | Step::SecondFactor { .. } | Step::SecondKey { .. }) {
            self.note_challenge(who, &answer);
        }
        self
    }

    /// A name is taken for good, also when its owner has left.
    async fn register_again(&mut self, who: usize) -> (Answer, u16) {
        let name = &self.people[who].name;
        assert!(Username::parse(name).is_some());
        let body = json!({ "username": name, "email": "else@example.com", "password": PASSWORD });
        (self.app.post("/auth/register").json(&body).send().await, 409)
    }

    async fn restarted(self) -> Self {
        let Self { app, mut people, service, challenges, replays, .. } = self;
        drop(service);
        let app = app.reopened(settings).await;
        let sessions = people.iter_mut().flat_map(|person| &mut person.sessions);
        sessions.for_each(|session| session.written = None);
        Self { service: service_of(&app), app, people, challenges, replays, read: 0 }
    }
}
