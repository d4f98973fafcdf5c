//! `portcullis role list`, `set` and `delete`

use std::error::Error;

use portcullis::{
    Scopes,
    access::{Role, RoleName},
    session::Device,
};
use serde_json::json;

use crate::{cli::RoleCommand, open, print, settings::Settings};

pub(crate) async fn run(settings: &Settings, command: RoleCommand, json: bool) -> Result<(), Box<dyn Error>> {
    let accounts = open::for_command(settings).await?.accounts().clone();
    match command {
        RoleCommand::List => list(&accounts.roles().await?, json),
        RoleCommand::Set { name, scopes } => {
            let role = Role { name: self::name(&name)?, scopes: scopes.into_iter().collect() };
            accounts.set_role(role.clone(), &Device::default()).await.map_err(explained)?;
            let may = words(&role.scopes, "nothing");
            print::result(json, &as_json(&role), &format!("the role `{}` may do: {may}", role.name))?;
            Ok(())
        }
        RoleCommand::Delete { name } => {
            let deleted = accounts.delete_role(self::name(&name)?, &Device::default()).await;
            deleted.map_err(|error| match error {
                portcullis::Error::NotFound => format!("there is no role `{name}`").into(),
                other => explained(other),
            })?;
            print::result(json, &json!({ "deleted": name }), &format!("the role `{name}` is deleted"))?;
            Ok(())
        }
    }
}

/// The name of a role as it was typed.
pub(crate) fn name(typed: &str) -> Result<RoleName, Box<dyn Error>> {
    let wrong = || format!("`{typed}` cannot be a role: 1 to 64 ASCII letters, digits, `.`, `_`, `-` and `:`");
    Ok(RoleName::parse(typed).ok_or_else(wrong)?)
}

/// What is wrong with the fields in words; other errors say it themselves.
pub(crate) fn explained(error: portcullis::Error) -> Box<dyn Error> {
    let portcullis::Error::InvalidFields(fields) = &error else { return error.into() };
    let texts = fields.iter().map(|field| match field.code {
        "unknown_role" => "one of these roles does not exist; `portcullis role list` shows those that do",
        "invalid_scope" => "one of these is not a scope: printable ASCII without spaces, `\"` and `\\`, 128 at most",
        "built_in" => "the role `admin` is built in",
        code => code,
    });
    texts.collect::<Vec<_>>().join("\n").into()
}

fn list(roles: &[Role], json: bool) -> Result<(), Box<dyn Error>> {
    let lines = roles.iter().map(|role| format!("{:<24} {}", role.name.as_str(), words(&role.scopes, "-")));
    let text = lines.collect::<Vec<_>>().join("\n");
    print::result(json, &json!({ "roles": roles.iter().map(as_json).collect::<Vec<_>>() }), &text)?;
    Ok(())
}

fn words(scopes: &Scopes, none: &str) -> String {
    if scopes.is_empty() { none.to_owned() } else { scopes.to_string() }
}

fn as_json(role: &Role) -> serde_json::Value {
    json!({ "name": role.name.as_str(), "scopes": role.scopes.iter().collect::<Vec<_>>() })
}
