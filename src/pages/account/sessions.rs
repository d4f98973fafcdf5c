//! `/account/sessions`: where one is logged in, and ending that.

use serde::Serialize;

use crate::{
    account::Caller,
    error::Error,
    http::Piece,
    pages::{
        form::Form,
        logout,
        moment::Moment,
        page::{Answer, Page},
        visit::Visit,
    },
    session::{Session, SessionId},
};

/// A session, as the page shows it.
#[derive(Debug, Serialize)]
struct Shown {
    id: String,
    device: String,
    address: Option<String>,
    since: Moment,
    last_seen: Moment,
    current: bool,
}

impl Shown {
    fn new(session: &Session, caller: Caller) -> Self {
        Self {
            id: session.id.to_string(),
            device: session.device.label(),
            address: session.device.address.map(|address| address.to_string()),
            since: session.created_at.into(),
            last_seen: session.last_seen_at.into(),
            current: caller.session == Some(session.id),
        }
    }
}

pub(in crate::pages) async fn show(visit: Visit) -> Answer {
    Ok(page(&visit, visit.caller().await?).await?.show())
}

/// Ends one session, or with `others` all but this one.
pub(in crate::pages) async fn end(visit: Visit, mut form: Form) -> Answer {
    let caller = visit.caller().await?;
    if form.is_ticked("others") {
        visit.accounts.end_other_sessions(caller, &visit.device).await?;
        return Ok(visit.to("/account/sessions").saying("sessions_ended", "").go());
    }
    let session = SessionId::parse(&form.text("end")).ok_or(Error::NotFound)?;
    visit.accounts.end_session(caller, session, &visit.device).await?;
    if caller.session == Some(session) {
        return Ok(logout::gone(&visit));
    }
    Ok(visit.to("/account/sessions").saying("session_ended", "").go())
}

async fn page(visit: &Visit, caller: Caller) -> Result<Page<'_>, Error> {
    let piece = Piece::read(&visit.query)?;
    let sessions = visit.accounts.sessions(caller, piece.after(SessionId::parse)?, piece.limit()).await?;
    let (sessions, next) = piece.cut(sessions, |last| last.id.to_string());
    let sessions: Vec<_> = sessions.iter().map(|session| Shown::new(session, caller)).collect();
    Ok(visit.page("account_sessions.html").with("sessions", sessions).with("next", next))
}
