//! The pages of those who run the service.

use std::time::Duration;

use axum::http::StatusCode;
use portcullis::{
    Scopes,
    access::{Role, RoleName},
    account::UserId,
    audit::EventKind,
    config::RegistrationPolicy,
    mail::MailKind,
    session::Device,
};

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    mailed::{NEW, kinds},
    visitor::Visitor,
};

both![
    az_1_a_page_shows_nothing_and_does_nothing_without_its_scope,
    az_3_nobody_gives_by_a_form_what_they_lack,
    what_changes_something_takes_a_recent_login,
    users_are_looked_for_and_paged,
    an_account_is_made_with_a_password_or_a_mail,
    who_waits_is_let_in,
    an_account_is_shut_opened_and_deleted,
    sessions_second_steps_and_passwords_are_taken_away,
    the_last_administrator_stays,
    roles_are_given_made_changed_and_deleted,
    the_trail_is_looked_through,
    ht_1_nothing_on_these_pages_becomes_markup,
    someone_unknown_has_no_page,
];

/// Every page of theirs and what it asks for.
const PAGES: [(&str, &str); 17] = [
    ("/account/admin/users", "users:read"),
    ("/account/admin/users/{id}", "users:read"),
    ("/account/admin/users/{id}/password", "users:write"),
    ("/account/admin/users/{id}/enable", "users:write"),
    ("/account/admin/users/{id}/disable", "users:write"),
    ("/account/admin/users/{id}/end-sessions", "users:write"),
    ("/account/admin/users/{id}/remove-second-factors", "users:write"),
    ("/account/admin/users/{id}/delete", "users:write"),
    ("/account/admin/users/{id}/nonsense", "users:write"),
    ("/account/admin/users/{id}/roles", "roles:write"),
    ("/account/admin/new-user", "users:write"),
    ("/account/admin/roles", "roles:write"),
    ("/account/admin/new-role", "roles:write"),
    ("/account/admin/roles/admin", "roles:write"),
    ("/account/admin/roles/admin/delete", "roles:write"),
    ("/account/admin/roles/nonsense", "roles:write"),
    ("/account/admin/events", "events:read"),
];

async fn user(app: &TestApp, name: &str) -> String {
    app.register(name, &format!("{name}@example.com")).await.expect(StatusCode::CREATED);
    let found = app.portcullis.accounts().get_user_by_name_or_mail(name).await.unwrap();
    found.unwrap().user.id.to_string()
}

/// A browser with an administrator in it.
async fn admin<'a>(app: &'a TestApp, name: &str) -> (Visitor<'a>, String) {
    let id = user(app, name).await;
    app.db.make_admin(name).await;
    (logged_in(app, name).await, id)
}

/// A browser with someone in it who may do this and nothing else.
async fn helper<'a>(app: &'a TestApp, name: &str, scopes: &str) -> Visitor<'a> {
    user(app, name).await;
    role(app, name, scopes).await;
    app.db.give_role(name, name).await;
    logged_in(app, name).await
}

async fn role(app: &TestApp, name: &str, scopes: &str) {
    let role = Role { name: RoleName::parse(name).unwrap(), scopes: Scopes::parse(scopes) };
    app.portcullis.accounts().set_role(role, &Device::default()).await.unwrap();
}

async fn logged_in<'a>(app: &'a TestApp, name: &str) -> Visitor<'a> {
    let visitor = Visitor::new(app);
    visitor.log_in(name, PASSWORD).await.leads_to("/account");
    visitor
}

async fn page(visitor: &Visitor<'_>, path: &str) -> String {
    visitor.get(path).await.expect(StatusCode::OK).page()
}

/// Presses the one button of a page, and answers what the next one says.
async fn press(visitor: &Visitor<'_>, path: &str, leads_to: &str) -> String {
    page(visitor, path).await;
    visitor.post(path, &[]).await.leads_to(leads_to);
    page(visitor, leads_to).await
}

