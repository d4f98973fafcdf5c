//! Runs of steps that belong together, which steps at random would seldom make.

use proptest::{option, prelude::*};

use crate::{
    random::{kind, likely, shown, step, way},
    step::{Act, KeyAnswer, Kind, Operation, Shown, Step, Typed, Way},
};

/// Of two codes at one time the second one is refused.
const LATER: Step = Step::Wait { seconds: 31 };

/// As long as an owner may find that what they have was planted, and longer than a session rests.
const DAY_AND_HOUR: Step = Step::Wait { seconds: 90_000 };

const LEADS: Step = Step::Spend { mail: 0, place: None, by_page: false };

fn act(way: Way, act: Act) -> Step {
    Step::Act { with: 0, way, act }
}

fn login(code: Option<i64>) -> Step {
    let code = code.map(Shown::Totp);
    Step::Login { password: Typed::Right, code, remember: false, by_email: false, by_page: false }
}

fn login_by_page() -> Step {
    Step::Login { password: Typed::Right, code: None, remember: false, by_email: false, by_page: true }
}

fn shows_key(by_page: bool, verified: bool) -> Step {
    Step::SecondKey { flow: 0, answer: KeyAnswer { verified, ..KeyAnswer::LATEST }, by_page }
}

/// In with a passkey, whatever else the account has.
fn key_login(by_page: bool) -> [Step; 2] {
    [Step::BeginKeyLogin, Step::KeyLogin { answer: KeyAnswer::LATEST, remember: false, by_page }]
}

fn adds_key(way: Way, kind: Kind) -> [Step; 2] {
    [act(way, Act::BeginPasskey { kind }), act(way, Act::AddPasskey { challenge: 0, verified: kind == Kind::Passkey })]
}

fn enrols(way: Way) -> [Step; 2] {
    [act(way, Act::SetUpTotp), act(way, Act::ConfirmTotp { shown: Shown::Totp(1) })]
}

/// Steps that belong together. Of some of them one is taken by itself in between.
pub fn run() -> impl Strategy<Value = Vec<Step>> {
    prop_oneof![4 => with_codes(), 4 => with_keys(), 3 => on_pages()]
}

fn with_codes() -> impl Strategy<Value = Vec<Step>> {
    let enrol = [&[LATER, login(Some(0))][..], &enrols(Way::Bearer)].concat();
    let author = Step::Operate(Operation::Roles { author: true });
    let keep_key = [LATER, author, login(Some(0)), act(Way::Bearer, Act::MakeKey)];
    let finish = Step::SecondFactor { flow: 0, shown: Shown::Totp(0), by_page: false };
    let renew = [Step::Operate(Operation::ForcePassword), login(None), Step::NewPassword { flow: 0, by_page: false }];
    let forget = Step::Forget { by_email: true, by_page: false };
    let shows = |shown| Step::SecondFactor { flow: 0, shown, by_page: false };
    let moves = |to| act(Way::Bearer, Act::ChangeEmail { to });
    prop_oneof![
        4 => Just(vec![LATER, login(Some(0))]),
        4 => Just(enrol),
        4 => shown().prop_map(move |shown| vec![LATER, login(None), shows(shown)]),
        3 => Just(keep_key.to_vec()),
        3 => (0..3_usize).prop_map(move |to| vec![LATER, login(Some(0)), moves(to), LEADS]),
        2 => step().prop_map(move |between| vec![forget, between, LEADS]),
        1 => step().prop_map(move |between| vec![renew[0], renew[1], between, renew[2]]),
        4 => step().prop_map(move |between| vec![LATER, login(None), between, finish]),
        1 => Just(vec![Step::Operate(Operation::Disable), Step::Operate(Operation::Enable)]),
    ]
}

/// A key is added to an account that has no second factor.
pub fn first_key() -> impl Strategy<Value = Vec<Step>> {
    (kind(), way()).prop_map(|(kind, way)| {
        let enters = if way == Way::Bearer { login(None) } else { login_by_page() };
        [&[enters][..], &adds_key(way, kind)].concat()
    })
}

