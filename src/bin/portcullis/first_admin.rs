//! The link that makes the first administrator: shown on the terminal, else left in a file, never in the log.

use std::{
    error::Error,
    fs,
    io::{self, IsTerminal, Write},
    path::Path,
    process,
};

use portcullis::account::Accounts;

use crate::{private, settings::Settings};

/// The file in the data folder.
const FILE: &str = "first-admin-link";

/// Gives out a link if there is no administrator yet, and takes back the file of one that is dead.
pub(crate) async fn announce(accounts: &Accounts, settings: &Settings) -> Result<(), Box<dyn Error>> {
    let file = settings.data_dir.join(FILE);
    let mut terminal = io::stderr();
    match accounts.offer_first_admin().await? {
        None => take_back(&file).map_err(|error| format!("cannot remove {}: {error}", file.display()))?,
        Some(token) if terminal.is_terminal() => {
            let link = accounts.first_admin_link(&token);
            let text = "There is no administrator yet. Whoever opens this within an hour becomes one:";
            writeln!(terminal, "{text}\n\n    {link}\n")?;
        }
        Some(token) => {
            let link = accounts.first_admin_link(&token);
            leave(&file, &link).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
            tracing::warn!(file = %file.display(), "there is no administrator yet: the file has a link that makes one");
        }
    }
    Ok(())
}

fn take_back(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes it for the owner of the process alone, and in place of another one at once, as another server may do the same.
fn leave(file: &Path, link: &str) -> io::Result<()> {
    let unfinished = file.with_extension(process::id().to_string());
    take_back(&unfinished)?;
    writeln!(private::create(&unfinished)?, "{link}")?;
    fs::rename(unfinished, file)
}
