//! One's own account: name, password, address.

use std::time::Duration;

use axum::http::StatusCode;
use portcullis::mail::MailKind;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed::{self, NEW},
    visitor::Visitor,
};

both![
    an_account_tells_what_there_is_and_leads_to_it,
    a_name_is_changed_and_a_bad_one_is_not,
    a_password_is_changed_by_who_knows_it_and_ends_the_other_sessions,
    what_is_wrong_with_a_new_password_is_told_field_by_field,
    whoever_has_no_password_gets_one_by_mail,
    an_address_changes_when_the_new_one_is_confirmed,
    an_address_that_waits_can_be_mailed_again,
    an_address_that_is_not_confirmed_can_be_mailed_again,
    whoever_is_sure_leaves_for_good,
    nobody_else_opens_any_page_of_an_account,
    an_account_that_is_gone_meanwhile_leads_to_the_login,
];

const ADA: &str = "ada@example.com";

async fn an_account_tells_what_there_is_and_leads_to_it(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let page = visitor.get("/account").await.expect(StatusCode::OK).page();
    for part in
        ["ada@example.com is not confirmed yet.", ">ada</span>", "ada@example.com</span>", "aria-current=\"page\""]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    // Wherever a page leads, there is one.
    let mut found = 0;
    for link in page.split("href=\"").skip(1).map(|rest| &rest[..rest.find('"').unwrap()]) {
        if link.starts_with("/auth/assets/") {
            continue;
        }
        let page = visitor.get(link).await.expect(StatusCode::OK).page();
        assert!(page.contains("<nav ") || link == "/logout", "{link}");
        found += 1;
    }
    assert!(found >= 8, "{found}");
    app.enrol(&app.token("ada", PASSWORD).await).await;
    let page = visitor.get("/account").await.page();
    assert!(page.contains("10 left") && page.contains("/account/recovery-codes"), "{page}");
}