async fn roles_of(app: &TestApp, id: &str) -> Vec<String> {
    app.portcullis.accounts().user(UserId::parse(id).unwrap()).await.unwrap().user.roles
}

async fn az_1_a_page_shows_nothing_and_does_nothing_without_its_scope(db: TestDb) {
    let app = TestApp::new(db).await;
    let id = user(&app, "ada").await;
    let all = ["users:read", "users:write", "roles:write", "events:read", "revocations:read", "notes:read"];
    for own in all {
        let visitor = helper(&app, &own.replace(':', "_"), own).await;
        for (path, scope) in PAGES {
            let path = path.replace("{id}", &id);
            let shown = visitor.get(&path).await;
            if own == scope {
                assert_ne!(shown.status, StatusCode::FORBIDDEN, "{own} {path}");
                continue;
            }
            let done = visitor.post(&path, &[("scopes", "x"), ("roles", "admin")]).await;
            assert!(shown.expect(StatusCode::FORBIDDEN).page().contains("This is not for you"), "{own} {path}");
            let refused = [StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED];
            assert!(refused.contains(&done.status), "{own} {path}: {}", done.status);
        }
        let home = visitor.get("/account/admin").await;
        let expected = match own {
            "users:read" => "/account/admin/users",
            "roles:write" => "/account/admin/roles",
            "events:read" => "/account/admin/events",
            _ => "",
        };
        assert_eq!(home.header("location"), expected, "{own}");
    }
    assert!(roles_of(&app, &id).await.is_empty());
    for (path, _) in PAGES {
        let way = form_urlencoded::Serializer::new(String::new()).append_pair("next", path).finish();
        app.get(path).send().await.leads_to(&format!("/login?{way}"));
        app.get(path).header("x-api-key", "pck_nonsense").send().await.expect(StatusCode::SEE_OTHER);
    }
}

async fn az_3_nobody_gives_by_a_form_what_they_lack(db: TestDb) {
    let app = TestApp::new(db).await;
    let (_, root) = admin(&app, "root1").await;
    let ada = user(&app, "ada").await;
    role(&app, "writer", "notes:write").await;
    let visitor = helper(&app, "helper", "roles:write users:write notes:read").await;
    let refused = async |path: String, fields: &[(&str, &str)]| {
        let page = visitor.post(&path, fields).await.expect(StatusCode::FORBIDDEN).page();
        assert!(page.contains("Your account may not do this, nor let others do it."), "{path}: {page}");
    };
    refused(format!("/account/admin/users/{ada}/roles"), &[("roles", "writer")]).await;
    refused(format!("/account/admin/users/{ada}/roles"), &[("roles", "admin")]).await;
    refused(format!("/account/admin/users/{root}/roles"), &[]).await;
    for act in ["disable", "enable", "end-sessions", "remove-second-factors", "delete"] {
        refused(format!("/account/admin/users/{root}/{act}"), &[]).await;
    }
    let new = [("new_password", NEW), ("new_password_again", NEW)];
    refused(format!("/account/admin/users/{root}/password"), &new).await;
    refused("/account/admin/new-role".into(), &[("role", "new"), ("scopes", "notes:write")]).await;
    refused("/account/admin/roles/helper".into(), &[("scopes", "roles:write notes:write")]).await;
    refused("/account/admin/roles/admin".into(), &[("scopes", "")]).await;
    refused("/account/admin/roles/admin/delete".into(), &[]).await;
    let account = [("username", "bob"), ("email", "bob@example.com"), ("roles", "admin")];
    refused("/account/admin/new-user".into(), &account).await;
    assert_eq!(roles_of(&app, &root).await, ["admin"]);
    assert!(roles_of(&app, &ada).await.is_empty());
    app.login("root1", PASSWORD).await.expect(StatusCode::OK);
}

