//! `portcullis user …`: what administrators do over HTTP, by the same functions.

use std::error::Error;

use portcullis::{
    access::{ADMIN, Operator},
    account::{Accounts, Invitation, User, UserRecord},
    session::Device,
    store::{UserQuery, UserState},
};
use serde_json::{Value, json};

use crate::{
    cli::{NewUser, UserCommand},
    open, password, print, role,
    settings::Settings,
};

/// How many accounts are read at once.
const PIECE: u32 = 500;

pub(crate) async fn run(settings: &Settings, command: UserCommand, json: bool) -> Result<(), Box<dyn Error>> {
    let (operator, device) = (Operator::console(), Device::default());
    match command {
        UserCommand::Add(user) => add(settings, user, json).await,
        UserCommand::List { text, pending } => list(settings, text.unwrap_or_default(), pending, json).await,
        UserCommand::Show { name } => {
            let (accounts, user) = named(settings, &name).await?;
            let record = accounts.user(user.id).await?;
            print::result(json, &as_json(&record), &in_words(&record))?;
            Ok(())
        }
        UserCommand::Approve { name } => {
            let (accounts, user) = named(settings, &name).await?;
            if !accounts.user(user.id).await?.pending {
                return Err(format!("`{name}` does not wait to be let in").into());
            }
            accounts.administer(&operator, &device).set_disabled(user.id, false).await?;
            changed(json, &json!({ "pending": false }), &user, "is let in")
        }
        UserCommand::Delete { name } => {
            let (accounts, user) = named(settings, &name).await?;
            accounts.administer(&operator, &device).delete_user(user.id).await?;
            changed(json, &json!({ "deleted": true }), &user, "is deleted")
        }
        UserCommand::ResetPassword { name, password_stdin } => {
            let new = password::read(password_stdin)?;
            let (accounts, user) = named(settings, &name).await?;
            let explain = |error| password::explained(error, settings);
            let new = accounts.screen_password("new_password", &new).map_err(explain)?;
            accounts.administer(&operator, &device).reset_password(user.id, new).await.map_err(explain)?;
            let text = "has a new password, which has to be changed at the next login";
            changed(json, &json!({ "must_change_password": true }), &user, text)
        }
        UserCommand::ResetSecondFactor { name } => {
            let (accounts, user) = named(settings, &name).await?;
            accounts.administer(&operator, &device).remove_second_factors(user.id).await?;
            changed(json, &json!({ "second_factor": false }), &user, "has no second factor any more")
        }
        UserCommand::Disable { name } => {
            let (accounts, user) = named(settings, &name).await?;
            accounts.disable_user(user.id, &device).await?;
            changed(json, &json!({ "disabled": true }), &user, "is disabled, and every session of theirs has ended")
        }
        UserCommand::Enable { name } => {
            let (accounts, user) = named(settings, &name).await?;
            accounts.enable_user(user.id, &device).await?;
            changed(json, &json!({ "disabled": false }), &user, "is enabled")
        }
        UserCommand::Roles { name, roles } => {
            let roles = roles.iter().map(|role| role::name(role)).collect::<Result<Vec<_>, _>>()?;
            let (accounts, user) = named(settings, &name).await?;
            let user = accounts.set_user_roles(user.id, roles, &device).await.map_err(role::explained)?;
            let text = if user.roles.is_empty() { "no roles".to_owned() } else { user.roles.join(", ") };
            changed(json, &json!({ "roles": user.roles }), &user, &format!("has these roles now: {text}"))
        }
    }
}

/// The accounts, and the user who goes by this name or address.
pub(crate) async fn named(settings: &Settings, name: &str) -> Result<(Accounts, User), Box<dyn Error>> {
    let accounts = open::for_command(settings).await?.accounts().clone();
    let found = accounts.get_user_by_name_or_mail(name).await?;
    Ok((accounts, found.ok_or_else(|| format!("there is no user `{name}`"))?.user))
}

pub(crate) fn changed(json: bool, what: &Value, user: &User, text: &str) -> Result<(), Box<dyn Error>> {
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
    let password = if new.invite { None } else { Some(password::read(new.password_stdin)?) };
    let portcullis = open::for_command(settings).await?;
    let (accounts, device) = (portcullis.accounts(), Device::default());
    let explain = |error| password::explained(error, settings);
    let roles = if new.admin { vec![ADMIN.to_owned()] } else { Vec::new() };
    let user = if let Some(password) = password {
        let registration = accounts.registration(&new.name, &new.email, &password, "").map_err(explain)?;
        accounts.create_user(registration, roles, &device).await
    } else {
        let invitation = Invitation::parse(&new.name, &new.email, "").map_err(explain)?;
        accounts.invite_user(invitation, roles, &device).await
    };
    let user = user.map_err(explain)?;
    if new.invite {
        // Else it would wait until a server runs.
        accounts.deliver_mail().await?;
    }
    let (id, name) = (user.id.to_string(), user.username.as_str());
    let as_json = json!({ "id": id, "username": name, "email": user.email.as_str(), "roles": user.roles });
    print::result(json, &as_json, &format!("made the account `{name}`, id {id}"))?;
    Ok(())
}

async fn list(settings: &Settings, text: String, pending: bool, json: bool) -> Result<(), Box<dyn Error>> {
    let accounts = open::for_command(settings).await?.accounts().clone();
    let state = pending.then_some(UserState::Pending);
    let mut query = UserQuery { text, state, after: None, limit: PIECE };
    let mut found = Vec::new();
    loop {
        let piece = accounts.find_users(&query).await?;
        query.after = piece.last().map(|last| last.user.id);
        found.extend(piece);
        if found.len() % PIECE as usize != 0 || query.after.is_none() {
            break;
        }
    }
    let users: Vec<_> = found.iter().map(as_json).collect();
    let lines: Vec<_> = found.iter().map(in_words).collect();
    print::result(json, &json!({ "users": users }), &lines.join("\n"))?;
    Ok(())
}

fn as_json(record: &UserRecord) -> Value {
    let UserRecord { user, password, second_factors, must_change_password, pending, backend, .. } = record;
    json!({
        "id": user.id.to_string(),
        "username": user.username.as_str(),
        "email": user.email.as_str(),
        "email_verified": user.email_verified_at.is_some(),
        "name": user.name,
        "roles": user.roles,
        "disabled": user.disabled_at.is_some(),
        "pending": pending,
        "password": password.is_some(),
        "backend": backend,
        "must_change_password": must_change_password,
        "second_factor": second_factors.any(),
    })
}

/// An account on one line.
fn in_words(record: &UserRecord) -> String {
    let user = &record.user;
    let roles = if user.roles.is_empty() { "no roles".to_owned() } else { user.roles.join(", ") };
    let state = match (record.pending, user.disabled_at) {
        (true, _) => ", waits to be let in",
        (false, Some(_)) => ", disabled",
        (false, None) => "",
    };
    let second_factor = if record.second_factors.any() { ", second factor" } else { "" };
    let backend = record.backend.as_ref().map(|name| format!(", known to `{name}`")).unwrap_or_default();
    format!("{} <{}> {}: {roles}{second_factor}{backend}{state}", user.username.as_str(), user.email.as_str(), user.id)
}
