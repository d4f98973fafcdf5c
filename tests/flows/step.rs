//! What can be done.

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
        /// There is no field for it on the page.
        code: Option<Shown>,
        remember: bool,
        by_email: bool,
        by_page: bool,
    },
    SecondFactor {
        flow: usize,
        shown: Shown,
        by_page: bool,
    },
    NewPassword {
        flow: usize,
        by_page: bool,
    },
    /// Be given the challenge of a login with a passkey, which is nobody's yet.
    BeginKeyLogin,
    KeyLogin {
        answer: KeyAnswer,
        remember: bool,
        by_page: bool,
    },
    /// A key as second factor.
    SecondKey {
        flow: usize,
        answer: KeyAnswer,
        by_page: bool,
    },
    Refresh {
        token: usize,
    },
    /// Something that takes an access token or a cookie.
    Act {
        with: usize,
        way: Way,
        act: Act,
    },
    Forget {
        by_email: bool,
        by_page: bool,
    },
    Resend,
    /// Follow the link of a mail, or take its token to another place, where another kind of mail leads.
    Spend {
        mail: usize,
        place: Option<usize>,
        by_page: bool,
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

/// How someone who is logged in says so, and what they send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// JSON, with an access token.
    Bearer,
    /// JSON, with the cookie of a session that was opened on a page.
    Cookie,
    /// The form of a page, with the cookie. JSON where the model fills in no form.
    Page,
}

/// What someone does who is logged in.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    Logout,
    LogoutEverywhere,
    EndSession {
        session: usize,
    },
    ChangePassword {
        password: Typed,
    },
    ChangeEmail {
        to: usize,
    },
    Reauthenticate {
        password: Typed,
        code: Option<Shown>,
    },
    SetUpTotp,
    ConfirmTotp {
        shown: Shown,
    },
    RemoveTotp {
        shown: Shown,
    },
    NewRecoveryCodes,
    MakeKey,
    DeleteKey {
        key: usize,
    },
    /// Be given the challenge for a new passkey or security key.
    BeginPasskey {
        kind: Kind,
    },
    /// Answer a challenge with a new one.
    AddPasskey {
        challenge: usize,
        verified: bool,
    },
    RenamePasskey {
        key: usize,
    },
    RemovePasskey {
        key: usize,
    },
    /// Be given the challenge to show with a key again who one is.
    BeginAgain,
    /// Show it with a key, and the password beside it unless that is to stand alone.
    ShowAgain {
        answer: KeyAnswer,
        password: Option<Typed>,
    },
    Leave,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole login.
    Passkey,
    /// A second factor.
    SecurityKey,
}

/// What a key answers.
#[derive(Clone, Copy, Debug)]
pub struct KeyAnswer {
    /// Which of all challenges, whoever was given them and whatever for.
    pub challenge: usize,
    pub key: usize,
    /// Whether the key is the other person's.
    pub is_strange: bool,
    /// Whether the key makes sure who holds it.
    pub verified: bool,
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
    /// A code of the authenticator before.
    FormerTotp,
    Recovery(usize),
    WrongRecovery,
}

impl Act {
    /// Whether it takes someone who has shown lately and in full who they are.
    pub fn is_for_fresh(self) -> bool {
        use Act::{
            AddPasskey, BeginPasskey, ChangeEmail, ConfirmTotp, DeleteKey, Leave, MakeKey, NewRecoveryCodes,
            RemovePasskey, RenamePasskey, SetUpTotp,
        };
        matches!(
            self,
            ChangeEmail { .. } | ConfirmTotp { .. } | DeleteKey { .. } | Leave | MakeKey | NewRecoveryCodes | SetUpTotp
        ) || matches!(self, BeginPasskey { .. } | AddPasskey { .. } | RenamePasskey { .. } | RemovePasskey { .. })
    }

    /// Whether the route answers some who are not logged in as well, so that it looks at the caller itself.
    pub fn is_for_flows_too(self) -> bool {
        matches!(self, Self::SetUpTotp | Self::ConfirmTotp { .. })
    }

    /// Whether it is done with keys and challenges.
    pub fn is_with_passkeys(self) -> bool {
        use Act::{AddPasskey, BeginAgain, BeginPasskey, RemovePasskey, RenamePasskey, ShowAgain};
        matches!(self, BeginPasskey { .. } | AddPasskey { .. } | RenamePasskey { .. } | RemovePasskey { .. })
            || matches!(self, BeginAgain | ShowAgain { .. })
    }
}

impl KeyAnswer {
    /// The latest key's to the latest challenge.
    pub const LATEST: Self = Self { challenge: 0, key: 0, is_strange: false, verified: true };
}
