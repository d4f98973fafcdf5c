//! What comes back on a page is text, wherever it came from.

use axum::http::{Method, StatusCode};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    visitor::Visitor,
};

both![ht_1_nothing_typed_becomes_markup, ht_1_fields_say_what_they_are_for];

const MARKUP: &str = "\"><svg onload>'&{{7*1111111}}";

#[track_caller]
fn is_text(page: &str) {
    // The picture for authenticator apps, which is one.
    let page = page.replace("\"><svg xmlns=", "");
    assert!(!page.contains("<svg onload") && !page.contains("\"><svg") && !page.contains("7777777"), "{page}");
}

async fn ht_1_nothing_typed_becomes_markup(db: TestDb) {
    let app = TestApp::with(db, |config| config.site_name = Some("<b>\"A & B's\"</b>".parse().unwrap())).await;
    let visitor = Visitor::new(&app);
    let all = [
        "name",
        "password",
        "username",
        "email",
        "display_name",
        "new_password",
        "new_password_again",
        "code",
        "recovery_code",
        "token",
        "secret",
        "new_email",
        "two_fa_code",
        "end",
    ];
    let fields: Vec<_> = all.map(|name| (name, MARKUP)).to_vec();
    let encoded = form_urlencoded::Serializer::new(String::new()).append_pair("next", MARKUP).finish();
    for path in [
        "/login",
        "/register",
        "/verify-email",
        "/verify-email/resend",
        "/forgot-password",
        "/reset-password",
        "/confirm-email",
        "/first-admin",
        "/undo-email",
        "/logout",
    ] {
        for query in [String::new(), format!("?{encoded}"), format!("?{}", encoded.replace("next", "token"))] {
            let visitor = Visitor::new(&app);
            let path = format!("{path}{query}");
            let answer = visitor.post(&path, &fields).await;
            if answer.status != StatusCode::SEE_OTHER {
                is_text(&answer.page());
            }
            let answer = visitor.get(&path).await;
            if answer.status.is_success() {
                let page = answer.page();
                is_text(&page);
                assert!(page.contains("&lt;b&gt;&quot;A &amp; B&#39;s&quot;&lt;/b&gt;") && !page.contains("<b>"));
            }
        }
    }
    // A message that a stranger put into the browser.
    for kind in ["registered", "verify_resent", "reset_sent", "few_codes", "nonsense", "x.y"] {
        visitor.set_cookie("__Host-portcullis-pre", &format!("~{kind}~{}", URL_SAFE_NO_PAD.encode(MARKUP)));
        for path in ["/verify-email", "/forgot-password", "/login"] {
            is_text(&visitor.get(path).await.page());
        }
    }
    let visitor = Visitor::new(&app);
    app.post("/auth/register")
        .json(&serde_json::json!({"username": "ada", "email": "ada@example.com", "password": PASSWORD, "name": MARKUP}))
        .send()
        .await
        .expect(StatusCode::CREATED);
    visitor.log_in("ada", PASSWORD).await.leads_to("/account");
    for path in crate::origins::ACCOUNT_FORMS {
        for query in [String::new(), format!("?{encoded}"), format!("?{}", encoded.replace("next", "with"))] {
            let path = format!("{path}{query}");
            let answer = visitor.post(&path, &fields).await;
            if answer.status != StatusCode::SEE_OTHER {
                is_text(&answer.page());
            }
            let page = visitor.get(&path).await.expect(StatusCode::OK).page();
            is_text(&page);
            assert!(page.contains("&lt;b&gt;&quot;A &amp; B&#39;s&quot;&lt;/b&gt;") && !page.contains("<b>"));
        }
    }
    for kind in ["email_asked", "email_resent", "password_mailed"] {
        visitor.set_cookie("__Host-portcullis-pre", &format!("~{kind}~{}", URL_SAFE_NO_PAD.encode(MARKUP)));
        is_text(&visitor.get("/account").await.page());
    }
    let call = app.request(Method::PATCH, "/auth/me").json(&serde_json::json!({"name": MARKUP}));
    visitor.send(call.header("sec-fetch-site", "same-origin")).await.expect(StatusCode::OK);
    let page = visitor.get("/account").await.page();
    assert!(page.contains("&quot;&gt;&lt;svg onload&gt;&#39;&amp;{{7*1111111}}"), "{page}");
    is_text(&page);
}

async fn ht_1_fields_say_what_they_are_for(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::of(&app, "ada").await;
    for (path, field, autocomplete, kind) in [
        ("/login", "name", "username webauthn", "text"),
        ("/login", "password", "current-password", "password"),
        ("/register", "username", "username", "text"),
        ("/register", "email", "email", "email"),
        ("/register", "new_password", "new-password", "password"),
        ("/register", "new_password_again", "new-password", "password"),
        ("/verify-email", "code", "one-time-code", "text"),
        ("/forgot-password", "name", "username", "text"),
        ("/reauthenticate", "password", "current-password", "password"),
        ("/account/profile", "display_name", "name", "text"),
        ("/account/password", "password", "current-password", "password"),
        ("/account/password", "new_password", "new-password", "password"),
        ("/account/password", "new_password_again", "new-password", "password"),
        ("/account/email", "new_email", "email", "email"),
        ("/account/authenticator/set-up", "code", "one-time-code", "text"),
    ] {
        let visitor = if path == "/login" { &Visitor::new(&app) } else { &visitor };
        let page = visitor.get(path).await.expect(StatusCode::OK).page();
        let input = format!(r#"<input id="{field}" name="{field}" type="{kind}" autocomplete="{autocomplete}""#);
        assert!(page.contains(&input) && page.contains(&format!(r#"<label for="{field}">"#)), "{path} {field}: {page}");
        assert!(!page.contains("onpaste") && !page.contains("maxlength=\"16\""));
    }
}
