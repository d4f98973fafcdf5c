//! How the service looks to people: a logo, a colour and a line below every page.

use std::{fs, path::Path, str::FromStr};

use crate::config::ConfigError;

/// How bright two colours must differ for text to be read well on the other (WCAG 2.2, 1.4.3, level AA).
const READABLE: f64 = 4.5;

/// The largest logo, in bytes.
const LOGO_MAX: u64 = 128 * 1024;

/// The longest footer, in characters.
const FOOTER_MAX: usize = 200;

/// How the service looks.
#[derive(Clone, Debug, Default)]
pub struct Brand {
    /// A picture in place of the name above every page. Default: none, the name itself.
    pub logo: Option<Logo>,
    /// The colour of buttons and links. Default: a quiet blue. Where text would not be read well in it or on it, a shade of
    /// it is used.
    pub color: Color,
    /// A line below every page. Default: none.
    pub footer: Option<Footer>,
}

/// A line below every page: 1 to 200 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footer(String);

impl Footer {
    /// The line as it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Footer {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        if (1..=FOOTER_MAX).contains(&text.chars().count()) && !text.contains(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ConfigError(format!("brand.footer must be 1 to {FOOTER_MAX} characters on one line")))
        }
    }
}

/// A picture, read once.
#[derive(Clone, Debug)]
pub struct Logo {
    bytes: Vec<u8>,
    kind: (&'static str, &'static str),
}

impl Logo {
    /// What a picture may be: how its file's name ends, and its media type.
    const KINDS: [(&'static str, &'static str); 5] = [
        ("svg", "image/svg+xml"),
        ("png", "image/png"),
        ("webp", "image/webp"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
    ];

    /// Reads a picture: SVG, PNG, WebP or JPEG by the end of its name, of at most 128 KiB.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it cannot be read, is too large, or is none of these.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let wrong = |why: &str| ConfigError(format!("brand.logo {} {why}", path.as_ref().display()));
        let ending = path.as_ref().extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let kind = Self::KINDS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(ending));
        let kind = kind.ok_or_else(|| wrong("must be a .svg, .png, .webp or .jpg file"))?;
        let length = fs::metadata(&path).map_err(|error| wrong(&format!("cannot be read: {error}")))?.len();
        if length > LOGO_MAX {
            return Err(wrong("must not be larger than 128 KiB"));
        }
        let bytes = fs::read(&path).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
        Ok(Self { bytes, kind })
    }

    /// The picture itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How its file's name ends.
    #[must_use]
    pub const fn ending(&self) -> &'static str {
        self.kind.0
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(&self) -> &'static str {
        self.kind.1
    }
}

/// A colour, written `#1f5fa8`.
///
/// ```
/// use portcullis::brand::Color;
///
/// let yellow: Color = "#ffdd00".parse().unwrap();
/// assert_eq!(yellow.to_string(), "#ffdd00");
/// assert_eq!(yellow.text_on().to_string(), "#000000");
/// assert!(yellow.readable_on(Color::WHITE).contrast(Color::WHITE) >= 4.5);
/// assert!("yellow".parse::<Color>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

impl Color {
    /// White.
    pub const WHITE: Self = Self([255; 3]);
    /// Black.
    pub const BLACK: Self = Self([0; 3]);

    /// How much brighter one of two colours is than the other: from 1, the same, to 21 (WCAG 2.2, relative luminance).
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Black or white, whichever is read better on it.
    #[must_use]
    pub fn text_on(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::BLACK) { Self::WHITE } else { Self::BLACK }
    }

    /// The nearest shade of it that is read well on this ground.
    #[must_use]
    pub fn readable_on(self, ground: Self) -> Self {
        let towards = ground.text_on();
        let shades = (0..=20).map(|step| self.mixed(towards, f64::from(step) / 20.0));
        shades.into_iter().find(|shade| shade.contrast(ground) >= READABLE).unwrap_or(towards)
    }

    fn mixed(self, other: Self, part: f64) -> Self {
        let mut mixed = [0; 3];
        for ((channel, from), to) in mixed.iter_mut().zip(self.0).zip(other.0) {
            let value = f64::from(from) + (f64::from(to) - f64::from(from)) * part;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between two of u8")]
            let value = value.round() as u8;
            *channel = value;
        }
        Self(mixed)
    }

    fn luminance(self) -> f64 {
        let linear = self.0.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        let [red, green, blue] = linear;
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl Default for Color {
    fn default() -> Self {
        Self([0x1f, 0x5f, 0xa8])
    }
}

impl FromStr for Color {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let number = number.ok_or_else(|| ConfigError("brand.color must be a colour such as #1f5fa8".into()))?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_colour_is_read_well_on_any_ground() {
        let channels = [0, 51, 102, 153, 204, 255];
        let colors = channels.into_iter().flat_map(|r| channels.map(|g| channels.map(|b| Color([r, g, b]))));
        for color in colors.flatten() {
            assert!(color.contrast(color.text_on()) >= READABLE, "{color}");
            for ground in ["#ffffff", "#f6f7f9", "#181d23", "#101418"].map(|ground| ground.parse().unwrap()) {
                assert!(color.readable_on(ground).contrast(ground) >= READABLE, "{color} on {ground}");
            }
        }
    }

    #[test]
    fn only_a_colour_is_a_colour() {
        for bad in ["", "#", "1f5fa8", "#1f5", "#1f5fa8ff", "#1f5fag", "#+1f5fa", "red", "#1f5fa8; x"] {
            assert!(bad.parse::<Color>().is_err(), "{bad}");
        }
        assert!((Color::WHITE.contrast(Color::BLACK) - 21.0).abs() < 1e-9);
    }
}
