//! `GET /openapi.json`, and `GET /docs/`, where people read it. The page comes from this program alone.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use portcullis::http::{Problem, not_found, openapi};
use utoipa_swagger_ui::Config;

/// What the page may do: run its own files, talk to this server, and show the pictures in its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Written when it is first asked for: until it is, it takes megabytes, and most servers are never asked.
static DOCUMENT: LazyLock<serde_json::Result<Bytes>> =
    LazyLock::new(|| serde_json::to_vec(&openapi()).map(Bytes::from));

/// The document and the page.
pub(crate) fn routes() -> Router {
    // The other layout has a bar whose logo brings an inline style, and the default validator is a host elsewhere: the
    // policy forbids both.
    let config = Arc::new(Config::from("/openapi.json").use_base_layout().validator_url("none"));
    Router::new()
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(index))
        .route("/docs/{file}", get(file))
        .with_state(config)
        .route("/openapi.json", get(document))
}

async fn document() -> Response {
    match &*DOCUMENT {
        Ok(document) => ([(CONTENT_TYPE, "application/json")], document.clone()).into_response(),
        Err(error) => {
            tracing::error!(%error, "the OpenAPI document cannot be written");
            Problem::internal().into_response()
        }
    }
}

async fn index(config: State<Arc<Config<'static>>>) -> Response {
    file(Path("index.html".to_owned()), config).await
}

async fn file(Path(name): Path<String>, State(config): State<Arc<Config<'static>>>) -> Response {
    let file = utoipa_swagger_ui::serve(&name, config).map_err(|error| error.to_string());
    match file {
        Ok(Some(file)) => {
            let charset = if file.content_type.starts_with("text/") { "; charset=utf-8" } else { "" };
            let content_type = file.content_type + charset;
            let headers = [
                (CONTENT_TYPE, content_type.as_str()),
                (CONTENT_SECURITY_POLICY, POLICY),
                (CACHE_CONTROL, "public, max-age=3600"),
            ];
            (headers, file.bytes.into_owned()).into_response()
        }
        Ok(None) => not_found().await.into_response(),
        Err(error) => {
            tracing::error!(error, "the documentation page is broken");
            Problem::internal().into_response()
        }
    }
}