async fn what_changes_something_takes_a_recent_login(db: TestDb) {
    let app = TestApp::new(db).await;
    let (visitor, _) = admin(&app, "root1").await;
    let id = user(&app, "ada").await;
    app.advance(Duration::from_mins(11));
    for (path, scope) in PAGES {
        let path = path.replace("{id}", &id);
        let reads = matches!(scope, "users:read" | "events:read") || path == "/account/admin/roles";
        if reads {
            page(&visitor, &path).await;
            continue;
        }
        let way = form_urlencoded::Serializer::new(String::new()).append_pair("next", &path).finish();
        visitor.get(&path).await.leads_to(&format!("/reauthenticate?{way}"));
        visitor.post(&path, &[]).await.leads_to(&format!("/reauthenticate?{way}"));
    }
    assert!(app.events_of(&id).await.iter().all(|event| event.actor.is_none()));
    // Who has a second factor has to have shown it.
    let (visitor, _) = admin(&app, "root2").await;
    app.enrol(&app.token("root2", PASSWORD).await).await;
    let path = format!("/account/admin/users/{id}/disable");
    assert!(visitor.get(&path).await.header("location").starts_with("/reauthenticate?next="));
    assert!(visitor.post(&path, &[]).await.header("location").starts_with("/reauthenticate?next="));
}

