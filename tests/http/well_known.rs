use axum::http::{Method, StatusCode};
use portcullis::jwt::Algorithm;

use crate::{app::TestApp, both, db::TestDb};

both![
    the_key_set_holds_public_keys_only,
    a_shared_secret_is_never_published,
    the_signing_key_survives_a_restart,
    a_key_set_that_is_known_is_not_sent_again,
];

async fn the_key_set_holds_public_keys_only(db: TestDb) {
    let app = TestApp::new(db).await;
    let answer = app.get("/.well-known/jwks.json").send().await.expect(StatusCode::OK);
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.header("content-type"), "application/json");
    let keys = answer.body["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!((keys[0]["kty"].as_str(), keys[0]["alg"].as_str()), (Some("EC"), Some("ES256")));
    for private in ["d", "k", "p", "q"] {
        assert!(keys[0].get(private).is_none(), "{private}");
    }
}

async fn a_shared_secret_is_never_published(db: TestDb) {
    let app = TestApp::with(db, |config| config.signing_algorithm = Algorithm::Hs256).await;
    let token = app.user("ada").await;
    app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
    let answer = app.get("/.well-known/jwks.json").send().await.expect(StatusCode::OK);
    assert_eq!(answer.body["keys"].as_array().unwrap().len(), 0);
}

async fn the_signing_key_survives_a_restart(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let keys = app.get("/.well-known/jwks.json").send().await.body;
    let app = app.reopened(|_| ()).await;
    assert_eq!(app.get("/.well-known/jwks.json").send().await.body, keys);
    app.get("/auth/me").bearer(&token).send().await.expect(StatusCode::OK);
}

async fn a_key_set_that_is_known_is_not_sent_again(db: TestDb) {
    let app = TestApp::new(db).await;
    let tag = app.get("/.well-known/jwks.json").send().await.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");
    let ask = async |known: &str| app.get("/.well-known/jwks.json").header("if-none-match", known).send().await;
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let answer = ask(&known).await.expect(StatusCode::NOT_MODIFIED);
        assert_eq!((answer.header("etag"), answer.header("cache-control")), (tag.as_str(), "public, max-age=300"));
        assert!(answer.bytes.is_empty());
    }
    for unknown in ["\"other\"", "", &tag[1..]] {
        ask(unknown).await.expect(StatusCode::OK);
    }
    let head = app.request(Method::HEAD, "/.well-known/jwks.json").send().await.expect(StatusCode::OK);
    assert_eq!(head.header("etag"), tag);

    app.portcullis.signing_keys().rotate().await.unwrap();
    let answer = ask(&tag).await.expect(StatusCode::OK);
    assert_eq!(answer.body["keys"].as_array().unwrap().len(), 2);
    assert_ne!(answer.header("etag"), tag);
}
