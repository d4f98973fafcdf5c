//! A directory beside the accounts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use portcullis::{
    Portcullis,
    account::{BackendError, CredentialBackend, ExternalUser},
    config::Config,
    password::Password,
};

use crate::{app::TestApp, db::TestDb};

pub const IN_THE_DIRECTORY: &str = "known to the directory alone";

/// A directory in which everyone has the same password.
#[derive(Default)]
pub struct Directory {
    pub asked: AtomicUsize,
    pub down: AtomicBool,
    pub stuck: AtomicBool,
}

#[async_trait]
impl CredentialBackend for Directory {
    fn name(&self) -> &'static str {
        "directory"
    }

    async fn check(&self, name: &str, password: &Password) -> Result<Option<ExternalUser>, BackendError> {
        self.asked.fetch_add(1, SeqCst);
        if self.stuck.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.down.load(SeqCst) {
            return Err("the directory is down".into());
        }
        let (name, _) = name.split_once('@').unwrap_or((name, ""));
        let known = password.expose() == IN_THE_DIRECTORY && name != "nobody";
        let user = known.then(|| ExternalUser::parse(&name.to_lowercase(), name, &format!("{name}@corp.example")));
        Ok(user.flatten().map(|user| if name == "unsure" { user } else { user.verified() }))
    }

    fn patience(&self) -> Duration {
        if self.stuck.load(SeqCst) { Duration::ZERO } else { Duration::from_mins(1) }
    }
}

pub async fn with_directory(db: TestDb, change: impl FnOnce(&mut Config)) -> (TestApp, Arc<Directory>) {
    let directory = Arc::new(Directory::default());
    let backend = directory.clone();
    let app = TestApp::built(Portcullis::builder().credential_backend(backend), db, change).await;
    (app, directory)
}
