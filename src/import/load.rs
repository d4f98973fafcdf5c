//! Taking users in.

use std::{collections::HashMap, io::BufRead};

use super::{
    entry::{self, Entry},
    records::Records,
    report::{ImportReport, SkipReason, Skipped},
};
use crate::{
    account::Accounts,
    audit::{Event, EventKind},
    error::Error,
    session::Device,
    store::NewUser,
};

/// How many users are written in one transaction.
const BATCH: usize = 500;

/// Why a file was not read to its end. What had been imported by then stays; running the import again goes on where it
/// stopped, for nobody is made twice.
#[derive(Debug, thiserror::Error)]
#[error("the import stopped after {} users", report.imported)]
pub struct ImportError {
    /// What had been done by then.
    pub report: ImportReport,
    /// Why it stopped.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl Accounts {
    /// Makes a user of every record in a file: see [the module](crate::import) for what it holds. With `dry_run`
    /// nothing is written, and the report says what would have been.
    ///
    /// The file is read as the import goes, in the way of [`BufRead`], which blocks: it is meant for a program that does
    /// nothing else meanwhile.
    ///
    /// # Errors
    ///
    /// [`ImportError`] if the file cannot be read or the database fails. A record that cannot become a user is no error.
    pub async fn import(
        &self,
        file: impl BufRead + Send,
        dry_run: bool,
        device: &Device,
    ) -> Result<ImportReport, ImportError> {
        let mut import = Import::new(self, dry_run, device);
        match import.all(Records::of(file)).await {
            Ok(()) => Ok(import.report),
            Err(source) => Err(ImportError { report: import.report, source }),
        }
    }
}

struct Import<'a> {
    accounts: &'a Accounts,
    device: &'a Device,
    report: ImportReport,
    /// The names and addresses met so far, in the form in which they are compared, and the numbers of their records. An
    /// address is told from a name by its `@`.
    met: HashMap<String, u64>,
    batch: Vec<(NewUser, Event)>,
    /// Where each of the batch stands: line and number.
    places: Vec<(u64, u64)>,
}

impl<'a> Import<'a> {
    fn new(accounts: &'a Accounts, dry_run: bool, device: &'a Device) -> Self {
        let report = ImportReport { dry_run, ..ImportReport::default() };
        Self { accounts, device, report, met: HashMap::new(), batch: Vec::new(), places: Vec::new() }
    }

    async fn all(
        &mut self,
        mut records: Records<impl BufRead>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        while let Some(record) = records.next()? {
            let now = self.accounts.now();
            match entry::read(&record, now) {
                Ok(Entry::User(new)) => self.add(*new, (record.line, record.number)),
                Ok(Entry::Other) => self.report.passed_over += 1,
                Err(skipped) => self.report.skipped.push(skipped),
            }
            if self.batch.len() == BATCH {
                self.write().await?;
            }
        }
        self.write().await?;
        // Conflicts come to light by the batch, and so behind what is wrong with later lines.
        self.report.skipped.sort_by_key(|skipped| skipped.number);
        Ok(())
    }

    fn add(&mut self, new: NewUser, (line, number): (u64, u64)) {
        for key in [new.user.username.key(), new.user.email.key()] {
            if let Some(first) = self.met.get(key) {
                let username = Some(new.user.username.clone());
                return self.report.skipped.push(Skipped {
                    line,
                    number,
                    username,
                    reason: SkipReason::Repeats(*first),
                });
            }
        }
        for key in [new.user.username.key(), new.user.email.key()] {
            self.met.insert(key.to_owned(), number);
        }
        let event = Event::new(EventKind::UserImported, self.accounts.now(), self.device).user(new.user.id);
        self.batch.push((new, event));
        self.places.push((line, number));
    }

    async fn write(&mut self) -> Result<(), Error> {
        let conflicts = self.accounts.store().import_users(&self.batch, !self.report.dry_run).await?;
        for (((new, _), (line, number)), conflict) in self.batch.drain(..).zip(self.places.drain(..)).zip(conflicts) {
            match conflict {
                None => self.report.imported += 1,
                Some(taken) => {
                    let username = Some(new.user.username);
                    self.report.skipped.push(Skipped { line, number, username, reason: taken.into() });
                }
            }
        }
        Ok(())
    }
}
