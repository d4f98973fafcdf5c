//! What was acknowledged.

/// A person's own account of their account.
#[derive(Debug)]
pub struct Ledger {
    pub name: String,
    pub email: String,
    pub password: String,
    pub sessions: Vec<Session>,
    /// Reset tokens that were acknowledged as spent.
    pub spent_resets: Vec<String>,
    /// The mails by which an address is confirmed.
    pub confirmations: Asked,
    /// Those by which a password is reset.
    pub resets: Asked,
}

/// Mails of one kind that were asked for.
#[derive(Debug, Default)]
pub struct Asked {
    /// How many requests for one were acknowledged.
    pub acknowledged: usize,
    /// How many were sent, answered or not.
    pub sent: usize,
}

#[derive(Debug)]
pub struct Session {
    pub access: String,
    pub refresh: String,
    /// What was exchanged, the oldest first.
    pub spent: Vec<String>,
    pub state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It lives: every exchange of it was acknowledged.
    Alive,
    /// Its end was acknowledged.
    Ended,
    /// A request was left unanswered for too long to be repeated. It may be either.
    Unknown,
}

/// How often what was done, all together.
#[derive(Debug, Default)]
pub struct Tally {
    pub registered: usize,
    pub logged_in: usize,
    pub refreshed: usize,
    pub logged_out: usize,
    pub reset: usize,
    /// Requests that were answered 503.
    pub unavailable: usize,
    /// Requests that were not answered.
    pub lost: usize,
}
