//! What a person was told, and what follows from it.

use std::time::Duration;

use portcullis::{account::UserId, clock::Timestamp};

use crate::{
    app::PASSWORD, authenticator::Authenticator, cookies::Cookie, factors::Setup, passkeys::Passkey, step::Typed,
};

pub const ACCESS_TTL: Duration = Duration::from_mins(15);
/// The verifier's.
pub const LEEWAY: Duration = Duration::from_secs(5);
pub const IDLE: Duration = Duration::from_hours(24);
pub const MAX: Duration = Duration::from_hours(7 * 24);
pub const REMEMBER_MAX: Duration = Duration::from_hours(30 * 24);
/// How many sessions someone may have.
pub const CAP: usize = 4;
const FRESH: Duration = Duration::from_mins(10);
/// How often it is written that a session is in use.
const SEEN_EVERY: Duration = Duration::from_mins(5);

/// What someone who is an author may do.
pub const AUTHORS: [&str; 2] = ["notes:read", "notes:write"];

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Person {
    pub name: String,
    pub id: UserId,
    pub is_gone: bool,
    pub is_disabled: bool,
    pub is_author: bool,
    pub email: String,
    pub is_verified: bool,
    /// Until when the owner may find that they confirmed what someone else made.
    pub doubted_until: Option<Timestamp>,
    /// The password, and the one before. There may be none that is good.
    passwords: [String; 2],
    pub has_password: bool,
    passwords_chosen: u32,
    pub must_change_password: bool,
    /// Raised by whatever sets or takes the password.
    pub password_version: u32,
    /// Raised by whatever makes all older tokens stale.
    pub generation: u32,
    pub totp: Option<Totp>,
    /// Those that were theirs before.
    pub former_totp: Vec<Authenticator>,
    pub setup: Option<Setup>,
    /// Every key of an authenticator that they ever had.
    pub passkeys: Vec<Passkey>,
    /// Every recovery code there ever was, and whether it is good.
    pub recovery_codes: Vec<(String, bool)>,
    pub sessions: Vec<Session>,
    pub access: Vec<Access>,
    pub refresh: Vec<Refresh>,
    pub cookies: Vec<Cookie>,
    pub flows: Vec<Flow>,
    pub mails: Vec<Mail>,
    pub keys: Vec<Key>,
}

pub struct Totp {
    pub authenticator: Authenticator,
    pub last_step: i64,
    pub confirmed_at: Timestamp,
}

pub struct Session {
    pub id: String,
    pub has_ended: bool,
    pub expires_at: Timestamp,
    pub idle_until: Timestamp,
    pub last_seen: Timestamp,
    /// When this process last wrote that it is in use.
    pub written: Option<Timestamp>,
    pub auth_time: Timestamp,
    pub second_factor: bool,
}

pub struct Access {
    pub token: String,
    pub session: usize,
    pub generation: u32,
    pub expires_at: Timestamp,
    pub is_author: bool,
}

pub struct Refresh {
    pub token: String,
    pub session: usize,
    pub spent_at: Option<Timestamp>,
    /// The one it was exchanged for.
    pub next: Option<usize>,
}

/// What a login is remembered by between two steps.
#[derive(Clone)]
pub struct Flow {
    pub id: String,
    pub waits_for: Wanted,
    pub second_factor: bool,
    pub remember: bool,
    pub auth_time: Timestamp,
    pub password_version: u32,
    pub generation: u32,
    pub ends_at: Timestamp,
    pub is_over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    SecondFactor,
    NewPassword,
}

pub struct Mail {
    /// Which of the places in `mails` it leads to.
    pub place: usize,
    pub token: String,
    pub email: String,
    pub expires_at: Timestamp,
    pub is_good: bool,
    /// The code in it, until when it is good, and how many were tried.
    pub code: Option<(String, Timestamp, u32)>,
}

pub struct Key {
    pub text: String,
    pub id: String,
    pub is_deleted: bool,
}

