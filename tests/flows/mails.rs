//! What comes by mail, and where it is taken.

use std::time::Duration;

use portcullis::{clock::Timestamp, mail::MailKind};
use serde_json::json;

use crate::{
    app::{Answer, TestApp},
    person::{Mail, Person, latest},
    step::PEOPLE,
    world::World,
};

/// Where the tokens of mails are taken, by what kind of mail, and for how long they are good.
const PLACES: [(&str, MailKind, Duration); 4] = [
    ("/auth/verify-email", MailKind::VerifyEmail, Duration::from_hours(24)),
    ("/auth/reset-password", MailKind::ResetPassword, Duration::from_hours(1)),
    ("/auth/confirm-email", MailKind::ConfirmEmail, Duration::from_hours(24)),
    ("/auth/undo-email", MailKind::EmailChanged, Duration::from_hours(7 * 24)),
];
const VERIFY: usize = 0;
const RESET: usize = 1;
const CONFIRM: usize = 2;
pub const UNDO: usize = 3;

const CODE_LIFETIME: Duration = Duration::from_mins(10);
const CODE_TRIES: u32 = 5;

/// For how long an owner may find that they confirmed what someone else made, or that someone else had what they made.
const DOUBT: Duration = Duration::from_hours(24);

impl World {
    /// Reads the mails that have come, and forgets what they take the place of.
    pub async fn read_mails(&mut self) {
        let app = &self.app;
        app.portcullis.accounts().deliver_mail().await.unwrap();
        let mails = app.mailbox.all();
        for mail in &mails[self.read..] {
            let Some(place) = PLACES.iter().position(|(_, kind, _)| *kind == mail.kind()) else { continue };
            let email = mail.to().as_str().to_owned();
            let person = self.people.iter_mut().find(|person| email.starts_with(&format!("{}.", person.name))).unwrap();
            let replaced = |other: &&mut Mail| other.place == place && (place != UNDO || other.email == email);
            person.mails.iter_mut().filter(replaced).for_each(|other| other.is_good = false);
            person.mails.push(Mail {
                place,
                token: mail.link().unwrap().split("?token=").nth(1).unwrap().to_owned(),
                email,
                expires_at: app.now() + PLACES[place].2,
                is_good: true,
                code: mail.code().map(|code| (code.to_owned(), app.now() + CODE_LIFETIME, 0)),
            });
        }
        self.read = mails.len();
    }

    /// Whoever has an account and may log in gets a mail; anyone is answered the same.
    pub async fn forget(&mut self, who: usize, by_email: bool, by_page: bool) -> (Answer, u16) {
        let person = &self.people[who];
        let (field, name) = if by_email { ("email", &person.email) } else { ("username", &person.name) };
        let answer = if by_page {
            person.browser(&self.app, None).act("/forgot-password", &[("name", name)], 202).await
        } else {
            self.app.post("/auth/forgot-password").json(&json!({ (field): name })).send().await
        };
        self.expect_mail(who, RESET, !self.people[who].is_disabled).await;
        (answer, 202)
    }

    pub async fn resend(&mut self, who: usize) -> (Answer, u16) {
        let person = &self.people[who];
        let answer = self.app.post("/auth/verify-email/resend").json(&json!({ "email": person.email })).send().await;
        self.expect_mail(who, VERIFY, !self.people[who].is_disabled && !self.people[who].is_verified).await;
        (answer, 202)
    }

    async fn expect_mail(&mut self, who: usize, place: usize, comes: bool) {
        let count = |person: &Person| person.mails.iter().filter(|mail| mail.place == place).count();
        let before: [usize; PEOPLE] = std::array::from_fn(|who| count(&self.people[who]));
        self.read_mails().await;
        for (other, before) in before.into_iter().enumerate() {
            let came = count(&self.people[other]) - before;
            let expected = usize::from(other == who && comes && !self.people[who].is_gone);
            assert_eq!(came, expected, "mails to {}", self.people[other].name);
        }
    }