async fn users_are_looked_for_and_paged(db: TestDb) {
    let app = TestApp::new(db).await;
    let (visitor, _) = admin(&app, "root1").await;
    for name in ["ada", "bob", "carl"] {
        user(&app, name).await;
    }
    app.db.disable_user("bob").await;
    let all = page(&visitor, "/account/admin/users").await;
    for name in ["root1", "ada", "bob", "carl"] {
        assert!(all.contains(&format!("<strong>{name}</strong>")), "{all}");
    }
    assert!(
        all.contains(r#"<span class="badge">admin</span>"#)
            && all.contains(r#"<span class="badge bad">Disabled</span>"#)
    );
    let found = page(&visitor, "/account/admin/users?q=CARL%40&state=active").await;
    assert!(found.contains("<strong>carl</strong>") && !found.contains("<strong>ada</strong>"), "{found}");
    assert!(found.contains(r#"value="CARL@""#) && found.contains(r#"<option value="active" selected>"#));
    assert!(page(&visitor, "/account/admin/users?q=nobody").await.contains("Nobody is found by that."));
    assert!(!found.contains(r#"rel="next""#));
    let first = page(&visitor, "/account/admin/users?limit=1&q=example").await;
    let (_, older) = first.split_once(r#"<a href="/account/admin/users?q=example&amp;cursor="#).unwrap();
    let older = older.split_once('"').unwrap().0;
    let second = page(&visitor, &format!("/account/admin/users?limit=1&q=example&cursor={older}")).await;
    assert!(second.contains("<strong>bob</strong>") && !second.contains("<strong>carl</strong>"), "{second}");
    for bad in ["?state=x", "?q=%00", "?cursor=x", "?limit=0"] {
        visitor.get(&format!("/account/admin/users{bad}")).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    }
}

async fn an_account_is_made_with_a_password_or_a_mail(db: TestDb) {
    let app = TestApp::with(db, |config| config.registration = RegistrationPolicy::Closed).await;
    let accounts = app.portcullis.accounts();
    let registration = accounts.registration("root1", "root1@example.com", PASSWORD, "").unwrap();
    accounts.create_user(registration, vec!["admin".to_owned()], &Device::default()).await.unwrap();
    role(&app, "reader", "").await;
    let visitor = logged_in(&app, "root1").await;
    assert!(page(&visitor, "/account/admin/new-user").await.contains(r#"name="roles" value="reader""#));
    let form = [
        ("username", "ada"),
        ("email", "ada@example.com"),
        ("display_name", "Ada"),
        ("roles", "reader"),
        ("roles", "admin"),
        ("new_password", NEW),
        ("new_password_again", NEW),
    ];
    let made = visitor.post("/account/admin/new-user", &form).await.expect(StatusCode::SEE_OTHER);
    let shown = page(&visitor, made.header("location")).await;
    assert!(shown.contains("They have to change the password") && shown.contains("Has to be changed"), "{shown}");
    let id = made.header("location").rsplit('/').next().unwrap().to_owned();
    assert_eq!(roles_of(&app, &id).await, ["admin", "reader"]);
    app.login("ada", NEW).await.expect_problem(403, "password_change_required");
    let again = visitor.post("/account/admin/new-user", &form).await.expect(StatusCode::CONFLICT).page();
    assert!(again.contains(r#"id="username-error""#) && again.contains(r#"value="reader" checked"#), "{again}");
    let wrong = [("username", "a"), ("email", "no"), ("new_password", "short"), ("new_password_again", "other")];
    let wrong = visitor.post("/account/admin/new-user", &wrong).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    for field in ["username", "email", "new_password", "new_password_again"] {
        assert!(wrong.contains(&format!(r#"id="{field}-error""#)), "{field}: {wrong}");
    }
    let unknown = [("username", "eve"), ("email", "eve@example.com"), ("roles", "nonsense")];
    let unknown =
        visitor.post("/account/admin/new-user", &unknown).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    assert!(unknown.contains(r#"id="roles-error""#) && unknown.contains(r##"href="#roles""##), "{unknown}");

    let invited = [("username", "bob"), ("email", "bob@example.com")];
    let made = visitor.post("/account/admin/new-user", &invited).await.expect(StatusCode::SEE_OTHER);
    let shown = page(&visitor, made.header("location")).await;
    assert!(shown.contains("A mail by which they choose a password is on its way to bob@example.com."), "{shown}");
    assert_eq!(kinds(&app, "bob@example.com").await, [MailKind::Invitation]);
}

async fn who_waits_is_let_in(db: TestDb) {
    let app = TestApp::with(db, |config| config.registration = RegistrationPolicy::Approval).await;
    let accounts = app.portcullis.accounts();
    let registration = accounts.registration("root1", "root1@example.com", PASSWORD, "").unwrap();
    accounts.create_user(registration, vec!["admin".to_owned()], &Device::default()).await.unwrap();
    let visitor = logged_in(&app, "root1").await;
    let id = user(&app, "ada").await;
    assert!(page(&visitor, "/account/admin/users?state=pending").await.contains("<strong>ada</strong>"));
    let own = format!("/account/admin/users/{id}");
    assert!(page(&visitor, &own).await.contains(&format!(r#"href="{own}/enable">Let in</a>"#)));
    let shown = press(&visitor, &format!("{own}/enable"), &own).await;
    assert!(shown.contains("ada can log in now.") && !shown.contains("Let in"), "{shown}");
    app.token("ada", PASSWORD).await;
    let kinds: Vec<_> = app.events_of(&id).await.into_iter().map(|event| event.kind).collect();
    assert!(kinds.contains(&EventKind::UserApproved));
}

async fn an_account_is_shut_opened_and_deleted(db: TestDb) {
    let app = TestApp::new(db).await;
    let (visitor, root) = admin(&app, "root1").await;
    let id = user(&app, "ada").await;
    let theirs = logged_in(&app, "ada").await;
    let own = format!("/account/admin/users/{id}");
    let asked = page(&visitor, &format!("{own}/disable")).await;
    assert!(asked.contains("Disable ada?") && asked.contains(&format!(r#"href="{own}""#)), "{asked}");
    page(&theirs, "/account").await;
    let shown = press(&visitor, &format!("{own}/disable"), &own).await;
    assert!(shown.contains("ada is disabled") && shown.contains("Disabled, since 2026-09-21 14:13 UTC"), "{shown}");
    theirs.get("/account").await.expect(StatusCode::SEE_OTHER);
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    press(&visitor, &format!("{own}/enable"), &own).await;
    app.token("ada", PASSWORD).await;
    let actors: Vec<_> = app.events_of(&id).await.into_iter().filter_map(|event| event.actor).collect();
    assert!(actors.len() == 2 && actors.iter().all(|actor| actor.to_string() == root), "{actors:?}");
    let shown = press(&visitor, &format!("{own}/delete"), "/account/admin/users").await;
    assert!(shown.contains("The account of ada is gone.") && !shown.contains("<strong>ada</strong>"), "{shown}");
    visitor.get(&own).await.expect(StatusCode::NOT_FOUND);
    visitor.post(&format!("{own}/delete"), &[]).await.expect(StatusCode::NOT_FOUND);
}

async fn sessions_second_steps_and_passwords_are_taken_away(db: TestDb) {
    let app = TestApp::new(db).await;
    let (visitor, root) = admin(&app, "root1").await;
    let id = user(&app, "ada").await;
    let own = format!("/account/admin/users/{id}");
    let token = app.token("ada", PASSWORD).await;
    let theirs = logged_in(&app, "ada").await;
    let shown = press(&visitor, &format!("{own}/end-sessions"), &own).await;
    assert!(shown.contains("ada is logged out everywhere."), "{shown}");
    theirs.get("/account").await.expect(StatusCode::SEE_OTHER);
    app.get("/auth/me").bearer(&token).send().await.expect_problem(401, "invalid_token");
    let ended = app.events_of(&id).await.into_iter().find(|event| event.kind == EventKind::LoggedOutEverywhere);
    assert_eq!(ended.unwrap().actor.unwrap().to_string(), root);

    let token = app.token("ada", PASSWORD).await;
    app.enrol(&token).await;
    assert!(page(&visitor, &own).await.contains("<dd>Authenticator app</dd>"));
    let shown = press(&visitor, &format!("{own}/remove-second-factors"), &own).await;
    assert!(
        shown.contains("The second step of ada is removed.") && !shown.contains("remove-second-factors"),
        "{shown}"
    );
    app.get("/auth/me").bearer(&token).send().await.expect_problem(401, "invalid_token");
    app.token("ada", PASSWORD).await;

    let path = format!("{own}/password");
    assert!(page(&visitor, &path).await.contains(r#"autocomplete="new-password""#));
    let apart = visitor.post(&path, &[("new_password", NEW), ("new_password_again", PASSWORD)]).await;
    assert!(apart.expect(StatusCode::UNPROCESSABLE_ENTITY).page().contains(r#"id="new_password_again-error""#));
    visitor.post(&path, &[("new_password", NEW), ("new_password_again", NEW)]).await.leads_to(&own);
    app.login("ada", PASSWORD).await.expect_problem(401, "invalid_credentials");
    app.login("ada", NEW).await.expect_problem(403, "password_change_required");
    // Not for those who run the service, and the page does not offer it.
    let (_, other) = admin(&app, "root2").await;
    assert!(!page(&visitor, &format!("/account/admin/users/{other}")).await.contains("/password"));
    let new = [("new_password", NEW), ("new_password_again", NEW)];
    visitor.post(&format!("/account/admin/users/{other}/password"), &new).await.expect(StatusCode::FORBIDDEN);
}

async fn the_last_administrator_stays(db: TestDb) {
    let app = TestApp::new(db).await;
    let (visitor, id) = admin(&app, "root1").await;
    let own = format!("/account/admin/users/{id}");
    assert!(page(&visitor, &own).await.contains("This is your own account."));
    for act in ["disable", "delete", "roles"] {
        let answer = visitor.post(&format!("{own}/{act}"), &[]).await.expect(StatusCode::CONFLICT);
        assert!(answer.page().contains("There would be no administrator left."), "{act}");
    }
    app.token("root1", PASSWORD).await;
}

async fn roles_are_given_made_changed_and_deleted(db: TestDb) {
    let app = TestApp::new(db).await;
    let (visitor, _) = admin(&app, "root1").await;
    let id = user(&app, "ada").await;
    // Those who run the service give what they have.
    role(&app, "admin", "notes:read notes:write").await;
    let visitor = {
        drop(visitor);
        logged_in(&app, "root1").await
    };
    let new = [("role", "editor"), ("scopes", "notes:read\r\nnotes:write\r\n")];
    page(&visitor, "/account/admin/new-role").await;
    visitor.post("/account/admin/new-role", &new).await.leads_to("/account/admin/roles");
    let shown = page(&visitor, "/account/admin/roles").await;
    assert!(shown.contains("The role editor is saved.") && shown.contains("<code>notes:write</code>"), "{shown}");
    for (fields, said) in [
        (new, "There is a role of this name already."),
        ([("role", "two words"), ("scopes", "x")], "This cannot be the name of a role."),
    ] {
        let page =
            visitor.post("/account/admin/new-role", &fields).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
        assert!(page.contains(said), "{page}");
    }
    let shown = page(&visitor, "/account/admin/roles/editor").await;
    assert!(shown.contains("notes:read\nnotes:write</textarea>"), "{shown}");
    visitor.post("/account/admin/roles/editor", &[("scopes", "notes:read")]).await.leads_to("/account/admin/roles");
    let roles = app.portcullis.accounts().roles().await.unwrap();
    assert_eq!(roles.iter().find(|role| role.name.as_str() == "editor").unwrap().scopes.to_string(), "notes:read");

    let path = format!("/account/admin/users/{id}/roles");
    assert!(page(&visitor, &path).await.contains(r#"name="roles" value="editor">"#));
    visitor.post(&path, &[("roles", "editor")]).await.leads_to(&format!("/account/admin/users/{id}"));
    assert_eq!(roles_of(&app, &id).await, ["editor"]);
    assert!(page(&visitor, &path).await.contains(r#"name="roles" value="editor" checked>"#));
    visitor.post(&path, &[("roles", "nonsense")]).await.expect(StatusCode::UNPROCESSABLE_ENTITY);

    press(&visitor, "/account/admin/roles/editor/delete", "/account/admin/roles").await;
    assert!(roles_of(&app, &id).await.is_empty());
    for path in ["/account/admin/roles/editor", "/account/admin/roles/editor/delete"] {
        visitor.get(path).await.expect(StatusCode::NOT_FOUND);
        visitor.post(path, &[("scopes", "x")]).await.expect(StatusCode::NOT_FOUND);
    }
    let refused = visitor.post("/account/admin/roles/admin/delete", &[]).await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.page().contains("This role belongs to the service and stays."));
}

async fn the_trail_is_looked_through(db: TestDb) {
    let app = TestApp::new(db).await;
    let (visitor, root) = admin(&app, "root1").await;
    let id = user(&app, "ada").await;
    app.login("ada", "wrong password").await.expect(StatusCode::UNAUTHORIZED);
    press(&visitor, &format!("/account/admin/users/{id}/disable"), &format!("/account/admin/users/{id}")).await;
    let all = page(&visitor, "/account/admin/events").await;
    for part in ["Login refused", "Account disabled", "192.0.2.1", "2026-09-21 14:13 UTC"] {
        assert!(all.contains(part), "{part}: {all}");
    }
    let by = format!(r#"by <a href="/account/admin/users/{root}">root1</a>"#);
    assert!(all.contains(&by) && all.contains(r#"<span class="badge bad">refused</span>"#), "{all}");
    for who in ["ada", "ADA%40example.com", &id] {
        let theirs = page(&visitor, &format!("/account/admin/events?user={who}&kind=user_disabled")).await;
        assert_eq!(theirs.matches("<time").count(), 1, "{theirs}");
        assert!(theirs.contains(r#"<option value="user_disabled" selected>"#));
    }
    let unknown =
        visitor.get("/account/admin/events?user=nobody").await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    assert!(unknown.contains(r#"id="user-error""#) && unknown.contains(r#"value="nobody""#), "{unknown}");
    assert!(
        page(&visitor, "/account/admin/events?kind=users_exported").await.contains("Nothing of that has happened.")
    );
    let first = page(&visitor, "/account/admin/events?limit=1").await;
    let (_, older) = first.split_once(r#"<a href="/account/admin/events?cursor="#).unwrap();
    let older = older.split_once('"').unwrap().0;
    let second = page(&visitor, &format!("/account/admin/events?limit=1&cursor={older}")).await;
    assert!(second.contains("<strong>Login refused</strong>"), "{second}");
    for bad in ["?kind=x", "?cursor=x", "?user=%00"] {
        visitor.get(&format!("/account/admin/events{bad}")).await.expect(StatusCode::UNPROCESSABLE_ENTITY).page();
    }
    let own = page(&visitor, "/account").await;
    assert!(own.contains(r#"href="/account/admin/users""#), "{own}");
    // Whoever may see no users is told no names.
    let auditor = helper(&app, "auditor", "events:read").await;
    assert!(page(&auditor, "/account").await.contains(r#"href="/account/admin/events""#));
    assert!(!page(&logged_in(&app, "auditor").await, "/account").await.contains("admin/users"));
    let seen = page(&auditor, "/account/admin/events").await;
    assert!(seen.contains(&id) && !seen.contains("href=\"/account/admin/users/"), "{seen}");
    auditor.get("/account/admin/events?user=ada").await.expect(StatusCode::UNPROCESSABLE_ENTITY);
    page(&auditor, &format!("/account/admin/events?user={id}")).await;
}

async fn ht_1_nothing_on_these_pages_becomes_markup(db: TestDb) {
    const MARKUP: &str = "\"><svg onload>'&{{7*1111111}}";
    let app = TestApp::new(db).await;
    let (visitor, _) = admin(&app, "root1").await;
    let json = serde_json::json!({"username": "ada", "email": "ada@example.com", "password": PASSWORD, "name": MARKUP});
    app.post("/auth/register").header("user-agent", MARKUP).json(&json).send().await.expect(StatusCode::CREATED);
    let found = app.portcullis.accounts().get_user_by_name_or_mail("ada").await.unwrap().unwrap();
    let id = found.user.id.to_string();
    let encoded = |name| form_urlencoded::Serializer::new(String::new()).append_pair(name, MARKUP).finish();
    let mut pages = Vec::new();
    for (path, _) in PAGES {
        let path = path.replace("{id}", &id);
        let fields = ["q", "user", "role", "scopes", "username", "email", "display_name", "roles", "new_password"];
        pages.push(visitor.get(&path).await);
        if !path.ends_with("delete") && !path.ends_with("disable") {
            pages.push(visitor.post(&path, &fields.map(|name| (name, MARKUP))).await);
        }
        for name in ["q", "user", "next", "state", "kind", "cursor"] {
            pages.push(visitor.get(&format!("{path}?{}", encoded(name))).await);
        }
    }
    let mut read = 0;
    for answer in pages.into_iter().filter(|answer| answer.status != StatusCode::SEE_OTHER) {
        let page = answer.page();
        assert!(!page.contains("<svg") && !page.contains("\"><svg") && !page.contains("7777777"), "{page}");
        read += usize::from(page.contains("&lt;svg onload&gt;"));
    }
    assert!(read > 8, "{read}");
}

async fn someone_unknown_has_no_page(db: TestDb) {
    let app = TestApp::new(db).await;
    let (visitor, _) = admin(&app, "root1").await;
    for id in ["00000000-0000-7000-8000-000000000000", "nonsense", "%ff"] {
        for (path, _) in PAGES.into_iter().filter(|(path, _)| path.contains("{id}")) {
            let path = path.replace("{id}", id);
            visitor.get(&path).await.expect(StatusCode::NOT_FOUND).page();
            if path.matches('/').count() > 4 {
                visitor.post(&path, &[]).await.expect(StatusCode::NOT_FOUND).page();
            }
        }
    }
}
