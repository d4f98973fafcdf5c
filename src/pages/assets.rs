//! The stylesheet, the script and the pictures: files that browsers keep, as their names change with what is in them.

use ::axum::{
    extract::{Path, State},
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};

use super::{page::Trouble, state::PageState};
use crate::{
    http::Problem,
    secret::{TokenHash, hex},
};

/// Where they are.
pub(super) const ROUTE: &str = "/auth/assets/{file}";

/// How much of the hash of what is in a file stands in its name, in bytes.
const MARK: usize = 8;

/// One file.
#[derive(Debug)]
pub(super) struct Asset {
    pub(super) name: &'static str,
    pub(super) ending: &'static str,
    pub(super) media_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

/// All of them, each with its whole name.
#[derive(Debug)]
pub(super) struct Assets(Vec<(String, Asset)>);

impl Assets {
    pub(super) fn of(assets: impl IntoIterator<Item = Asset>) -> Self {
        Self(assets.into_iter().map(|asset| (file_name(&asset), asset)).collect())
    }

    /// The path of the file with this name, if there is one.
    pub(super) fn path(&self, name: &str) -> Option<String> {
        let (file, _) = self.0.iter().find(|(_, asset)| asset.name == name)?;
        Some(ROUTE.replace("{file}", file))
    }

    /// The file, and whether it is the very one that was asked for. While servers are replaced one by one, a page of one
    /// version may ask another version for its files: it gets the one of that version.
    fn find(&self, file: &str) -> Option<(&Asset, bool)> {
        let (name, rest) = file.split_once('.')?;
        let (_, ending) = rest.split_once('.')?;
        let (whole, asset) = self.0.iter().find(|(_, asset)| asset.name == name && asset.ending == ending)?;
        Some((asset, whole == file))
    }
}

fn file_name(asset: &Asset) -> String {
    let hash = TokenHash::of(&asset.bytes);
    let (mark, _) = hash.as_bytes().split_at(MARK);
    format!("{}.{}.{}", asset.name, *hex(mark), asset.ending)
}

pub(super) async fn file(State(state): State<PageState>, Path(file): Path<String>) -> Result<Response, Trouble> {
    let (asset, is_same) =
        state.pages.inner().assets.find(&file).ok_or_else(|| Trouble::from(Problem::nothing_here()))?;
    let kept = if is_same { "public, max-age=31536000, immutable" } else { "public, max-age=60" };
    let headers =
        [(CONTENT_TYPE, HeaderValue::from_static(asset.media_type)), (CACHE_CONTROL, HeaderValue::from_static(kept))];
    Ok((headers, asset.bytes.clone()).into_response())
}
