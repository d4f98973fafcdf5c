//! The grade that Mozilla's HTTP Observatory gives every page, by its own table of points.
//!
//! Its scanner looks at public hosts only. What it counts there is in `src/scoring` of `mdn/mdn-http-observatory`, and is
//! counted here in the same way, for a service on https.

use axum::http::{HeaderMap, Method, StatusCode};

use crate::{app::TestApp, both, db::TestDb, visitor::Visitor};

both![hd_1_mozillas_observatory_gives_every_page_an_a_plus];

/// From how many points on the grade is A+.
const A_PLUS: i32 = 100;

/// The points of an answer: 100, less what is missing, and more for what is better than asked. A bonus counts only from 90
/// points on.
fn points(headers: &HeaderMap, page: &str) -> i32 {
    let all = |name: &str| headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    let one = |name: &str| all(name).first().copied().unwrap_or_default().to_owned();
    let (mut lost, mut won) = (0, 0);

    // content-security-policy: nothing unsafe, and nothing by default.
    let policy = one("content-security-policy");
    let directive = |name: &str| {
        let mut parts = policy.split(';').map(str::trim);
        parts.find_map(|part| part.strip_prefix(name)).map(str::trim)
    };
    match directive("default-src") {
        _ if policy.contains("unsafe-") || policy.contains('*') || policy.contains("data:") => lost += 20,
        Some("'none'") => won += 10,
        Some(_) => won += 5,
        None => lost += 25,
    }
    // cookies: Secure and HttpOnly, those of sessions above all; SameSite is a bonus.
    let cookies = all("set-cookie");
    if !cookies.iter().all(|cookie| cookie.contains("; Secure") && cookie.contains("; HttpOnly")) {
        lost += 40;
    } else if !cookies.is_empty() && cookies.iter().all(|cookie| cookie.contains("; SameSite=Lax")) {
        won += 5;
    }
    // cross-origin-resource-sharing: not public.
    if headers.contains_key("access-control-allow-origin") {
        lost += 50;
    }
    // cross-origin-resource-policy.
    match one("cross-origin-resource-policy").as_str() {
        "same-origin" | "same-site" => won += 10,
        "" => {}
        _ => lost += 5,
    }
    // referrer-policy: one of the private ones.
    match one("referrer-policy").as_str() {
        "same-origin" | "no-referrer" | "strict-origin" | "strict-origin-when-cross-origin" => won += 5,
        "" => {}
        _ => lost += 5,
    }
    // strict-transport-security: six months at least.
    let age = one("strict-transport-security");
    let age = age.split(';').find_map(|part| part.trim().strip_prefix("max-age=")?.parse::<u64>().ok());
    lost += match age {
        Some(15_768_000..) => 0,
        Some(_) => 10,
        None => 20,
    };
    // subresource-integrity: no script from elsewhere.
    if page.match_indices("<script").any(|(at, _)| !page[at..].starts_with("<script src=\"/auth/assets/")) {
        lost += 50;
    }
    // x-content-type-options.
    if one("x-content-type-options") != "nosniff" {
        lost += 5;
    }
    // x-frame-options, or what has taken its place.
    match directive("frame-ancestors") {
        Some("'none'" | "'self'") => won += 5,
        _ => lost += 20,
    }
    let plain = 100 - lost;
    if plain >= 90 { plain + won } else { plain }
}

async fn hd_1_mozillas_observatory_gives_every_page_an_a_plus(db: TestDb) {
    let app = TestApp::new(db).await;
    app.register("ada", "ada@example.com").await.expect(StatusCode::CREATED);
    app.db.make_admin("ada").await;
    let (stranger, admin) = (Visitor::new(&app), Visitor::new(&app));
    let login = admin.log_in("ada", crate::app::PASSWORD).await;
    let id = app.portcullis.accounts().get_user_by_name_or_mail("ada").await.unwrap().unwrap().user.id.to_string();
    let mut answers = vec![("/login".to_owned(), login)];
    let rules = portcullis::pages::stated_rules();
    for rule in rules.iter().filter(|rule| rule.method() == Some(&Method::GET)) {
        let path = rule.path().replace("{id}", &id).replace("{role}", "admin").replace("{act}", "disable");
        for visitor in [&stranger, &admin] {
            answers.push((path.clone(), visitor.get(&path).await));
            answers.push((path.clone(), visitor.post(&path, &[]).await));
        }
        // Whoever logs out by that is in again for the next one.
        admin.log_in("ada", crate::app::PASSWORD).await;
    }
    let shown = answers.iter().filter(|(_, answer)| answer.status == StatusCode::OK).count();
    assert!(shown > 30, "{shown}");
    for (path, answer) in answers {
        let page = String::from_utf8(answer.bytes).unwrap_or_default();
        let points = points(&answer.headers, &page);
        assert!(points >= A_PLUS, "{path}: {points}, {:?}", answer.headers);
    }
}
