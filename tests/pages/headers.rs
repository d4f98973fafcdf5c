//! The headers of every page, and the files that pages ask for.

use axum::http::{Method, StatusCode};

use crate::{app::TestApp, both, db::TestDb, origins::ACCOUNT_FORMS, visitor::Visitor};

both![
    hd_1_every_page_runs_and_shows_nothing_from_elsewhere,
    hd_2_every_answer_keeps_itself_to_itself,
    hd_3_no_other_origin_reads_a_page,
    files_are_kept_for_as_long_as_they_are_the_same,
    a_page_under_another_name_of_the_host_is_asked_for_again,
];

/// One of every kind of answer: pages, ways to others, trouble.
const PATHS: [(&str, u16); 16] = [
    ("/login", 200),
    ("/login/second-factor", 303),
    ("/login/new-password", 303),
    ("/login/enrol", 303),
    ("/register", 200),
    ("/verify-email", 200),
    ("/verify-email?token=x", 400),
    ("/forgot-password", 200),
    ("/reset-password?token=x", 400),
    ("/confirm-email?token=x", 400),
    ("/undo-email?token=x", 400),
    ("/first-admin?token=x", 400),
    ("/logout", 200),
    ("/account", 303),
    ("/.well-known/change-password", 303),
    ("/auth/assets/nothing.x.css", 404),
];

async fn hd_1_every_page_runs_and_shows_nothing_from_elsewhere(db: TestDb) {
    let app = TestApp::new(db).await;
    let (stranger, owner) = (Visitor::new(&app), Visitor::of(&app, "ada").await);
    let own = ACCOUNT_FORMS.map(|path| (&owner, (path, 200)));
    for (visitor, (path, status)) in PATHS.map(|path| (&stranger, path)).into_iter().chain(own) {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        let policy = answer.header("content-security-policy").to_owned();
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|directive| directive == part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("data:"), "{policy}");
        // The name of what pictures are written in.
        let page = String::from_utf8(answer.bytes).unwrap().replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for forbidden in ["http:", "https:", "src=\"//", "href=\"//", "<style", " style=", " onload", " onclick"] {
            assert!(!page.contains(forbidden), "{path} has {forbidden}: {page}");
        }
        assert_eq!(page.matches("<script").count(), page.matches("<script src=\"/auth/assets/script.").count());
    }
}

async fn hd_2_every_answer_keeps_itself_to_itself(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    let mut answers = Vec::new();
    for (path, _) in PATHS {
        answers.push(app.get(path).send().await);
        answers.push(app.request(Method::HEAD, path).send().await);
        answers.push(app.request(Method::PUT, path).header("sec-fetch-site", "same-origin").send().await);
        answers.push(app.post(path).send().await);
        answers.push(visitor.post(path, &[("name", "x"), ("token", "x")]).await);
    }
    let owner = Visitor::of(&app, "ada").await;
    for path in ACCOUNT_FORMS {
        answers.push(owner.get(path).await.expect(StatusCode::OK));
        answers.push(owner.post(path, &[]).await);
    }
    let too_much = "x".repeat(65 * 1024);
    answers.push(visitor.post("/login", &[("name", &too_much)]).await.expect(StatusCode::PAYLOAD_TOO_LARGE));
    for answer in answers {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
        if !answer.bytes.is_empty() {
            assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{:?}", answer.headers);
        }
    }
}

async fn hd_3_no_other_origin_reads_a_page(db: TestDb) {
    let app = TestApp::new(db).await;
    for origin in ["null", "https://evil.example", "https://id.example", "https://id.example.evil.example"] {
        for (path, _) in PATHS {
            let answer = app.get(path).header("origin", origin).send().await;
            assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{path}");
        }
    }
}

async fn files_are_kept_for_as_long_as_they_are_the_same(db: TestDb) {
    let app = TestApp::new(db).await;
    let page = app.get("/login").send().await.page();
    let mut found = 0;
    for (start, media_type) in
        [("/auth/assets/style.", "text/css; charset=utf-8"), ("/auth/assets/script.", "text/javascript; charset=utf-8")]
    {
        let path = &page[page.find(start).unwrap()..];
        let path = &path[..path.find('"').unwrap()];
        let file = app.get(path).send().await.expect(StatusCode::OK);
        assert_eq!(file.header("content-type"), media_type);
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        let (name, ending) = (&start["/auth/assets/".len()..], path.rsplit('.').next().unwrap());
        let older = app.get(&format!("/auth/assets/{name}0123456789abcdef.{ending}")).send().await;
        assert_eq!(older.header("cache-control"), "public, max-age=60");
        assert_eq!(older.bytes, file.bytes, "a page of another version still gets its files");
        found += 1;
    }
    assert_eq!(found, 2);
    for bad in ["style", "style.css", "style.x.js", "layout.x.html", "...css"] {
        app.get(&format!("/auth/assets/{bad}")).send().await.expect(StatusCode::NOT_FOUND);
    }
}

async fn a_page_under_another_name_of_the_host_is_asked_for_again(db: TestDb) {
    let app = TestApp::with(db, |config| config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()]).await;
    let ask = |host: &str| app.get("/login?next=%2Fnotes").header("host", host);
    for host in ["127.0.0.1:8400", "id.example.evil.example", "id.example:8443", "localhost"] {
        let answer = ask(host).send().await.expect(StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(answer.header("location"), "https://id.example/login?next=%2Fnotes");
        ask(host).from("10.1.2.3".parse().unwrap()).send().await.expect(StatusCode::OK);
    }
    for host in ["id.example", "ID.Example"] {
        ask(host).send().await.expect(StatusCode::OK);
    }
}
