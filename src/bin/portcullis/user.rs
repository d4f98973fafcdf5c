//! `portcullis user add`, `disable`, `enable` and `roles`

use std::{
    error::Error,
    io::{self, BufRead, IsTerminal},
};

use portcullis::{
    account::{Accounts, User},
    password::PasswordPreset,
    session::Device,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{
    cli::{NewUser, UserCommand},
    open, print, role,
    settings::Settings,
};

pub(crate) async fn run(settings: &Settings, command: UserCommand, json: bool) -> Result<(), Box<dyn Error>> {
    match command {
        UserCommand::Add(user) => add(settings, user, json).await,
        UserCommand::Disable { name } => {
            let (accounts, user) = named(settings, &name).await?;
            accounts.disable_user(user.id, &Device::default()).await?;
            changed(json, &json!({ "disabled": true }), &user, "is disabled, and every session of theirs has ended")
        }
        UserCommand::Enable { name } => {
            let (accounts, user) = named(settings, &name).await?;
            accounts.enable_user(user.id, &Device::default()).await?;
            changed(json, &json!({ "disabled": false }), &user, "is enabled")
        }
        UserCommand::Roles { name, roles } => {
            let roles = roles.iter().map(|role| role::name(role)).collect::<Result<Vec<_>, _>>()?;
            let (accounts, user) = named(settings, &name).await?;
            let user = accounts.set_user_roles(user.id, roles, &Device::default()).await.map_err(role::explained)?;
            let text = if user.roles.is_empty() { "no roles".to_owned() } else { user.roles.join(", ") };
            changed(json, &json!({ "roles": user.roles }), &user, &format!("has these roles now: {text}"))
        }
    }
}

/// The accounts, and the user who goes by this name or address.
async fn named(settings: &Settings, name: &str) -> Result<(Accounts, User), Box<dyn Error>> {
    let accounts = open::for_command(settings).await?.accounts().clone();
    let found = accounts.get_user_by_name_or_mail(name).await?;
    Ok((accounts, found.ok_or_else(|| format!("there is no user `{name}`"))?.user))
}

fn changed(json: bool, what: &Value, user: &User, text: &str) -> Result<(), Box<dyn Error>> {
    let (id, name) = (user.id.to_string(), user.username.as_str());
    let mut as_json = json!({ "id": id, "username": name });
    if let (Value::Object(all), Value::Object(what)) = (&mut as_json, what) {
        all.extend(what.clone());
    }
    print::result(json, &as_json, &format!("`{name}` {text}"))?;
    Ok(())
}

/// Makes an account on the operator's word.
async fn add(settings: &Settings, new: NewUser, json: bool) -> Result<(), Box<dyn Error>> {
    let password = if new.password_stdin { first_line()? } else { prompt()? };
    let portcullis = open::for_command(settings).await?;
    let accounts = portcullis.accounts();
    let explain = |error| explained(error, settings);
    let registration = accounts.registration(&new.name, &new.email, &password, "").map_err(explain)?;
    let roles = if new.admin { vec!["admin".to_owned()] } else { Vec::new() };
    let user = accounts.create_user(registration, roles, &Device::default()).await.map_err(explain)?;
    let (id, name) = (user.id.to_string(), user.username.as_str());
    let as_json = json!({ "id": id, "username": name, "email": user.email.as_str(), "roles": user.roles });
    print::result(json, &as_json, &format!("made the account `{name}`, id {id}"))?;
    Ok(())
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
fn explained(error: portcullis::Error, settings: &Settings) -> Box<dyn Error> {
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
        code => format!("{}: {code}", field.field),
    });
    texts.collect::<Vec<_>>().join("\n").into()
}