async fn a_name_is_changed_and_a_bad_one_is_not(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let bad = visitor.post("/account/profile", &[("display_name", "Ada\u{202e}")]).await;
    let page = bad.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    assert!(page.contains(r#"id="display_name-error">This cannot be a name."#), "{page}");
    visitor.post("/account/profile", &[("display_name", " Ada Lovelace ")]).await.leads_to("/account");
    let page = visitor.get("/account").await.page();
    assert!(page.contains("Your name is saved.") && page.contains("Ada Lovelace</span>"), "{page}");
    assert!(!visitor.get("/account").await.page().contains("Your name is saved."), "a message is shown once");
    assert!(visitor.get("/account/profile").await.page().contains(r#"value="Ada Lovelace""#));
}

async fn a_password_is_changed_by_who_knows_it_and_ends_the_other_sessions(db: TestDb) {
    let app = TestApp::new(db).await;
    let (visitor, other) = (Visitor::of(&app, "ada").await, Visitor::new(&app));
    other.log_in("ada", PASSWORD).await.leads_to("/account");
    let page = visitor.get("/account/password").await.page();
    for part in [r#"autocomplete="current-password""#, r#"name="username" value="ada" autocomplete="username""#] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let change = |old: &'static str| {
        let fields = [("password", old), ("new_password", NEW), ("new_password_again", NEW)];
        let visitor = &visitor;
        async move { visitor.post("/account/password", &fields).await }
    };
    let page = change("not the password").await.expect(StatusCode::FORBIDDEN).page();
    assert!(page.contains(r##"<a href="#password">The password is wrong.</a>"##) && !page.contains(NEW), "{page}");
    change(PASSWORD).await.leads_to("/account");
    assert!(visitor.get("/account").await.page().contains("Your password is changed."));
    other.get("/account").await.leads_to("/login?next=%2Faccount");
    app.login("ada", PASSWORD).await.expect(StatusCode::UNAUTHORIZED);
    app.login("ada", NEW).await.expect(StatusCode::OK);
}

async fn what_is_wrong_with_a_new_password_is_told_field_by_field(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let fields = [("new_password", "short"), ("new_password_again", "shorter")];
    let page = visitor.post("/account/password", &fields).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    for field in ["password", "new_password", "new_password_again"] {
        assert!(page.contains(&format!("id=\"{field}-error\"")), "{field}: {page}");
    }
    let again =
        [("password", PASSWORD), ("new_password", "ada@example.com"), ("new_password_again", "ada@example.com")];
    let page = visitor.post("/account/password", &again).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    assert!(page.contains("too common"), "{page}");
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
}

async fn whoever_has_no_password_gets_one_by_mail(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    app.db.remove_password("ada").await;
    let page = visitor.get("/account/password").await.page();
    assert!(page.contains("You log in without a password.") && !page.contains("type=\"password\""), "{page}");
    visitor.post("/account/password/mail", &[]).await.leads_to("/account/password");
    assert!(visitor.get("/account/password").await.page().contains("A mail is on its way to ada@example.com."));
    let token = mailed::token(&app, ADA, MailKind::ResetPassword).await;
    let fields = [("token", token.as_str()), ("new_password", NEW), ("new_password_again", NEW)];
    visitor.post("/reset-password", &fields).await.leads_to("/login");
    app.login("ada", NEW).await.expect(StatusCode::OK);
}

async fn an_address_changes_when_the_new_one_is_confirmed(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    let verify = mailed::token(&app, ADA, MailKind::VerifyEmail).await;
    visitor.post("/verify-email", &[("token", &verify)]).await.leads_to("/login");
    let bad = visitor.post("/account/email", &[("new_email", "next")]).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.page().contains(r#"id="new_email-error""#));
    visitor.post("/account/email", &[("new_email", "next@example.com")]).await.leads_to("/account/email");
    let page = visitor.get("/account/email").await.page();
    assert!(
        page.contains("We have sent a mail to next@example.com.") && page.contains("<dd>next@example.com"),
        "{page}"
    );
    assert!(page.contains("<dd>ada@example.com"), "it is the address until then");
    let token = mailed::token(&app, "next@example.com", MailKind::ConfirmEmail).await;
    visitor.post("/confirm-email", &[("token", &token)]).await.leads_to("/login");
    // Whoever is logged in is told where that leads them.
    visitor.get("/login").await.leads_to("/account");
    let page = visitor.get("/account").await.page();
    assert!(page.contains("Your account has its new e-mail address.") && page.contains("next@example.com"), "{page}");
    let page = visitor.get("/account/email").await.page();
    assert!(page.contains("Confirmed") && !page.contains("/account/email/resend"), "{page}");
    assert_eq!(mailed::tokens(&app, ADA, MailKind::EmailChanged).await.len(), 1, "the old address can undo it");
}

async fn an_address_that_waits_can_be_mailed_again(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    visitor.post("/account/email", &[("new_email", "next@example.com")]).await.leads_to("/account/email");
    let first = mailed::token(&app, "next@example.com", MailKind::ConfirmEmail).await;
    app.advance(Duration::from_mins(5));
    visitor.post("/account/email/resend", &[]).await.leads_to("/account/email");
    assert!(visitor.get("/account/email").await.page().contains("Another mail is on its way to next@example.com."));
    let tokens = mailed::tokens(&app, "next@example.com", MailKind::ConfirmEmail).await;
    assert_eq!(tokens.len(), 2);
    visitor.post("/confirm-email", &[("token", &first)]).await.expect(StatusCode::BAD_REQUEST);
    visitor.post("/confirm-email", &[("token", &tokens[1])]).await.leads_to("/login");
}

async fn an_address_that_is_not_confirmed_can_be_mailed_again(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    assert!(visitor.get("/account/email").await.page().contains("This address is not confirmed."));
    app.advance(Duration::from_mins(5));
    visitor.post("/account/email/resend", &[]).await.leads_to("/account/email");
    assert!(visitor.get("/account/email").await.page().contains("Another mail is on its way to ada@example.com."));
    let token = mailed::token(&app, ADA, MailKind::VerifyEmail).await;
    visitor.post("/verify-email", &[("token", &token)]).await.leads_to("/login");
    assert!(!visitor.get("/account").await.page().contains("not confirmed"));
}

async fn whoever_is_sure_leaves_for_good(db: TestDb) {
    let app = TestApp::new(db).await;
    let (visitor, other) = (Visitor::of(&app, "ada").await, Visitor::new(&app));
    other.log_in("ada", PASSWORD).await.leads_to("/account");
    let page = visitor.post("/account/delete", &[]).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    assert!(
        page.contains(r##"<a href="#sure">Tick this if you are sure.</a>"##) && page.contains("id=\"sure\""),
        "{page}"
    );
    app.db.make_admin("ada").await;
    let admin = Visitor::new(&app);
    admin.log_in("ada", PASSWORD).await.leads_to("/account");
    let page = admin.post("/account/delete", &[("sure", "yes")]).await.expect(StatusCode::CONFLICT).page();
    assert!(page.contains("administrator"), "{page}");
    admin.get("/account").await.expect(StatusCode::OK);
    Visitor::of(&app, "boss").await;
    app.db.make_admin("boss").await;
    let (cookie, token) = (admin.cookie("__Host-portcullis").unwrap(), app.token("ada", PASSWORD).await);
    admin.post("/account/delete", &[("sure", "yes")]).await.leads_to("/login");
    assert_eq!(admin.cookie("__Host-portcullis"), None);
    assert!(admin.get("/login").await.page().contains("Your account is deleted."));
    admin.set_cookie("__Host-portcullis", &cookie);
    for visitor in [&admin, &other] {
        visitor.get("/account").await.leads_to("/login?next=%2Faccount");
    }
    app.get("/auth/me").bearer(&token).send().await.expect_problem(401, "invalid_token");
    app.login("ada", PASSWORD).await.expect(StatusCode::UNAUTHORIZED);
    app.register("ada", "ada@example.com").await.expect_problem(409, "username_taken");
}

async fn nobody_else_opens_any_page_of_an_account(db: TestDb) {
    let app = TestApp::new(db).await;
    let (stranger, left) = (Visitor::new(&app), Visitor::of(&app, "ada").await);
    let cookie = left.cookie("__Host-portcullis").unwrap();
    left.post("/logout", &[]).await.leads_to("/logout");
    left.set_cookie("__Host-portcullis", &cookie);
    for path in crate::origins::ACCOUNT_FORMS {
        for visitor in [&stranger, &left] {
            let login = format!("/login?next={}", path.replace('/', "%2F"));
            visitor.get(path).await.leads_to(&login);
            visitor.post(path, &[("display_name", "Eve"), ("new_email", "eve@example.com")]).await.leads_to(&login);
        }
        let api = app.get(path).bearer("x").send().await;
        assert_eq!(api.status, StatusCode::SEE_OTHER);
    }
}

async fn an_account_that_is_gone_meanwhile_leads_to_the_login(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    visitor.get("/account").await.expect(StatusCode::OK);
    app.db.remove_user("ada").await;
    for path in crate::origins::ACCOUNT_FORMS.into_iter().filter(|path| *path != "/account/sessions") {
        let login = format!("/login?next={}", path.replace('/', "%2F"));
        let fields = [("password", PASSWORD), ("new_password", NEW), ("new_password_again", NEW), ("code", "123456")];
        visitor.get(path).await.leads_to(&login);
        visitor.post(path, &fields).await.leads_to(&login);
    }
}
