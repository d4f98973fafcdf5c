//! The authenticator app and the recovery codes.

use axum::http::StatusCode;

use crate::{
    app::{PASSWORD, TestApp},
    authenticator::Authenticator,
    both,
    db::TestDb,
    visitor::{Visitor, between},
};

both![
    an_app_is_set_up_from_the_page_and_asked_for_from_then_on,
    another_app_takes_the_place_of_the_first,
    an_app_is_removed_by_a_code_of_it_or_a_recovery_code,
    recovery_codes_are_replaced_and_the_older_ones_are_worthless,
];

const SET_UP: &str = "/account/authenticator/set-up";

/// Opens the page of a set-up; answers the secret and the app that was given it.
async fn scan(visitor: &Visitor<'_>) -> (String, Authenticator) {
    let page = visitor.get(SET_UP).await.expect(StatusCode::OK).page();
    assert!(page.contains("<svg") && page.contains("href=\"otpauth://totp/"), "{page}");
    let secret = between(&page, "name=\"secret\" value=\"", "\"").to_owned();
    let authenticator = Authenticator::of(&secret);
    (secret, authenticator)
}

fn codes(page: &str) -> Vec<String> {
    between(page, "<pre class=\"codes\" id=\"codes\">", "</pre>").lines().map(str::to_owned).collect()
}

/// Sets an app up; answers it and the recovery codes.
async fn set_up(app: &TestApp, visitor: &Visitor<'_>) -> (Authenticator, Vec<String>) {
    let (secret, authenticator) = scan(visitor).await;
    let fields = [("secret", secret.as_str()), ("code", &authenticator.code(app))];
    let page = visitor.post(SET_UP, &fields).await.expect(StatusCode::OK).page();
    (authenticator, codes(&page))
}

/// Shows password and code where that is asked for.
async fn show(app: &TestApp, visitor: &Visitor<'_>, authenticator: &Authenticator) {
    let code = authenticator.next_code(app);
    visitor.post("/reauthenticate", &[("password", PASSWORD), ("two_fa_code", &code)]).await.leads_to("/account");
}

async fn an_app_is_set_up_from_the_page_and_asked_for_from_then_on(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    assert!(visitor.get("/account/authenticator").await.page().contains("Set up an app"));
    let (secret, authenticator) = scan(&visitor).await;
    let wrong = [("secret", secret.as_str()), ("code", "000")];
    let page = visitor.post(SET_UP, &wrong).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    assert!(page.contains(&secret) && page.contains("<svg"), "the same code can be scanned again");
    assert!(page.contains(r#"id="code-error""#));
    let code = authenticator.code(&app);
    let answer = visitor.post(SET_UP, &[("secret", &secret), ("code", &code)]).await.expect(StatusCode::OK);
    assert_eq!(answer.header("cache-control"), "no-store");
    let page = answer.page();
    assert_eq!(codes(&page).len(), 10);
    for button in ["data-copy=\"codes\"", "data-download=\"codes\"", "data-print", "href=\"/account\""] {
        assert!(page.contains(button), "{button}: {page}");
    }
    assert!(visitor.get("/account/authenticator").await.page().contains("It is set up"));
    let login = Visitor::new(&app);
    login.log_in("ada", PASSWORD).await.leads_to("/login/second-factor");
    let code = authenticator.next_code(&app);
    login.post("/login/second-factor", &[("code", &code)]).await.leads_to("/account");
}

async fn another_app_takes_the_place_of_the_first(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let (first, _) = set_up(&app, &visitor).await;
    visitor.get(SET_UP).await.leads_to("/reauthenticate?next=%2Faccount%2Fauthenticator%2Fset-up");
    show(&app, &visitor, &first).await;
    let (secret, second) = scan(&visitor).await;
    let code = second.code(&app);
    visitor.post(SET_UP, &[("secret", &secret), ("code", &code)]).await.leads_to("/account");
    assert!(visitor.get("/account").await.page().contains("Your new authenticator app is set up."));
    let login = Visitor::new(&app);
    login.log_in("ada", PASSWORD).await.leads_to("/login/second-factor");
    let old = first.next_code(&app);
    login.post("/login/second-factor", &[("code", &old)]).await.expect(StatusCode::UNAUTHORIZED);
    let new = second.next_code(&app);
    login.post("/login/second-factor", &[("code", &new)]).await.leads_to("/account");
}

async fn an_app_is_removed_by_a_code_of_it_or_a_recovery_code(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    for with_recovery in [false, true] {
        let (authenticator, codes) = set_up(&app, &visitor).await;
        for (field, wrong) in
            [("code", "123"), ("recovery_code", "nonsense"), ("code", &authenticator.wrong_code(&app))]
        {
            let page = visitor.post("/account/authenticator?with=recovery", &[(field, wrong)]).await;
            let page = page.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
            assert!(page.contains(&format!("<a href=\"#{field}\">")), "{page}");
        }
        if with_recovery {
            let page = visitor.get("/account/authenticator?with=recovery").await.page();
            assert!(
                page.contains("name=\"recovery_code\"")
                    && page.contains("action=\"/account/authenticator?with=recovery\"")
            );
            let fields = [("recovery_code", codes[3].as_str())];
            visitor.post("/account/authenticator?with=recovery", &fields).await.leads_to("/account");
        } else {
            let code = authenticator.next_code(&app);
            visitor.post("/account/authenticator", &[("code", &code)]).await.leads_to("/account");
        }
        assert!(visitor.get("/account").await.page().contains("Your authenticator app is removed."));
        visitor.post("/account/authenticator", &[("code", "123456")]).await.leads_to("/account");
        Visitor::new(&app).log_in("ada", PASSWORD).await.leads_to("/account");
    }
}

async fn recovery_codes_are_replaced_and_the_older_ones_are_worthless(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    assert!(visitor.get("/account/recovery-codes").await.page().contains("you have none yet"));
    visitor.post("/account/recovery-codes", &[]).await.expect(StatusCode::CONFLICT);
    let (authenticator, old) = set_up(&app, &visitor).await;
    show(&app, &visitor, &authenticator).await;
    assert!(visitor.get("/account/recovery-codes").await.page().contains("You have 10 codes left"));
    let page = visitor.post("/account/recovery-codes", &[]).await.expect(StatusCode::OK).page();
    let new = codes(&page);
    assert_eq!(new.len(), 10);
    let login = Visitor::new(&app);
    login.log_in("ada", PASSWORD).await.leads_to("/login/second-factor");
    let path = "/login/second-factor?with=recovery";
    login.post(path, &[("recovery_code", &old[0])]).await.expect(StatusCode::UNAUTHORIZED);
    login.post(path, &[("recovery_code", &new[0])]).await.leads_to("/account");
    assert!(login.get("/account").await.page().contains("9 left"));
}
