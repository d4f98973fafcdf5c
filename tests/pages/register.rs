//! Making an account.

use axum::http::StatusCode;
use portcullis::config::RegistrationPolicy;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed,
    visitor::Visitor,
};

both![
    a_new_account_is_confirmed_by_the_code_of_the_mail,
    every_field_says_what_is_wrong_with_it,
    nobody_registers_where_registration_is_closed,
    a_mail_can_be_sent_again,
    an_account_that_waits_for_approval_says_so,
    the_first_administrator_is_made_by_the_link_of_the_server,
];

const ADA: [(&str, &str); 4] =
    [("username", "ada"), ("email", "ada@example.com"), ("new_password", PASSWORD), ("new_password_again", PASSWORD)];

async fn a_new_account_is_confirmed_by_the_code_of_the_mail(db: TestDb) {
    let app = TestApp::with(db, |config| config.require_verified_email = true).await;
    let visitor = Visitor::new(&app);
    visitor.post("/register", &ADA).await.leads_to("/verify-email");
    let page = visitor.get("/verify-email").await.page();
    assert!(page.contains("We have sent a mail to ada@example.com.") && page.contains(r#"value="ada@example.com""#));
    visitor.log_in("ada", PASSWORD).await.expect(StatusCode::UNAUTHORIZED);
    app.portcullis.accounts().deliver_mail().await.unwrap();
    let code = app.mailbox.code("ada@example.com").unwrap();
    let wrong = visitor.post("/verify-email", &[("email", "ada@example.com"), ("code", "AAAAAAAA")]).await;
    assert!(wrong.expect(StatusCode::UNPROCESSABLE_ENTITY).page().contains("The code is wrong or too old."));
    visitor.post("/verify-email", &[("email", "ada@example.com"), ("code", &code)]).await.leads_to("/login");
    visitor.log_in("ada", PASSWORD).await.leads_to("/account");
}

async fn every_field_says_what_is_wrong_with_it(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    let fields = [("username", "a"), ("email", "x"), ("display_name", "\u{7}"), ("new_password", "short")];
    let page = visitor.post("/register", &fields).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    for field in ["username", "email", "display_name", "new_password", "new_password_again"] {
        assert!(page.contains(&format!("<a href=\"#{field}\">")), "{field}: {page}");
        assert!(page.contains(&format!("id=\"{field}-error\"")), "{field}: {page}");
    }
    assert!(!page.contains("short"));
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    let page = visitor.post("/register", &ADA).await.expect(StatusCode::CONFLICT).page();
    assert!(page.contains(r##"<a href="#username">This user name is taken."##), "{page}");
}

async fn nobody_registers_where_registration_is_closed(db: TestDb) {
    let app = TestApp::with(db, |config| config.registration = RegistrationPolicy::Closed).await;
    let visitor = Visitor::new(&app);
    assert!(!visitor.get("/login").await.page().contains("/register"));
    let page = visitor.get("/register").await.expect(StatusCode::FORBIDDEN).page();
    assert!(page.contains("No new accounts"));
    visitor.post("/register", &ADA).await.expect(StatusCode::FORBIDDEN);
}

async fn a_mail_can_be_sent_again(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    visitor.post("/register", &ADA).await.leads_to("/verify-email");
    mailed::token(&app, "ada@example.com", portcullis::mail::MailKind::VerifyEmail).await;
    for address in ["ada@example.com", "nobody@example.com"] {
        visitor.post("/verify-email/resend", &[("email", address)]).await.leads_to("/verify-email");
        assert!(visitor.get("/verify-email").await.page().contains(&format!("If {address} belongs to")));
    }
    let sent = mailed::tokens(&app, "ada@example.com", portcullis::mail::MailKind::VerifyEmail).await;
    assert_eq!(sent.len(), 2);
    let bad = visitor.post("/verify-email/resend", &[("email", "x")]).await;
    bad.expect(StatusCode::UNPROCESSABLE_ENTITY);
}

async fn an_account_that_waits_for_approval_says_so(db: TestDb) {
    let app = TestApp::with(db, |config| config.registration = RegistrationPolicy::Approval).await;
    let visitor = Visitor::new(&app);
    visitor.post("/register", &ADA).await.leads_to("/login");
    assert!(visitor.get("/login").await.page().contains("Your account has been asked for."));
    visitor.log_in("ada", PASSWORD).await.expect(StatusCode::UNAUTHORIZED);
}

async fn the_first_administrator_is_made_by_the_link_of_the_server(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    let accounts = app.portcullis.accounts();
    let token = accounts.offer_first_admin().await.unwrap().unwrap();
    let link = accounts.first_admin_link(&token);
    let page = visitor.get(link.trim_start_matches("https://id.example")).await.expect(StatusCode::OK).page();
    assert!(page.contains("Make the first administrator") && page.contains(token.expose()), "{page}");
    let form = |fields: &[(&'static str, &'static str)]| {
        let fields = [&[("token", token.expose())], fields].concat();
        let visitor = &visitor;
        async move { visitor.post("/first-admin", &fields).await }
    };
    let wrong = form(&[("username", "a"), ("email", "ada@example.com")]).await;
    assert!(wrong.expect(StatusCode::UNPROCESSABLE_ENTITY).page().contains(token.expose()), "the link stays good");
    form(&ADA).await.leads_to("/login");
    assert!(visitor.get("/login").await.page().contains("ada is the administrator now."));
    visitor.log_in("ada", PASSWORD).await.leads_to("/account");
    visitor.get("/auth/admin/users").await.expect(StatusCode::OK);
    let again = form(&[("username", "eve"), ("email", "eve@example.com")]).await;
    assert!(again.expect(StatusCode::BAD_REQUEST).page().contains("there is an administrator by now"));
    visitor.get("/first-admin?token=x").await.expect(StatusCode::BAD_REQUEST);
    visitor.get("/first-admin").await.expect(StatusCode::BAD_REQUEST);
}
