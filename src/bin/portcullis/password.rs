//! Passwords for commands: from standard input or a prompt, never from arguments, which every process can see.

use std::{
    error::Error,
    io::{self, BufRead, IsTerminal},
};

use portcullis::password::PasswordPreset;
use zeroize::Zeroizing;

use crate::settings::Settings;

/// The password, from where the command said.
pub(crate) fn read(from_stdin: bool) -> Result<Zeroizing<String>, Box<dyn Error>> {
    if from_stdin { Ok(first_line()?) } else { prompt() }
}

/// The password on standard input, without the end of its line. Nothing else is cut off it.
fn first_line() -> io::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line)?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    Ok(Zeroizing::new(password.strip_suffix('\r').unwrap_or(password).to_owned()))
}

/// Asks for the password twice, without showing it.
fn prompt() -> Result<Zeroizing<String>, Box<dyn Error>> {
    if !io::stdin().is_terminal() {
        return Err("there is no terminal to ask for the password on: use --password-stdin".into());
    }
    let password = Zeroizing::new(rpassword::prompt_password("Password: ")?);
    let again = Zeroizing::new(rpassword::prompt_password("The same again: ")?);
    if password == again { Ok(password) } else { Err("the two passwords differ".into()) }
}

/// What is wrong with the fields in words; other errors say it themselves.
pub(crate) fn explained(error: portcullis::Error, settings: &Settings) -> Box<dyn Error> {
    let portcullis::Error::InvalidFields(fields) = &error else { return error.into() };
    let (min_length, preset) = (settings.config.password_policy.min_length(), settings.config.password_policy.preset());
    let texts = fields.iter().map(|field| match field.code {
        "invalid_username" => "the user name must be 3 to 32 ASCII letters, digits, `.`, `_` and `-`".to_owned(),
        "invalid_email" => "that is not an e-mail address".to_owned(),
        "password_too_short" => format!("the password must have at least {min_length} characters"),
        "password_too_long" => "the password is too long: 1024 bytes at most".to_owned(),
        "password_too_common" => "the password is one that many would try first".to_owned(),
        "password_too_weak" if preset == PasswordPreset::Composition => {
            "the password is too easy to guess, or does not mix three of: capital letters, small letters, digits, \
             other characters"
                .to_owned()
        }
        "password_too_weak" => "the password is too easy to guess: add another word or two".to_owned(),
        "password_own_words" => "it is made of the user's own words".to_owned(),
        "password_like_common" => "it is much like a common password".to_owned(),
        "password_single_word" => "it is one word and little else".to_owned(),
        "password_names" => "it is made of names".to_owned(),
        "password_keyboard" => "it follows the keys of a keyboard".to_owned(),
        "password_repeats" => "it repeats itself".to_owned(),
        "password_sequence" => "it counts or spells on, as abc and 6543 do".to_owned(),
        "password_date" => "it holds a date or a year".to_owned(),
        "password_elsewhere" => "the password is kept elsewhere, and can only be changed there".to_owned(),
        code => format!("{}: {code}", field.field),
    });
    texts.collect::<Vec<_>>().join("\n").into()
}
