//! Giving users out.

use std::io::{self, Write};

use serde::Serialize;

use super::moment;
use crate::{
    account::{Accounts, UserRecord},
    audit::{Event, EventKind},
    error::Error,
    password::PasswordHash,
    session::Device,
};

/// How many users are read at once.
const PAGE: u32 = 500;

/// Why an export is not whole.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be written.
    #[error("the export cannot be written")]
    Write(#[from] io::Error),
    /// The users cannot be read.
    #[error(transparent)]
    Read(#[from] Error),
}

/// A line of the export.
#[derive(Serialize)]
struct Line<'a> {
    id: String,
    username: &'a str,
    email: &'a str,
    email_verified: bool,
    email_verified_at: Option<String>,
    name: &'a str,
    password_hash: Option<&'a str>,
    must_change_password: bool,
    roles: &'a [String],
    disabled: bool,
    disabled_at: Option<String>,
    created_at: String,
}

impl Accounts {
    /// Writes every user, with the hash of their password, in the form that [`import`](Self::import) reads, and answers
    /// how many they are. Whoever holds the result can try passwords at leisure: it is to be kept like the database.
    ///
    /// Users made while it runs may be left out. That an export was begun is written to the trail. What it writes to is
    /// written as it goes, in the way of [`Write`], which blocks.
    ///
    /// # Errors
    ///
    /// [`ExportError`]; what was written by then is not whole.
    pub async fn export(&self, mut to: impl Write + Send, device: &Device) -> Result<u64, ExportError> {
        let begun = Event::new(EventKind::UsersExported, self.now(), device);
        self.store().record(&begun).await.map_err(Error::from)?;
        let (mut count, mut last) = (0, None);
        loop {
            let page = self.store().export_users(last, PAGE).await.map_err(Error::from)?;
            let Some(record) = page.last() else { break };
            last = Some(record.user.id);
            for record in &page {
                serde_json::to_writer(&mut to, &line(record)).map_err(io::Error::from)?;
                to.write_all(b"\n")?;
                count += 1;
            }
        }
        to.flush()?;
        Ok(count)
    }
}

fn line(record: &UserRecord) -> Line<'_> {
    let user = &record.user;
    Line {
        id: user.id.to_string(),
        username: user.username.as_str(),
        email: user.email.as_str(),
        email_verified: user.email_verified_at.is_some(),
        email_verified_at: user.email_verified_at.map(moment::write),
        name: &user.name,
        password_hash: record.password.as_ref().map(PasswordHash::as_str),
        must_change_password: record.must_change_password,
        roles: &user.roles,
        disabled: user.disabled_at.is_some(),
        disabled_at: user.disabled_at.map(moment::write),
        created_at: moment::write(user.created_at),
    }
}