fn with_keys() -> impl Strategy<Value = Vec<Step>> {
    let again = |password| {
        let shows = Act::ShowAgain { answer: KeyAnswer::LATEST, password };
        [act(Way::Bearer, Act::BeginAgain), act(Way::Bearer, shows)]
    };
    let password = || option::weighted(0.3, Just(Typed::Right));
    let removes = |way| [&key_login(way != Way::Bearer)[..], &[act(way, Act::RemovePasskey { key: 0 })]].concat();
    prop_oneof![
        3 => first_key(),
        4 => any::<bool>().prop_map(|by_page| key_login(by_page).to_vec()),
        3 => (any::<bool>(), likely()).prop_map(|(by_page, verified)| vec![login(None), shows_key(by_page, verified)]),
        3 => (step(), any::<bool>()).prop_map(|(between, by_page)| vec![login(None), between, shows_key(by_page, true)]),
        3 => (step(), any::<bool>()).prop_map(|(between, by_page)| {
            let [begin, finish] = key_login(by_page);
            vec![begin, between, finish]
        }),
        2 => (kind(), way()).prop_map(|(kind, way)| {
            [&key_login(way != Way::Bearer)[..], &adds_key(way, kind)].concat()
        }),
        3 => (step(), password()).prop_map(move |(between, password)| {
            let [begin, shows] = again(password);
            [&key_login(false)[..], &[begin, between, shows]].concat()
        }),
        2 => way().prop_map(removes),
        2 => (any::<bool>(), password()).prop_map(|(adds, password)| in_another_session(adds, password)),
        2 => Just([&key_login(false)[..], &enrols(Way::Bearer)].concat()),
        1 => Just(last_way_in()),
    ]
}

/// A challenge is given out in one session of someone, and answered in another.
fn in_another_session(adds: bool, password: Option<Typed>) -> Vec<Step> {
    let before = |act| Step::Act { with: 1, way: Way::Bearer, act };
    let shows = Act::ShowAgain { answer: KeyAnswer::LATEST, password };
    let (begins, ends) = if adds {
        (Act::BeginPasskey { kind: Kind::Passkey }, Act::AddPasskey { challenge: 0, verified: true })
    } else {
        (Act::BeginAgain, shows)
    };
    let enters = if adds { vec![login(None); 2] } else { key_login(false).repeat(2) };
    [&enters[..], &[before(begins), act(Way::Bearer, ends)]].concat()
}

/// A passkey is all that is left of an account whose address was given back to its owner, and cannot be removed.
fn last_way_in() -> Vec<Step> {
    let adds = adds_key(Way::Bearer, Kind::Passkey);
    let confirms = [Step::Resend, Step::VerifyByCode { right: true }, DAY_AND_HOUR];
    let moves = [act(Way::Bearer, Act::ChangeEmail { to: 1 }), LEADS, LEADS];
    let enters = key_login(false);
    let removes = [act(Way::Bearer, Act::RemovePasskey { key: 0 })];
    [&[login(None)][..], &adds, &confirms, &enters, &moves, &enters, &removes].concat()
}

fn on_pages() -> impl Strategy<Value = Vec<Step>> {
    let forget = Step::Forget { by_email: false, by_page: true };
    let leads = Step::Spend { mail: 0, place: None, by_page: true };
    let finish = |shown| Step::SecondFactor { flow: 0, shown, by_page: true };
    let ends = |way| act(way, Act::EndSession { session: 0 });
    let enrol = [&[LATER, login_by_page()][..], &enrols(Way::Page)].concat();
    let change = act(Way::Page, Act::ChangePassword { password: Typed::Right });
    prop_oneof![
        4 => Just(vec![login_by_page()]),
        4 => shown().prop_map(move |shown| vec![LATER, login_by_page(), finish(shown)]),
        3 => step().prop_map(move |between| vec![LATER, login_by_page(), between, finish(Shown::Totp(0))]),
        3 => Just(enrol),
        2 => Just(vec![LATER, login_by_page(), finish(Shown::Totp(0)), change]),
        2 => step().prop_map(move |between| vec![forget, between, leads]),
        2 => way().prop_map(move |way| vec![login_by_page(), login(None), ends(way)]),
        1 => Just(vec![login(None), login_by_page(), ends(Way::Bearer)]),
    ]
}