    pub async fn spend(&mut self, who: usize, mail: usize, place: Option<usize>, by_page: bool) -> (Answer, u16) {
        let (app, person) = (&self.app, &mut self.people[who]);
        let number = latest(&person.mails, mail);
        let never = format!("pco_{}", "A".repeat(43));
        let token = number.map_or(&never, |number| &person.mails[number].token);
        let place = place.unwrap_or_else(|| number.map_or(VERIFY, |number| person.mails[number].place));
        let answer = if by_page {
            person.follow_by_page(app, place, token).await
        } else {
            let body = json!({ "token": token, "new_password": person.next_password() });
            app.post(PLACES[place].0).json(&body).send().await
        };
        let now = app.now();
        let is_good = |mail: &Mail| mail.is_good && mail.place == place && now < mail.expires_at;
        let number = number.filter(|number| is_good(&person.mails[*number]) && !person.is_gone);
        let Some(number) = number else { return (answer, 400) };
        let email = person.mails[number].email.clone();
        let is_theirs = email == person.email && !person.is_disabled;
        match place {
            VERIFY if is_theirs => {
                person.verify(now);
                person.mails[number].is_good = false;
                (answer, 200)
            }
            RESET if is_theirs => {
                person.set_password();
                person.end_everything();
                person.take_from_maker(now);
                (answer, 204)
            }
            CONFIRM if !person.is_disabled => {
                let was_verified = person.is_verified;
                let former = std::mem::replace(&mut person.email, email);
                person.is_verified = true;
                person.end_mails();
                if was_verified && former != person.email {
                    self.expect_mail(who, UNDO, true).await;
                    assert_eq!(self.people[who].mails.last().unwrap().email, former);
                }
                (answer, 200)
            }
            UNDO => {
                person.email = email;
                person.is_verified = true;
                person.has_password = false;
                person.password_version += 1;
                person.end_everything();
                person.end_mails();
                let moved = person.mails[number].expires_at - PLACES[UNDO].2;
                person.take_added(moved - DOUBT, None);
                // Whoever moved the address since then does not get it back.
                person
                    .mails
                    .iter_mut()
                    .skip(number)
                    .filter(|mail| mail.place == UNDO)
                    .for_each(|mail| mail.is_good = false);
                self.expect_mail(who, RESET, !self.people[who].is_disabled).await;
                (answer, 200)
            }
            _ => (answer, 400),
        }
    }

    pub async fn verify_by_code(&mut self, who: usize, right: bool) -> (Answer, u16) {
        let (app, person) = (&self.app, &mut self.people[who]);
        let now = app.now();
        let number = person.mails.iter().rposition(|mail| mail.place == VERIFY).unwrap();
        let mail = &mut person.mails[number];
        let (code, until, tries) = mail.code.as_mut().unwrap();
        let wrong = if code == "00000000" { "11111111" } else { "00000000" };
        let typed = if right { code.as_str() } else { wrong };
        let answer = app.post("/auth/verify-email").json(&json!({ "email": mail.email, "code": typed })).send().await;
        let may_try = mail.is_good && !person.is_gone && now < *until && *tries < CODE_TRIES;
        if !(may_try && right) {
            *tries += u32::from(may_try);
            return (answer, 400);
        }
        if mail.email != person.email || person.is_disabled {
            return (answer, 400);
        }
        mail.is_good = false;
        person.verify(now);
        (answer, 200)
    }
}

impl Person {
    /// The page behind a link, whose form is sent.
    async fn follow_by_page(&self, app: &TestApp, place: usize, token: &str) -> Answer {
        let page = PLACES[place].0.strip_prefix("/auth").unwrap();
        let new = self.next_password();
        let chosen = [("new_password", new.as_str()), ("new_password_again", &new)];
        let fields = [&[("token", token)][..], if place == RESET { &chosen } else { &[] }].concat();
        self.browser(app, None).follow(page, &fields).await
    }

    /// Every session and every key has ended, and every older token is stale.
    pub fn end_everything(&mut self) {
        self.end_sessions(None);
        self.end_keys();
        self.generation += 1;
    }

    /// The address is confirmed by a link or a code.
    fn verify(&mut self, now: Timestamp) {
        if !self.is_verified {
            self.doubted_until = Some(now + DOUBT);
        }
        self.is_verified = true;
    }

    /// The owner takes in hand what may have been made by someone else.
    fn take_from_maker(&mut self, now: Timestamp) {
        let doubted_until = self.doubted_until.filter(|until| now < *until);
        if !self.is_verified {
            self.take_added(Timestamp::from_millis(0), None);
        } else if let Some(until) = doubted_until {
            self.take_added(Timestamp::from_millis(0), Some(until - DOUBT));
        }
        if !self.is_verified || doubted_until.is_some() {
            self.doubted_until = None;
        }
        self.is_verified = true;
    }

    /// A second factor goes that was added from one moment on and before the other, and so does a set-up.
    fn take_added(&mut self, from: Timestamp, before: Option<Timestamp>) {
        self.setup = None;
        let is_taken = |added: Timestamp| added >= from && before.is_none_or(|before| added < before);
        self.passkeys.iter_mut().filter(|key| is_taken(key.added_at)).for_each(|key| key.is_removed = true);
        if self.totp.as_ref().is_some_and(|totp| is_taken(totp.confirmed_at)) {
            self.remove_totp();
        }
        self.codes_follow();
    }
}
