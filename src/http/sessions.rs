//! `GET /auth/sessions`, `DELETE /auth/sessions/{id}`

use ::axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{named::named, piece::Piece, problem::Problem, time::rfc3339};
use crate::{
    account::{Accounts, Caller},
    session::{Device, Session, SessionId},
};

/// One of the user's sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SessionResponse {
    /// The id: the `sid` of the session's access tokens.
    pub id: String,
    /// What to call the device, as far as it tells: `Firefox on Linux`.
    pub device: String,
    /// The address that the user last authenticated from.
    pub address: Option<String>,
    /// When the user logged in, in RFC 3339.
    pub created_at: String,
    /// When the session was last used, to within a few minutes.
    pub last_seen_at: String,
    /// When it ends whatever happens. It ends earlier if it is not used.
    pub expires_at: String,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A piece of the list of the user's sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SessionsResponse {
    /// The sessions, the one that authenticated last first.
    pub items: Vec<SessionResponse>,
    /// What to send as `cursor` for the next piece, if there is one.
    pub next: Option<String>,
}

impl SessionResponse {
    fn new(session: &Session, caller: Caller) -> Self {
        Self {
            id: session.id.to_string(),
            device: session.device.label(),
            address: session.device.address.map(|address| address.to_string()),
            created_at: rfc3339(session.created_at),
            last_seen_at: rfc3339(session.last_seen_at),
            expires_at: rfc3339(session.expires_at),
            current: caller.session == Some(session.id),
        }
    }
}

/// The user's sessions.
#[utoipa::path(
    get, path = "/auth/sessions", tag = "session",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "How many, from 1 to 100; 50 unless told"),
        ("cursor" = Option<String>, Query, description = "The `next` of the piece before"),
    ),
    responses(
        (status = 200, description = "The sessions", body = SessionsResponse),
        (status = 401, description = "No good token", body = Problem),
        (status = 422, description = "`invalid_fields`", body = Problem),
    )
)]
pub(super) async fn list(
    State(accounts): State<Accounts>,
    caller: Caller,
    piece: Piece,
) -> Result<Json<SessionsResponse>, Problem> {
    let sessions = accounts.sessions(caller, piece.after(SessionId::parse)?, piece.limit()).await?;
    let (sessions, next) = piece.cut(sessions, |last| last.id.to_string());
    let items = sessions.iter().map(|session| SessionResponse::new(session, caller)).collect();
    Ok(Json(SessionsResponse { items, next }))
}

/// Ends one of the user's sessions. Its tokens are refused from the next request on.
#[utoipa::path(
    delete, path = "/auth/sessions/{id}", tag = "session",
    params(("id" = String, Path, description = "The session's id")),
    responses(
        (status = 204, description = "Ended"),
        (status = 401, description = "No good token", body = Problem),
        (status = 404, description = "`not_found`: there is none, or it is not the user's", body = Problem),
    )
)]
pub(super) async fn end(
    State(accounts): State<Accounts>,
    caller: Caller,
    device: Device,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    accounts.end_session(caller, named(id, SessionId::parse)?, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}
