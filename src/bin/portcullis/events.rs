//! `portcullis events`

use std::error::Error;

use portcullis::{
    account::UserId,
    audit::{Event, EventKind},
    http::EventResponse,
    store::EventQuery,
};
use serde_json::json;

use crate::{cli::Events, open, print, settings::Settings};

/// How many rows are asked for at once.
const PAGE: u32 = 500;

pub(crate) async fn print(settings: &Settings, asked: &Events, json: bool) -> Result<(), Box<dyn Error>> {
    let accounts = open::for_command(settings).await?.accounts().clone();
    let user = match &asked.user {
        None => None,
        Some(name) => {
            let found = accounts.get_user_by_name_or_mail(name).await?.map(|record| record.user.id);
            Some(found.or_else(|| UserId::parse(name)).ok_or_else(|| format!("there is no user `{name}`"))?)
        }
    };
    let unknown = |kind| format!("`{kind}` is no kind of event");
    let kind = asked.kind.as_deref().map(|kind| EventKind::parse(kind).ok_or_else(|| unknown(kind))).transpose()?;
    let mut query = EventQuery { user, kind, after: None, limit: 0 };
    let mut events = Vec::new();
    loop {
        query.limit = PAGE.min(asked.limit - u32::try_from(events.len())?);
        let page = accounts.events(&query).await?;
        let is_last = page.len() < usize::try_from(query.limit)?;
        query.after = page.last().map(|event| event.id);
        events.extend(page);
        if is_last || events.len() >= usize::try_from(asked.limit)? {
            break;
        }
    }
    let text = events.iter().map(line).collect::<Vec<_>>().join("\n");
    let all: Vec<_> = events.into_iter().map(EventResponse::from).collect();
    print::result(json, &json!({ "events": all }), &text)?;
    Ok(())
}

/// When, what, and whatever else is known of it.
fn line(event: &Event) -> String {
    let known = |name: &str, value: Option<String>| value.map(|value| format!(" {name}={value}")).unwrap_or_default();
    let amr = (!event.amr.is_empty()).then(|| event.amr.join("+"));
    let details = [
        known("user", event.user.map(|user| user.to_string())),
        known("by", event.actor.map(|actor| actor.to_string())),
        known("session", event.session.map(|session| session.to_string())),
        known("amr", amr),
        known("from", event.address.map(|address| address.to_string())),
        known("about", event.about.as_ref().map(|about| format!("{about:?}"))),
        known("with", event.user_agent.as_ref().map(|agent| format!("{agent:?}"))),
    ];
    let (at, kind) = (print::moment(event.at), event.kind.as_str());
    format!("{at} {kind}{}", details.concat())
}
