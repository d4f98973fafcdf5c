//! QR codes, drawn as SVG.

use std::fmt::Write;

use fast_qr::{ECL, QRBuilder, QRCode};

/// How many modules stay light around the code, as ISO/IEC 18004 asks.
const MARGIN: usize = 4;

/// A text as a QR code: an SVG image of its own, one unit a module, black on white. `None` if no QR code holds so long a
/// text, which is more than 2,000 characters.
#[must_use]
pub fn qr_svg(text: &str) -> Option<String> {
    let code = QRBuilder::new(text).ecl(ECL::M).build().ok()?;
    let side = code.size + 2 * MARGIN;
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{}\"/></svg>",
        dark_modules(&code)
    ))
}

/// A path over all dark modules: one rectangle for each run of them in a row.
fn dark_modules(code: &QRCode) -> String {
    let mut path = String::new();
    for (y, row) in code.data.chunks(code.size).take(code.size).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, next| one.value() == next.value()) {
            if run.first().is_some_and(|module| module.value()) {
                // Writing to a string cannot fail.
                let _ = write!(path, "M{} {}h{length}v1h-{length}z", x + MARGIN, y + MARGIN, length = run.len());
            }
            x += run.len();
        }
    }
    path
}
