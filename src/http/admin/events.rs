//! `GET /auth/admin/events`

use ::axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Error,
    account::{Accounts, UserId},
    audit::{Event, EventKind},
    http::{piece::Piece, problem::Problem, query::Query, time::rfc3339},
    store::EventQuery,
};

/// One row of the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventResponse {
    /// Its id. Later rows have higher ones.
    pub id: String,
    /// When it happened, in RFC 3339.
    pub at: String,
    /// What happened.
    pub kind: &'static str,
    /// How it came out: `success`, `failure`, or `pending` where another step has to follow.
    pub outcome: &'static str,
    /// The user it happened to, where one is known.
    pub user: Option<String>,
    /// The administrator who did it to them, if one did.
    pub actor: Option<String>,
    /// The session it was done in.
    pub session: Option<String>,
    /// With which factors (RFC 8176): how whoever did it had shown who they are, or what they failed to show.
    pub amr: Vec<String>,
    /// What it was done to beside the user, or more about it: a role with its scopes, the id of a key or of another
    /// session, a membership, why a login failed.
    pub about: Option<String>,
    /// Where the request came from.
    pub address: Option<String>,
    /// The `User-Agent` of the request.
    pub user_agent: Option<String>,
}

/// A piece of the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EventsResponse {
    /// The rows, the newest first.
    pub items: Vec<EventResponse>,
    /// What to send as `cursor` for the next piece, if there is one.
    pub next: Option<String>,
}

impl From<Event> for EventResponse {
    fn from(event: Event) -> Self {
        Self {
            id: event.id.to_string(),
            at: rfc3339(event.at),
            kind: event.kind.as_str(),
            outcome: event.kind.outcome().as_str(),
            user: event.user.map(|user| user.to_string()),
            actor: event.actor.map(|actor| actor.to_string()),
            session: event.session.map(|session| session.to_string()),
            amr: event.amr,
            about: event.about,
            address: event.address.map(|address| address.to_string()),
            user_agent: event.user_agent,
        }
    }
}

/// The trail: every act on every account, or those on one, or those of one kind.
#[utoipa::path(
    get, path = "/auth/admin/events", tag = "administration",
    params(
        ("user" = Option<String>, Query, description = "The id of the user it happened to"),
        ("kind" = Option<String>, Query, description = "What happened, such as `login_failed`"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many, from 1 to 100; 50 unless told"),
        ("cursor" = Option<String>, Query, description = "The `next` of the piece before"),
    ),
    responses(
        (status = 200, description = "The trail", body = EventsResponse),
        (status = 401, description = "No good token", body = Problem),
        (status = 403, description = "`insufficient_scope`: it takes `events:read`", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(in crate::http) async fn list(
    State(accounts): State<Accounts>,
    piece: Piece,
    query: Query,
) -> Result<Json<EventsResponse>, Problem> {
    let user = query.text("user", 64)?.map(|id| UserId::parse(&id).ok_or(Error::field("user", "invalid_user")));
    let kind = query.text("kind", 64)?.map(|kind| EventKind::parse(&kind).ok_or(Error::field("kind", "invalid_kind")));
    let after = piece.after(|cursor| Uuid::try_parse(cursor).ok())?;
    let asked = EventQuery { user: user.transpose()?, kind: kind.transpose()?, after, limit: piece.limit() };
    let (events, next) = piece.cut(accounts.events(&asked).await?, |last| last.id.to_string());
    Ok(Json(EventsResponse { items: events.into_iter().map(Into::into).collect(), next }))
}
