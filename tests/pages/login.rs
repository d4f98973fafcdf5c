//! Logging in, in all its steps.

use std::sync::atomic::Ordering::SeqCst;

use axum::http::StatusCode;
use portcullis::config::SecondFactorPolicy;

use crate::{
    app::{PASSWORD, TestApp},
    authenticator::Authenticator,
    both,
    db::TestDb,
    directory::{IN_THE_DIRECTORY, with_directory},
    mailed::NEW,
    visitor::{Visitor, between},
};

both![
    a_login_that_fails_says_so_and_keeps_the_name,
    lg_1_a_page_tells_nobody_who_has_an_account,
    too_many_attempts_are_told_with_the_time_to_wait,
    the_form_asks_a_directory_as_well,
    a_second_factor_is_a_second_page,
    a_recovery_code_does_as_well,
    every_step_asked_for_comes_in_its_order,
    a_step_without_a_login_leads_back_to_it,
];

async fn a_login_that_fails_says_so_and_keeps_the_name(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    let wrong = visitor.post("/login", &[("name", "ada"), ("password", "wrong"), ("remember", "on")]).await;
    assert!(wrong.header("www-authenticate").starts_with("Bearer"));
    let page = wrong.expect(StatusCode::UNAUTHORIZED).page();
    for part in [
        "<title>Error: Log in – ",
        r##"<a href="#name">The name or the password is wrong.</a>"##,
        r#"id="name-error">The name or the password is wrong.<"#,
        r#"value="ada""#,
        r#"aria-describedby="name-error""#,
        r#"name="remember" checked"#,
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("value=\"wrong\""));
    let empty = visitor.post("/login", &[]).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    assert!(empty.contains(r##"<a href="#name">Fill this in.</a>"##), "{empty}");
    assert!(empty.contains(r##"<a href="#password">Fill this in.</a>"##), "{empty}");
}

async fn lg_1_a_page_tells_nobody_who_has_an_account(db: TestDb) {
    let app = TestApp::new(db).await;
    for name in ["ada", "bob"] {
        app.register(name, &format!("{name}@example.com")).await.expect(StatusCode::CREATED);
    }
    app.db.disable_user("bob").await;
    let mut pages = Vec::new();
    for (name, password) in [("ada", "wrong password"), ("bob", PASSWORD), ("eve", "wrong password")] {
        let answer = Visitor::new(&app).post("/login", &[("name", name), ("password", password)]).await;
        let headers = crate::app::comparable_headers(&answer.headers);
        pages.push((answer.status, headers, answer.page().replace(&format!("value=\"{name}\""), "")));
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(pages[0], pages[2]);
    let forgot = |name: &'static str| {
        let visitor = Visitor::new(&app);
        async move {
            visitor.post("/forgot-password", &[("name", name)]).await.leads_to("/forgot-password");
            visitor.get("/forgot-password").await.page().replace(name, "")
        }
    };
    assert_eq!(forgot("ada").await, forgot("eve").await);
}

async fn too_many_attempts_are_told_with_the_time_to_wait(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    let attempt = || visitor.post("/login", &[("name", "ada"), ("password", "wrong password")]);
    for _ in 0..5 {
        attempt().await.expect(StatusCode::UNAUTHORIZED);
    }
    let answer = attempt().await.expect(StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "1");
    assert!(answer.page().contains("Too many attempts."));
}

async fn the_form_asks_a_directory_as_well(db: TestDb) {
    let (app, directory) = with_directory(db, |_| ()).await;
    let visitor = Visitor::new(&app);
    visitor.log_in("ada", "wrong").await.expect(StatusCode::UNAUTHORIZED);
    directory.down.store(true, SeqCst);
    visitor.log_in("ada", IN_THE_DIRECTORY).await.expect(StatusCode::SERVICE_UNAVAILABLE);
    directory.down.store(false, SeqCst);
    visitor.log_in("ada", IN_THE_DIRECTORY).await.leads_to("/account");
    assert!(visitor.cookie("__Host-portcullis").is_some());
    for path in ["/account", "/account/password"] {
        let page = visitor.get(path).await.expect(StatusCode::OK).page();
        assert!(page.contains("ept elsewhere") && !page.contains("action=\"/account/password"), "{page}");
    }
    let page = visitor.get("/reauthenticate").await.expect(StatusCode::OK).page();
    assert!(page.contains("name=\"password\""), "{page}");
    visitor.post("/reauthenticate", &[("password", IN_THE_DIRECTORY)]).await.leads_to("/account");
    let token = app.token("ada", IN_THE_DIRECTORY).await;
    app.enrol(&token).await;
    visitor.log_in("ada", IN_THE_DIRECTORY).await.leads_to("/login/second-factor");
}

async fn a_second_factor_is_a_second_page(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    let enrolled = app.enrol(&app.user("ada").await).await;
    visitor
        .post("/login?next=%2Fnotes", &[("name", "ada"), ("password", PASSWORD)])
        .await
        .leads_to("/login/second-factor?next=%2Fnotes");
    assert_eq!(visitor.cookie("__Host-portcullis"), None, "no session before the last step");
    let page = visitor.get("/login/second-factor?next=%2Fnotes").await.expect(StatusCode::OK).page();
    assert!(page.contains(r#"autocomplete="one-time-code""#) && page.contains("?next=%2Fnotes&amp;with=recovery"));
    for wrong in [enrolled.authenticator.wrong_code(&app), "12345".into(), String::new()] {
        let page = visitor.post("/login/second-factor?next=%2Fnotes", &[("code", &wrong)]).await.page();
        assert!(page.contains(r#"id="code-error""#) && page.contains("action=\"/login/second-factor?next=%2Fnotes\""));
    }
    let code = enrolled.authenticator.next_code(&app);
    visitor.post("/login/second-factor?next=%2Fnotes", &[("code", &code)]).await.leads_to("/notes");
    assert!(visitor.cookie("__Host-portcullis").is_some());
    assert_eq!(visitor.cookie("__Host-portcullis-pre"), None, "the flow is over");
    let me = visitor.get("/account").await.expect(StatusCode::OK).page();
    assert!(me.contains("ada@example.com"));
}

async fn a_recovery_code_does_as_well(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    let enrolled = app.enrol(&app.user("ada").await).await;
    let path = "/login/second-factor?with=recovery";
    visitor.log_in("ada", PASSWORD).await.leads_to("/login/second-factor");
    assert!(visitor.get(path).await.page().contains(r#"name="recovery_code""#));
    let wrong = visitor.post(path, &[("recovery_code", "nonsense")]).await;
    assert!(wrong.expect(StatusCode::UNPROCESSABLE_ENTITY).page().contains(r#"id="recovery_code-error""#));
    visitor.post(path, &[("recovery_code", &enrolled.recovery_codes[0])]).await.leads_to("/account");
}

async fn every_step_asked_for_comes_in_its_order(db: TestDb) {
    let app = TestApp::with(db, |config| config.second_factor = SecondFactorPolicy::All).await;
    let visitor = Visitor::new(&app);
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.db.must_change_password("ada").await;
    visitor.log_in("ada", PASSWORD).await.leads_to("/login/enrol");
    let page = visitor.get("/login/enrol").await.expect(StatusCode::OK).page();
    assert!(page.contains("<svg") && page.contains("href=\"otpauth://totp/"), "{page}");
    let secret = between(&page, "name=\"secret\" value=\"", "\"").to_owned();
    let authenticator = Authenticator::of(&secret);
    let wrong = [("secret", secret.as_str()), ("code", "000")];
    let again = visitor.post("/login/enrol", &wrong).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    assert!(again.contains(&secret) && again.contains("<svg"), "the same code can be scanned again");
    let code = authenticator.code(&app);
    let answer = visitor.post("/login/enrol", &[("secret", &secret), ("code", &code)]).await.expect(StatusCode::OK);
    let page = answer.page();
    assert_eq!(between(&page, "<pre class=\"codes\" id=\"codes\">", "</pre>").lines().count(), 10, "{page}");
    assert!(page.contains("href=\"/login/new-password\""), "{page}");
    assert_eq!(visitor.cookie("__Host-portcullis"), None);
    visitor.get("/login/new-password").await.expect(StatusCode::OK);
    let same = [("new_password", PASSWORD), ("new_password_again", PASSWORD)];
    let refused = visitor.post("/login/new-password", &same).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.page().contains("This is the password you had."));
    let new = [("new_password", NEW), ("new_password_again", NEW)];
    visitor.post("/login/new-password", &new).await.leads_to("/account");
    visitor.get("/account").await.expect(StatusCode::OK);
}

async fn a_step_without_a_login_leads_back_to_it(db: TestDb) {
    let app = TestApp::new(db).await;
    for path in ["/login/second-factor", "/login/new-password", "/login/enrol"] {
        for planted in [None, Some(format!("pcf_{}~~", "A".repeat(43))), Some("x".to_owned())] {
            let visitor = Visitor::new(&app);
            if let Some(planted) = planted {
                visitor.set_cookie("__Host-portcullis-pre", &planted);
            }
            visitor.get(path).await.leads_to("/login");
            assert!(visitor.get("/login").await.page().contains("Please log in again."));
            visitor.post(path, &[("code", "123456")]).await.leads_to("/login");
        }
    }
    let visitor = Visitor::new(&app);
    app.enrol(&app.user("ada").await).await;
    visitor.log_in("ada", PASSWORD).await.leads_to("/login/second-factor");
    visitor.get("/login/new-password").await.leads_to("/login");
}
