//! Templates of an operator's own, and how else the pages can be made to look.

use std::fs;

use axum::http::StatusCode;
use portcullis::{BuildError, Portcullis, brand::Logo, config::Config};
use tempfile::{TempDir, tempdir};

use crate::{app::TestApp, both, db::TestDb};

both![a_page_of_ones_own_takes_the_place_of_the_built_in_one, a_logo_a_colour_and_a_footer_are_settings];

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("pages")).unwrap();
    for (name, source) in files {
        fs::write(folder.path().join("pages").join(name), source).unwrap();
    }
    folder
}

async fn a_page_of_ones_own_takes_the_place_of_the_built_in_one(db: TestDb) {
    let own = folder(&[
        ("logout.html", "{% extends \"layout.html\" %}{% block content %}<p>Bye from {{ site }}</p>{% endblock %}"),
        ("style.css", "body { color: {{ accent }} }"),
        ("forgot_password.html", "{{ nonsense }}"),
    ]);
    let app = TestApp::with(db, |config| config.templates_dir = Some(own.path().to_owned())).await;
    let page = app.get("/logout").send().await.page();
    assert!(page.contains("<p>Bye from id.example</p>") && page.contains("<!doctype html>"), "{page}");
    let style = &page[page.find("/auth/assets/style.").unwrap()..];
    let style = app.get(&style[..style.find('"').unwrap()]).send().await.bytes;
    assert_eq!(String::from_utf8(style).unwrap(), "body { color: #1f5fa8 }");
    // What cannot be shown is a defect, and tells nothing.
    let page = app.get("/forgot-password").send().await.expect(StatusCode::INTERNAL_SERVER_ERROR).page();
    assert!(page.contains("Something went wrong") && !page.contains("nonsense"));
}

async fn a_logo_a_colour_and_a_footer_are_settings(db: TestDb) {
    let home = tempdir().unwrap();
    let logo = home.path().join("logo.svg");
    fs::write(&logo, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
    let app = TestApp::with(db, |config| {
        config.brand.logo = Some(Logo::open(&logo).unwrap());
        config.brand.color = "#ffdd00".parse().unwrap();
        config.brand.footer = Some("Run by <us>".parse().unwrap());
    })
    .await;
    let page = app.get("/login").send().await.page();
    assert!(page.contains("<footer>Run by &lt;us&gt;</footer>"), "{page}");
    let path = &page[page.find("/auth/assets/logo.").unwrap()..];
    let logo = app.get(&path[..path.find('"').unwrap()]).send().await.expect(StatusCode::OK);
    assert_eq!(logo.header("content-type"), "image/svg+xml");
    for bad in ["logo.exe", "nothing.png"] {
        assert!(Logo::open(home.path().join(bad)).is_err());
    }
}

#[tokio::test]
async fn nothing_starts_on_a_broken_page() {
    for (name, source, said) in [
        ("login.html", "{% if %}", "pages/login.html, line 1"),
        ("style.css", "{{ nonsense }}", "pages/style.css, line 1"),
        ("lgoin.html", "x", "its name must be that of a built-in page"),
    ] {
        let (home, own) = (tempdir().unwrap(), folder(&[(name, source)]));
        let mut config = Config::new("https://id.example".parse().unwrap());
        config.templates_dir = Some(own.path().to_owned());
        let database = format!("sqlite:{}/notes.db", home.path().display());
        let built = Portcullis::builder().config(config).database(database).build().await;
        let Err(error @ BuildError::Templates(_)) = built else { panic!("{name}: {built:?}") };
        assert!(error.to_string().contains(said), "{error}");
    }
}
