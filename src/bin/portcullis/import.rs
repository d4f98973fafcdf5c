//! `portcullis import`

use std::{
    error::Error,
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
    process::ExitCode,
};

use portcullis::{import::ImportReport, session::Device};

use crate::{cli::Import, open, print, settings::Settings, transfer};

/// Makes users from a file and says who was skipped, and why: the exit code tells whether anyone was. Or moves a whole
/// database.
pub(crate) async fn import(settings: &Settings, from: &Import, json: bool) -> Result<ExitCode, Box<dyn Error>> {
    if let (Some(from), Some(to)) = (&from.from, &from.to) {
        return transfer::transfer(from, to, json).await;
    }
    let file = source(from.file.as_deref().unwrap_or(Path::new("-")))?;
    let portcullis = open::for_command(settings).await?;
    let outcome = portcullis.accounts().import(file, from.dry_run, &Device::default()).await;
    let report = match &outcome {
        Ok(report) => report,
        Err(stopped) => &stopped.report,
    };
    print::result(json, &serde_json::to_value(report)?, &text(report))?;
    let complete = outcome.map(|report| report.skipped.is_empty())?;
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn source(path: &Path) -> Result<Box<dyn BufRead + Send>, String> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    Ok(Box::new(BufReader::new(file)))
}

fn text(report: &ImportReport) -> String {
    let verb = if report.dry_run { "would import" } else { "imported" };
    let mut lines = vec![format!("{verb} {}, skipped {}", users(report.imported), report.skipped.len())];
    if report.passed_over > 0 {
        lines.push(format!("passed over {} objects that are no users", report.passed_over));
    }
    lines.extend(report.skipped.iter().map(ToString::to_string));
    lines.join("\n")
}

/// `1 user`, `2 users`.
pub(crate) fn users(count: u64) -> String {
    if count == 1 { "1 user".to_owned() } else { format!("{count} users") }
}
