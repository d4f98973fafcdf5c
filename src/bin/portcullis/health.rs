//! `GET /healthz` and `GET /readyz`

use axum::{
    Json, Router,
    extract::State,
    http::header::{CACHE_CONTROL, HeaderName},
    response::IntoResponse,
    routing::get,
};
use portcullis::{account::Accounts, http::Problem};
use serde_json::json;

const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// The two routes.
pub(crate) fn routes(accounts: Accounts) -> Router {
    Router::new().route("/healthz", get(healthy)).route("/readyz", get(ready)).with_state(accounts)
}

/// The process lives.
async fn healthy() -> impl IntoResponse {
    (NO_STORE, Json(json!({ "status": "ok" })))
}

/// The database answers. Mail that does not leave is told, and does not make the server less ready.
async fn ready(State(accounts): State<Accounts>) -> Result<impl IntoResponse, Problem> {
    accounts.ping().await?;
    let mail = accounts.mail_state().await?;
    Ok((NO_STORE, Json(json!({ "status": "ready", "mail": mail.as_str() }))))
}
