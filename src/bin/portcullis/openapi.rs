//! `portcullis openapi`

use std::error::Error;

use crate::print;

/// Prints the document that a server has at `/openapi.json`.
pub(crate) fn print(json: bool) -> Result<(), Box<dyn Error>> {
    let document = portcullis::http::openapi();
    print::result(json, &serde_json::to_value(&document)?, &serde_json::to_string_pretty(&document)?)?;
    Ok(())
}
