//! How orders of steps are made up.

use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    runs::{first_key, run},
    step::{Act, KeyAnswer, Kind, Move, Operation, PEOPLE, Shown, Step, Typed, Way},
};

/// More steps than there are in any run.
const LONGEST_RUN: usize = 16;

/// Orders of at most this many steps and runs of steps, which many begin with a key.
pub fn orders(longest: usize) -> impl Strategy<Value = Vec<Move>> {
    let who = prop_oneof![3 => Just(0), 1 => 1..PEOPLE];
    let steps = prop_oneof![3 => step().prop_map(|step| vec![step]), 1 => mostly(run())];
    let of = |(who, steps): (usize, Vec<Step>)| steps.into_iter().map(move |step| Move { who, step });
    let has_key = prop_oneof![1 => Just(Vec::new()), 2 => mostly(first_key()).prop_map(|steps| vec![(0, steps)])];
    (has_key, vec((who, steps), 1..longest))
        .prop_map(move |(has_key, orders)| has_key.into_iter().chain(orders).flat_map(of).collect())
}

/// A run, now and then without one of its steps; where it fails, without all that it fails without.
fn mostly(run: impl Strategy<Value = Vec<Step>>) -> impl Strategy<Value = Vec<Step>> {
    (run, vec(proptest::bool::weighted(0.97), LONGEST_RUN)).prop_map(|(run, taken)| {
        let taken = run.into_iter().zip(taken).filter(|(_, is_taken)| *is_taken);
        taken.map(|(step, _)| step).collect()
    })
}

pub fn step() -> impl Strategy<Value = Step> {
    let login = (typed(), option::weighted(0.4, shown()), any::<bool>(), any::<bool>(), by_page()).prop_map(
        |(password, code, remember, by_email, by_page)| Step::Login { password, code, remember, by_email, by_page },
    );
    let spend = (recent(), option::of(0..4_usize), by_page());
    let seconds = select(&[1, 1, 1, 29, 29, 31, 90, 299, 600, 895, 960, 3700, 90_000, 700_000][..]);
    prop_oneof![
        1 => Just(Step::Register),
        6 => login,
        3 => (recent(), shown(), by_page()).prop_map(|(flow, shown, by_page)| Step::SecondFactor { flow, shown, by_page }),
        1 => (recent(), by_page()).prop_map(|(flow, by_page)| Step::NewPassword { flow, by_page }),
        2 => Just(Step::BeginKeyLogin),
        3 => (key_answer(), any::<bool>(), by_page())
            .prop_map(|(answer, remember, by_page)| Step::KeyLogin { answer, remember, by_page }),
        2 => (recent(), key_answer(), by_page())
            .prop_map(|(flow, answer, by_page)| Step::SecondKey { flow, answer, by_page }),
        6 => recent().prop_map(|token| Step::Refresh { token }),
        26 => (recent(), way(), act()).prop_map(|(with, way, act)| Step::Act { with, way, act }),
        3 => (any::<bool>(), by_page()).prop_map(|(by_email, by_page)| Step::Forget { by_email, by_page }),
        1 => Just(Step::Resend),
        6 => spend.prop_map(|(mail, place, by_page)| Step::Spend { mail, place, by_page }),
        2 => any::<bool>().prop_map(|right| Step::VerifyByCode { right }),
        3 => operation().prop_map(Step::Operate),
        6 => seconds.prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Sweep),
        2 => Just(Step::Restart),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => Just(Act::Logout),
        1 => Just(Act::LogoutEverywhere),
        2 => recent().prop_map(|session| Act::EndSession { session }),
        3 => typed().prop_map(|password| Act::ChangePassword { password }),
        3 => (0..3_usize).prop_map(|to| Act::ChangeEmail { to }),
        3 => (typed(), option::of(shown())).prop_map(|(password, code)| Act::Reauthenticate { password, code }),
        3 => Just(Act::SetUpTotp),
        3 => shown().prop_map(|shown| Act::ConfirmTotp { shown }),
        3 => shown().prop_map(|shown| Act::RemoveTotp { shown }),
        2 => Just(Act::NewRecoveryCodes),
        3 => Just(Act::MakeKey),
        2 => recent().prop_map(|key| Act::DeleteKey { key }),
        4 => kind().prop_map(|kind| Act::BeginPasskey { kind }),
        4 => (recent(), likely()).prop_map(|(challenge, verified)| Act::AddPasskey { challenge, verified }),
        2 => recent().prop_map(|key| Act::RenamePasskey { key }),
        3 => recent().prop_map(|key| Act::RemovePasskey { key }),
        2 => Just(Act::BeginAgain),
        3 => (key_answer(), option::weighted(0.3, typed()))
            .prop_map(|(answer, password)| Act::ShowAgain { answer, password }),
        1 => Just(Act::Leave),
    ]
}

pub fn way() -> impl Strategy<Value = Way> {
    prop_oneof![3 => Just(Way::Bearer), 1 => Just(Way::Cookie), 2 => Just(Way::Page)]
}

fn by_page() -> impl Strategy<Value = bool> {
    proptest::bool::weighted(0.4)
}

pub fn likely() -> impl Strategy<Value = bool> {
    proptest::bool::weighted(0.85)
}

pub fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![2 => Just(Kind::Passkey), 1 => Just(Kind::SecurityKey)]
}

fn key_answer() -> impl Strategy<Value = KeyAnswer> {
    (recent(), recent(), proptest::bool::weighted(0.1), likely())
        .prop_map(|(challenge, key, is_strange, verified)| KeyAnswer { challenge, key, is_strange, verified })
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        1 => Just(Operation::Disable),
        2 => Just(Operation::Enable),
        3 => any::<bool>().prop_map(|author| Operation::Roles { author }),
        1 => Just(Operation::ForcePassword),
    ]
}

fn typed() -> impl Strategy<Value = Typed> {
    prop_oneof![8 => Just(Typed::Right), 1 => Just(Typed::Former), 1 => Just(Typed::Wrong)]
}

pub fn shown() -> impl Strategy<Value = Shown> {
    prop_oneof![
        6 => Just(Shown::Totp(0)),
        3 => (-2..=2_i64).prop_map(Shown::Totp),
        1 => Just(Shown::WrongTotp),
        1 => Just(Shown::FormerTotp),
        3 => (0..10_usize).prop_map(Shown::Recovery),
        1 => Just(Shown::WrongRecovery),
    ]
}

/// Mostly the latest, now and then an older one.
fn recent() -> impl Strategy<Value = usize> {
    prop_oneof![8 => Just(0), 2 => Just(1), 1 => 2..8_usize]
}
