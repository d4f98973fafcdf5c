//! `/account/admin/events`: the trail.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use uuid::Uuid;

use super::{May, page};
use crate::{
    account::UserId,
    audit::{Event, EventKind},
    catalogue::pages::text,
    error::Error,
    http::{Piece, Query},
    pages::{moment::Moment, page::Answer, visit::Visit},
    session::Device,
    store::EventQuery,
};

/// A row of the trail.
#[derive(Debug, Serialize)]
struct Shown {
    at: Moment,
    what: &'static str,
    outcome: &'static str,
    user: Option<Person>,
    actor: Option<Person>,
    about: Option<String>,
    amr: String,
    address: Option<String>,
    device: Option<String>,
}

/// Someone, by their name where they still have an account and it may be seen.
#[derive(Clone, Debug, Serialize)]
struct Person {
    id: String,
    name: Option<String>,
}

/// A kind of event, to be chosen.
#[derive(Debug, Serialize)]
struct Kind {
    name: &'static str,
    what: &'static str,
}

pub(in crate::pages) async fn list(visit: Visit) -> Answer {
    visit.caller().await?;
    let (query, piece) = (Query::of(&visit.query), Piece::read(&visit.query)?);
    let typed = query.text("user", 256)?.unwrap_or_default();
    let kind = query.text("kind", 64)?.map(|kind| EventKind::parse(&kind).ok_or(Error::field("kind", "invalid_kind")));
    let (kind, after) = (kind.transpose()?, piece.after(|cursor| Uuid::try_parse(cursor).ok())?);
    let names: Vec<_> =
        EventKind::ALL.into_iter().map(|kind| Kind { name: kind.as_str(), what: in_words(kind) }).collect();
    let chosen = kind.map(EventKind::as_str).unwrap_or_default();
    let page =
        page(&visit, "admin_events.html").typed("user", typed.as_str()).with("kinds", names).with("kind", chosen);
    let user = match whose(&visit, &typed).await {
        Ok(user) => user,
        Err(error) => return Ok(page.with("events", [(); 0]).with("older", ()).refused(error).show()),
    };
    let events = visit.accounts.events(&EventQuery { user, kind, after, limit: piece.limit() }).await?;
    let (events, next) = piece.cut(events, |last| last.id.to_string());
    let older = next.map(|next| {
        let pairs = [("user", typed.as_str()), ("kind", chosen), ("cursor", &next)];
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        format!(
            "/account/admin/events?{}",
            form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
        )
    });
    let people = people(&visit, &events).await?;
    let events: Vec<_> = events.into_iter().map(|event| shown(event, &people)).collect();
    Ok(page.with("events", events).with("older", older).show())
}

/// Whose events are asked for: by id, or by name or address for those who may see users.
async fn whose(visit: &Visit, typed: &str) -> Result<Option<UserId>, Error> {
    if typed.is_empty() {
        return Ok(None);
    }
    let unknown = Error::field("user", "unknown_user");
    match UserId::parse(typed) {
        Some(id) => Ok(Some(id)),
        None if May::of(visit.principal()).see_users => {
            let found = visit.accounts.get_user_by_name_or_mail(typed.trim()).await?;
            Ok(Some(found.ok_or(unknown)?.user.id))
        }
        None => Err(unknown),
    }
}

/// The names of all who are in these events.
async fn people(visit: &Visit, events: &[Event]) -> Result<BTreeMap<UserId, Option<String>>, Error> {
    let mut people = BTreeMap::new();
    if !May::of(visit.principal()).see_users {
        return Ok(people);
    }
    let ids: BTreeSet<_> = events.iter().flat_map(|event| [event.user, event.actor]).flatten().collect();
    for id in ids {
        let name = match visit.accounts.user(id).await {
            Ok(record) => Some(record.user.username.as_str().to_owned()),
            Err(Error::NotFound) => None,
            Err(error) => return Err(error),
        };
        people.insert(id, name);
    }
    Ok(people)
}

fn shown(event: Event, people: &BTreeMap<UserId, Option<String>>) -> Shown {
    let person = |id: UserId| Person { id: id.to_string(), name: people.get(&id).cloned().flatten() };
    let device = Device { address: event.address, user_agent: event.user_agent };
    Shown {
        at: event.at.into(),
        what: in_words(event.kind),
        outcome: event.kind.outcome().as_str(),
        user: event.user.map(person),
        actor: event.actor.map(person),
        about: event.about,
        amr: event.amr.join(" "),
        address: device.address.map(|address| address.to_string()),
        device: device.user_agent.is_some().then(|| device.label()),
    }
}

/// What happened, for people.
fn in_words(kind: EventKind) -> &'static str {
    text(&format!("event.{}", kind.as_str())).unwrap_or(kind.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_has_words() {
        for kind in EventKind::ALL {
            assert_ne!(in_words(kind), kind.as_str());
        }
    }
}
