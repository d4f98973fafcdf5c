//! Where a login leads.

use axum::http::StatusCode;

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    visitor::Visitor,
};

both![rd_1_a_login_leads_only_where_it_may, rd_1_where_it_leads_survives_every_page_on_the_way,];

async fn rd_1_a_login_leads_only_where_it_may(db: TestDb) {
    let app = TestApp::with(db, |config| config.next_origins = vec!["https://app.example".parse().unwrap()]).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    for (next, to) in [
        ("/notes?a=b", "/notes?a=b"),
        ("https://app.example/x", "https://app.example/x"),
        ("https://id.example/notes", "/notes"),
        ("//e.x", "/account"),
        ("/\\e.x", "/account"),
        ("/%5Ce.x", "/account"),
        ("%2F%5Ce.x", "/account"),
        ("/%09/e.x", "/account"),
        ("////e.x", "/account"),
        ("/.//e.x", "/account"),
        ("/a/..//e.x", "/account"),
        ("https:e.x", "/account"),
        ("javascript:alert(1)", "/account"),
        ("/\t/e.x", "/account"),
        ("@e.x", "/account"),
        ("/x\r\nSet-Cookie: a=b", "/account"),
        ("https://e.x/", "/account"),
        ("https://app.example@e.x/", "/account"),
        ("https://app.example.e.x/", "/account"),
    ] {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        let visitor = Visitor::new(&app);
        let login = [("name", "ada"), ("password", PASSWORD)];
        visitor.post(&format!("/login?{query}"), &login).await.leads_to(to);
        // Whoever is logged in already goes there at once.
        visitor.get(&format!("/login?{query}")).await.leads_to(to);
    }
    let visitor = Visitor::new(&app);
    let twice = "/login?next=%2Fa&next=%2Fb";
    visitor.post(twice, &[("name", "ada"), ("password", PASSWORD)]).await.leads_to("/account");
    let policy = visitor.get("/login").await.header("content-security-policy").to_owned();
    assert!(policy.contains("form-action 'self' https://app.example;"), "{policy}");
}

async fn rd_1_where_it_leads_survives_every_page_on_the_way(db: TestDb) {
    let app = TestApp::new(db).await;
    let visitor = Visitor::new(&app);
    visitor.get("/account").await.leads_to("/login?next=%2Faccount");
    let page = visitor.get("/login?next=%2Fnotes").await.page();
    for link in ["action=\"/login?next=%2Fnotes\"", "/forgot-password?next=%2Fnotes", "/register?next=%2Fnotes"] {
        assert!(page.contains(link), "{page}");
    }
    let fields = [("username", "ada"), ("email", "ada@example.com")];
    let password = [("new_password", PASSWORD), ("new_password_again", PASSWORD)];
    let registered = visitor.post("/register?next=%2Fnotes", &[fields, password].concat()).await;
    registered.leads_to("/verify-email?next=%2Fnotes");
    let wrong = visitor.post("/login?next=%2Fnotes", &[("name", "ada"), ("password", "wrong")]).await;
    assert!(wrong.page().contains("action=\"/login?next=%2Fnotes\""));
    visitor.post("/login?next=%2Fnotes", &[("name", "ada"), ("password", PASSWORD)]).await.leads_to("/notes");
}
