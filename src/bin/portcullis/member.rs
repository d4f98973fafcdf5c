//! `portcullis member list`, `set` and `end`

use std::error::Error;

use portcullis::{
    access::{Membership, Operator},
    session::Device,
};
use serde_json::{Value, json};

use crate::{cli::MemberCommand, print, settings::Settings, user};

pub(crate) async fn run(settings: &Settings, command: MemberCommand, json: bool) -> Result<(), Box<dyn Error>> {
    let (operator, device) = (Operator::console(), Device::default());
    match command {
        MemberCommand::List { name } => {
            let (accounts, user) = user::named(settings, &name).await?;
            let all = accounts.memberships_of(user.id).await?;
            let lines: Vec<_> = all.iter().map(in_words).collect();
            let memberships: Vec<_> = all.iter().map(as_json).collect();
            print::result(json, &json!({ "memberships": memberships }), &lines.join("\n"))?;
            Ok(())
        }
        MemberCommand::Set { resource, id, name, level } => {
            let (accounts, user) = user::named(settings, &name).await?;
            let levels = &settings.config.membership_levels;
            let membership = Membership::parse(&resource, &id, &level, levels).ok_or_else(|| {
                format!(
                    "that cannot be a membership: the kind is made of ASCII letters, digits and `_`, the id of those, \
                     `.`, `:` and `-`, and the level is one of {levels}"
                )
            })?;
            accounts.administer(&operator, &device).set_membership(user.id, membership.clone()).await?;
            user::changed(json, &as_json(&membership), &user, &format!("is let in: {}", in_words(&membership)))
        }
        MemberCommand::End { resource, id, name } => {
            let (accounts, user) = user::named(settings, &name).await?;
            let ended = accounts.administer(&operator, &device).end_membership(user.id, &resource, &id).await;
            ended.map_err(|error| match error {
                portcullis::Error::NotFound => format!("`{name}` is no member of {resource} {id}").into(),
                other => Box::<dyn Error>::from(other),
            })?;
            user::changed(json, &json!({ "ended": true }), &user, &format!("is no member of {resource} {id} any more"))
        }
    }
}

fn as_json(membership: &Membership) -> Value {
    json!({ "resource": membership.resource(), "resource_id": membership.id(), "level": membership.level() })
}

fn in_words(membership: &Membership) -> String {
    format!("{} {} {}", membership.resource(), membership.id(), membership.level())
}
