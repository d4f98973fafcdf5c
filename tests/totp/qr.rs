//! What a decoder reads from the QR code.

use portcullis::totp::{generate_totp_secret, qr_svg, totp_provisioning_uri};

/// How many pixels a module is wide.
const SCALE: usize = 4;

/// The image's pixels, dark or light. Nothing but the two paths of the image is understood.
fn raster(svg: &str) -> (usize, Vec<bool>) {
    let side: usize = between(svg, "viewBox=\"0 0 ", " ").parse().unwrap();
    let mut pixels = vec![false; side * side * SCALE * SCALE];
    let path = svg.rsplit_once("<path d=\"").unwrap().1.split_once('"').unwrap().0;
    for run in path.split('M').filter(|run| !run.is_empty()) {
        let (x, rest) = run.split_once(' ').unwrap();
        let (y, rest) = rest.split_once('h').unwrap();
        let (length, rest) = rest.split_once('v').unwrap();
        assert_eq!(rest, format!("1h-{length}z"));
        let [x, y, length] = [x, y, length].map(|number| number.parse::<usize>().unwrap() * SCALE);
        for row in y..y + SCALE {
            pixels[row * side * SCALE + x..][..length].fill(true);
        }
    }
    (side * SCALE, pixels)
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

fn decoded(svg: &str) -> String {
    let (side, pixels) = raster(svg);
    let shade = |x: usize, y: usize| if pixels[y * side + x] { 0 } else { 255 };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, shade);
    let codes = image.detect_grids();
    assert_eq!(codes.len(), 1);
    codes[0].decode().unwrap().1
}

#[test]
fn the_qr_code_says_what_the_uri_says() {
    let longest = format!("{}@{}.example", "a".repeat(64), "b".repeat(181));
    for account in ["a@b.c", "ada@example.com", "Ada+notes@xn--bcher-kva.example", &longest] {
        for issuer in ["", "id.example", "Ada & Söhne: Notizbücher"] {
            let uri = totp_provisioning_uri(&generate_totp_secret().unwrap(), issuer, account);
            assert_eq!(decoded(&qr_svg(&uri).unwrap()), uri);
        }
    }
}

#[test]
fn it_is_an_image_of_its_own_with_a_light_margin() {
    let svg = qr_svg("otpauth://totp/x").unwrap();
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" ") && svg.ends_with("</svg>"));
    assert!(!svg.contains("script") && !svg.contains("style") && !svg.contains("href"));
    let (side, pixels) = raster(&svg);
    let margin = 4 * SCALE;
    let is_in_margin = |at: usize| {
        let (x, y) = (at % side, at / side);
        [x, y].iter().any(|place| *place < margin || *place >= side - margin)
    };
    assert!(pixels.iter().enumerate().all(|(at, dark)| !(*dark && is_in_margin(at))));
}

#[test]
fn what_no_qr_code_holds_is_not_drawn() {
    assert!(qr_svg(&"x".repeat(2_300)).is_some());
    assert!(qr_svg(&"x".repeat(2_400)).is_none());
}