impl Session {
    pub fn is_alive(&self, now: Timestamp) -> bool {
        !self.has_ended && now < self.idle_until
    }

    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.auth_time) <= FRESH
    }

    /// It is in use, and that is written down.
    pub fn touch(&mut self, now: Timestamp) {
        self.written = Some(now);
        if self.is_alive(now) {
            self.last_seen = now;
            self.idle_until = self.idle_until.max((now + IDLE).min(self.expires_at));
        }
    }

    /// It is in use, which is written down now and then.
    pub fn saw(&mut self, now: Timestamp) {
        if self.written.is_none_or(|last| now.since(last) >= SEEN_EVERY) {
            self.touch(now);
        }
    }
}

impl Person {
    pub fn new(name: &str, id: UserId) -> Self {
        Self {
            name: name.to_owned(),
            id,
            is_gone: false,
            is_disabled: false,
            is_author: false,
            email: Self::address(name, 0),
            is_verified: false,
            doubted_until: None,
            passwords: [PASSWORD.to_owned(), "not a password of theirs".to_owned()],
            has_password: true,
            passwords_chosen: 0,
            must_change_password: false,
            password_version: 1,
            generation: 1,
            totp: None,
            former_totp: Vec::new(),
            setup: None,
            passkeys: Vec::new(),
            recovery_codes: Vec::new(),
            sessions: Vec::new(),
            access: Vec::new(),
            refresh: Vec::new(),
            cookies: Vec::new(),
            flows: Vec::new(),
            mails: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// One of the addresses that someone of this name may have.
    pub fn address(name: &str, number: usize) -> String {
        format!("{name}.{number}@example.com")
    }

    pub fn typed(&self, typed: Typed) -> &str {
        match typed {
            Typed::Right => &self.passwords[0],
            Typed::Former => &self.passwords[1],
            Typed::Wrong => "what nobody ever chose",
        }
    }

    /// Whether this is the password now.
    pub fn is_right(&self, typed: Typed) -> bool {
        typed == Typed::Right && self.has_password
    }

    /// A password that they never had.
    pub fn next_password(&self) -> String {
        format!("staples of {} other horses", self.passwords_chosen + 1)
    }

    /// The next password is theirs from now on.
    pub fn set_password(&mut self) {
        let next = self.next_password();
        self.passwords_chosen += 1;
        self.passwords.swap(0, 1);
        self.passwords[0] = next;
        self.has_password = true;
        self.must_change_password = false;
        self.password_version += 1;
        self.end_mails();
    }

    /// Every token that was mailed is worthless, but those that give an address back.
    pub fn end_mails(&mut self) {
        self.mails.iter_mut().filter(|mail| mail.place != crate::mails::UNDO).for_each(|mail| mail.is_good = false);
    }

    /// Every session has ended, but perhaps this one.
    pub fn end_sessions(&mut self, but: Option<usize>) {
        let ended = self.sessions.iter_mut().enumerate().filter(|(number, _)| Some(*number) != but);
        ended.for_each(|(_, session)| session.has_ended = true);
    }

    pub fn end_keys(&mut self) {
        self.keys.iter_mut().for_each(|key| key.is_deleted = true);
    }

    /// Whether one factor is not enough.
    pub fn has_second_factor(&self) -> bool {
        self.totp.is_some() || self.passkeys.iter().any(|key| !key.is_removed)
    }

    /// Whether the guard lets this access token in.
    pub fn lets_in(&self, access: &Access, now: Timestamp) -> bool {
        !self.is_gone
            && !self.sessions[access.session].has_ended
            && access.generation == self.generation
            && now < access.expires_at + LEEWAY
    }

    pub fn lets_in_key(&self, key: &Key) -> bool {
        !self.is_gone && !self.is_disabled && !key.is_deleted
    }
}

/// The one of this number, the latest first; `None` if there is none at all.
pub fn latest<T>(all: &[T], number: usize) -> Option<usize> {
    number.checked_rem(all.len()).map(|number| all.len() - 1 - number)
}
