//! What can be done, and how orders of it are made up.

use proptest::{collection::vec, option, prelude::*, sample::select};

/// How many people there are. What happens to one must not reach the other.
pub const PEOPLE: usize = 2;

/// A step, and whose account it is about.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    pub who: usize,
    pub step: Step,
}

/// A step. What it is about is meant by its number among all there ever were, the latest first.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Register,
    Login {
        password: Typed,
        code: Option<Shown>,
        remember: bool,
        by_email: bool,
    },
    SecondFactor {
        flow: usize,
        shown: Shown,
    },
    NewPassword {
        flow: usize,
    },
    Refresh {
        token: usize,
    },
    /// Something that takes an access token.
    Act {
        token: usize,
        act: Act,
    },
    Forget {
        by_email: bool,
    },
    Resend,
    /// Follow the link of a mail, or take its token to another place, where another kind of mail leads.
    Spend {
        mail: usize,
        place: Option<usize>,
    },
    /// Type the code of a mail.
    VerifyByCode {
        right: bool,
    },
    Operate(Operation),
    Wait {
        seconds: u64,
    },
    /// The server forgets what has expired.
    Sweep,
    /// The server ends and is started again.
    Restart,
}

/// What someone does who is logged in.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Logout,
    LogoutEverywhere,
    EndSession { session: usize },
    ChangePassword { password: Typed },
    ChangeEmail { to: usize },
    Reauthenticate { password: Typed, code: Option<Shown> },
    SetUpTotp,
    ConfirmTotp { shown: Shown },
    RemoveTotp { shown: Shown },
    NewRecoveryCodes,
    MakeKey,
    DeleteKey { key: usize },
    Leave,
}

/// What those do who run the service.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    Disable,
    Enable,
    Roles { author: bool },
    ForcePassword,
}

/// What is typed as a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    Right,
    /// The one before.
    Former,
    Wrong,
}

/// What is shown as a second factor.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    /// The code of the authenticator, so many steps of its clock from the present one.
    Totp(i64),
    WrongTotp,
    Recovery(usize),
    WrongRecovery,
}

impl Act {
    /// Whether it takes someone who has shown lately and in full who they are.
    pub fn is_for_fresh(self) -> bool {
        use Act::{ChangeEmail, ConfirmTotp, DeleteKey, Leave, MakeKey, NewRecoveryCodes, SetUpTotp};
        matches!(
            self,
            ChangeEmail { .. } | ConfirmTotp { .. } | DeleteKey { .. } | Leave | MakeKey | NewRecoveryCodes | SetUpTotp
        )
    }

    /// Whether the route answers some who are not logged in as well, so that it looks at the caller itself.
    pub fn is_for_flows_too(self) -> bool {
        matches!(self, Self::SetUpTotp | Self::ConfirmTotp { .. })
    }
}

/// Orders of at most this many steps and runs of steps.
pub fn orders(longest: usize) -> impl Strategy<Value = Vec<Move>> {
    let who = prop_oneof![3 => Just(0), 1 => 1..PEOPLE];
    let steps = prop_oneof![3 => step().prop_map(|step| vec![step]), 1 => run()];
    let of = |(who, steps): (usize, Vec<Step>)| steps.into_iter().map(move |step| Move { who, step });
    vec((who, steps), 1..longest).prop_map(move |orders| orders.into_iter().flat_map(of).collect())
}

/// What belongs together, since chance alone would seldom come to its end.
fn run() -> impl Strategy<Value = Vec<Step>> {
    let act = |act| Step::Act { token: 0, act };
    let login = |code: Option<i64>| {
        let code = code.map(Shown::Totp);
        Step::Login { password: Typed::Right, code, remember: false, by_email: false }
    };
    // Of two codes at one time the second one is refused.
    let later = Step::Wait { seconds: 31 };
    let enrol = [later, login(Some(0)), act(Act::SetUpTotp), act(Act::ConfirmTotp { shown: Shown::Totp(1) })];
    let keep_key = [later, Step::Operate(Operation::Roles { author: true }), login(Some(0)), act(Act::MakeKey)];
    let finish = Step::SecondFactor { flow: 0, shown: Shown::Totp(0) };
    let leads = Step::Spend { mail: 0, place: None };
    let renew = [Step::Operate(Operation::ForcePassword), login(None), Step::NewPassword { flow: 0 }];
    prop_oneof![
        4 => Just(vec![later, login(Some(0))]),
        4 => Just(enrol.to_vec()),
        4 => shown().prop_map(move |shown| vec![later, login(None), Step::SecondFactor { flow: 0, shown }]),
        3 => Just(keep_key.to_vec()),
        3 => (0..3_usize).prop_map(move |to| vec![later, login(Some(0)), act(Act::ChangeEmail { to }), leads]),
        2 => step().prop_map(move |between| vec![Step::Forget { by_email: true }, between, leads]),
        1 => step().prop_map(move |between| vec![renew[0], renew[1], between, renew[2]]),
        4 => step().prop_map(move |between| vec![later, login(None), between, finish]),
        1 => Just(vec![Step::Operate(Operation::Disable), Step::Operate(Operation::Enable)]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let login = (typed(), option::weighted(0.4, shown()), any::<bool>(), any::<bool>())
        .prop_map(|(password, code, remember, by_email)| Step::Login { password, code, remember, by_email });
    let place = option::of(0..4_usize);
    let seconds = select(&[1, 1, 1, 29, 29, 31, 90, 299, 600, 895, 960, 3700, 90_000, 700_000][..]);
    prop_oneof![
        1 => Just(Step::Register),
        6 => login,
        3 => (recent(), shown()).prop_map(|(flow, shown)| Step::SecondFactor { flow, shown }),
        1 => recent().prop_map(|flow| Step::NewPassword { flow }),
        6 => recent().prop_map(|token| Step::Refresh { token }),
        20 => (recent(), act()).prop_map(|(token, act)| Step::Act { token, act }),
        3 => any::<bool>().prop_map(|by_email| Step::Forget { by_email }),
        1 => Just(Step::Resend),
        6 => (recent(), place).prop_map(|(mail, place)| Step::Spend { mail, place }),
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
        1 => Just(Act::Leave),
    ]
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

fn shown() -> impl Strategy<Value = Shown> {
    prop_oneof![
        6 => Just(Shown::Totp(0)),
        3 => (-2..=2_i64).prop_map(Shown::Totp),
        1 => Just(Shown::WrongTotp),
        3 => (0..10_usize).prop_map(Shown::Recovery),
        1 => Just(Shown::WrongRecovery),
    ]
}

/// Mostly the latest, now and then an older one.
fn recent() -> impl Strategy<Value = usize> {
    prop_oneof![8 => Just(0), 2 => Just(1), 1 => 2..8_usize]
}
