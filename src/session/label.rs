//! What to call a device, for people.

use super::Device;

/// The longest name that is taken from a program nobody here knows, in characters.
const PROGRAM_MAX: usize = 32;

/// What a `User-Agent` says, and the browser that says so. Most of them claim to be others as well, so the first that is
/// found counts.
const BROWSERS: [(&str, &str); 13] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
    ("Mozilla/", "a browser"),
];

/// The systems, in the same way: a phone with Android says Linux too, an iPhone says that it is like a Mac.
const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

impl Device {
    /// What to call it, as far as its `User-Agent` tells: browser and system. It is what the client says of itself, so it
    /// helps a user to recognise a device and proves nothing.
    ///
    /// ```
    /// use portcullis::session::Device;
    ///
    /// let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    /// let device = Device { user_agent: Some(agent.to_owned()), ..Device::default() };
    /// assert_eq!(device.label(), "Firefox on Linux");
    /// ```
    #[must_use]
    pub fn label(&self) -> String {
        let agent = self.user_agent.as_deref().unwrap_or_default();
        let found = |known: &[(&str, &'static str)]| {
            known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| (*name).to_owned())
        };
        match (found(&BROWSERS).or_else(|| program(agent)), found(&SYSTEMS)) {
            (Some(browser), Some(system)) => format!("{browser} on {system}"),
            (Some(name), None) | (None, Some(name)) => name,
            (None, None) => "an unknown device".to_owned(),
        }
    }
}

/// The name of a program that begins with it, as RFC 9110 section 10.1.5 asks: `curl/8.5.0`.
fn program(agent: &str) -> Option<String> {
    let name = agent.split(['/', ' ']).next()?;
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    (plain && (1..=PROGRAM_MAX).contains(&name.len())).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_called_by_its_browser_and_system() {
        const WEBKIT: &str = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
        for (agent, label) in [
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
            ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36", "Chrome on Linux"),
            ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge on Windows"),
            (
                &format!("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.5 Safari/605.1.15"),
                "Safari on macOS",
            ),
            (
                &format!(
                    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {WEBKIT} Version/18.5 Mobile Safari/604.1"
                ),
                "Safari on iPhone",
            ),
            (&format!("Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) {WEBKIT} CriOS/140.0"), "Chrome on iPad"),
            ("Mozilla/5.0 (Linux; Android 16; Pixel 9) Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
            ("Mozilla/5.0 (X11; CrOS x86_64 16181.61.0) Chrome/140.0.0.0", "Chrome on ChromeOS"),
            ("Mozilla/5.0 (something new)", "a browser"),
            ("curl/8.5.0", "curl"),
            ("notes-app/2.1 (Linux)", "notes-app on Linux"),
            ("<script>/1", "an unknown device"),
            (&"x".repeat(200), "an unknown device"),
            ("", "an unknown device"),
        ] {
            let device = Device { user_agent: Some(agent.to_owned()), ..Device::default() };
            assert_eq!(device.label(), label, "{agent}");
        }
        assert_eq!(Device::default().label(), "an unknown device");
    }
}
