//! A transaction that knows which rows of the trail it writes.

use std::ops::{Deref, DerefMut};

use sqlx::{Error, Result};

use super::{
    super::{BEGIN, Backend, Db},
    row::Connection,
};
use crate::audit::{Event, Observers};

/// A transaction. Whoever observes the trail is told of its rows once it is committed, and of nothing if it never is.
pub(super) struct Transaction {
    inner: sqlx::Transaction<'static, Db>,
    written: Vec<Event>,
    observers: Observers,
}

impl Backend {
    pub(super) async fn begin(&self) -> Result<Transaction, Error> {
        let inner = self.writer.begin_with(BEGIN).await?;
        Ok(Transaction { inner, written: Vec::new(), observers: self.observers.clone() })
    }
}

impl Transaction {
    /// Notes that this row was written.
    pub(super) fn wrote(&mut self, event: Event) {
        self.written.push(event);
    }

    pub(super) async fn commit(self) -> Result<()> {
        self.inner.commit().await?;
        self.observers.tell(&self.written);
        Ok(())
    }

    pub(super) async fn rollback(self) -> Result<()> {
        self.inner.rollback().await
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.inner
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.inner
    }
}
