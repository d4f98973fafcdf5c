//! What a service adds to the answer of a login.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::User;

/// Adds what clients need at once to the answer of every login, as its member `data`: a home page, a feature list.
///
/// It is asked when the session is open, so it decides nothing; and it cannot fail: what it cannot find out, it leaves out.
/// For what is the same for everyone there is the setting [`resources`](crate::config::Config::resources).
///
/// ```
/// use portcullis::account::{LoginData, User};
/// use serde_json::{Map, Value, json};
///
/// struct HomePage;
///
/// #[async_trait::async_trait]
/// impl LoginData for HomePage {
///     async fn data(&self, user: &User) -> Map<String, Value> {
///         Map::from_iter([("home".to_owned(), json!(format!("/~{}", user.username.as_str())))])
///     }
/// }
/// ```
#[async_trait]
pub trait LoginData: Send + Sync + 'static {
    /// What there is to add for this user. Every client of theirs sees it.
    async fn data(&self, user: &User) -> Map<String, Value>;
}
