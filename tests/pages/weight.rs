//! What a page weighs: all that a browser fetches to show it, uncompressed.

use axum::http::StatusCode;

use crate::{app::TestApp, both, db::TestDb};

both![the_login_page_weighs_less_than_30_kilobytes_with_all_that_it_needs];

/// In bytes.
const TARGET: usize = 30_000;

async fn the_login_page_weighs_less_than_30_kilobytes_with_all_that_it_needs(db: TestDb) {
    let app = TestApp::new(db).await;
    let page = app.get("/login").send().await.expect(StatusCode::OK).page();
    let mut weight = page.len();
    let assets: Vec<_> =
        page.match_indices("/auth/assets/").map(|(at, _)| page[at..].split('"').next().unwrap()).collect();
    assert_eq!(assets.len(), 3, "the style, the script and the icon: {assets:?}");
    for path in assets {
        weight += app.get(path).send().await.expect(StatusCode::OK).bytes.len();
    }
    assert!(weight < TARGET, "{weight} bytes");
    // The readme says how much.
    let stated = include_str!("../../README.md").contains("under 30 kB");
    assert!(stated);
}
