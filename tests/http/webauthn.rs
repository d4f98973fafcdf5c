//! Adding keys, looking at them, and parting with them.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use futures_util::future::join_all;
use portcullis::{audit::EventKind, passkey::PASSKEYS_MAX, testing::SoftAuthenticator};
use serde_json::json;

use crate::{
    app::{PASSWORD, TestApp},
    authenticator::texts,
    both,
    db::TestDb,
    key::{self, BE, BS, ED, Forgery, Key, ORIGIN, RP_ID, UP, UV, encoded},
};

both![
    a_passkey_is_added_and_listed,
    a_key_is_renamed_and_removed,
    a_key_of_another_user_is_not_there,
    recovery_codes_come_with_the_first_second_factor_and_go_with_the_last,
    a_list_of_keys_comes_in_pieces,
    nobody_begins_to_add_more_keys_than_they_may_have,
    wa_1_a_challenge_of_a_registration_is_good_for_one_answer,
    wa_1_a_challenge_ends_after_five_minutes,
    wa_1_a_challenge_belongs_to_the_session_it_was_asked_in,
    wa_1_an_answer_to_a_login_registers_nothing,
    wa_2_forged_registrations_are_refused,
    wa_6_a_key_belongs_to_one_user,
    wa_6_in_a_race_of_registrations_of_one_key_one_wins,
    wa_6_a_credential_id_of_1023_bytes_is_taken,
    wa_10_adding_and_removing_asks_for_a_fresh_login_with_every_factor,
    wa_10_the_last_way_in_cannot_be_removed_not_even_in_a_race,
    wa_11_an_authenticator_is_told_nothing_of_the_account,
    the_software_authenticator_registers_and_logs_in,
];

async fn a_passkey_is_added_and_listed(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let mut key = Key::passkey();
    let added = app.add_key(&token, "passkey", &mut key).await;
    assert_eq!(texts(&added["recovery_codes"]).len(), 10);
    let keys = app.keys(&token).await;
    assert_eq!(keys.len(), 1);
    for (field, value) in [
        ("id", added["id"].clone()),
        ("kind", json!("passkey")),
        ("name", json!("Key")),
        ("transports", json!(["usb"])),
        ("last_used_at", json!(null)),
        ("backup_eligible", json!(true)),
        ("backed_up", json!(true)),
    ] {
        assert_eq!(keys[0][field], value, "{field}");
    }
    assert!(keys[0]["created_at"].is_string());
    assert!(keys[0].get("public_key").is_none() && keys[0].get("credential_id").is_none());

    // It is known by its last use, and by whether it has left its device since.
    key.flags &= !BS;
    app.passkey_login(&mut key).await.expect(StatusCode::OK);
    let keys = app.keys(&token).await;
    assert_eq!(keys[0]["backed_up"], false);
    assert!(keys[0]["last_used_at"].is_string());
    let me = app.get("/auth/me").bearer(&token).send().await.body;
    let kinds: Vec<_> = app.events_of(me["id"].as_str().unwrap()).await.iter().map(|event| event.kind).collect();
    assert!(kinds.contains(&EventKind::PasskeyAdded), "{kinds:?}");
}

async fn a_key_is_renamed_and_removed(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let (mut phone, mut stick) = (Key::passkey(), Key::security_key());
    app.add_key(&token, "passkey", &mut phone).await;
    let token = crate::keys::token_of(&app.passkey_login(&mut phone).await);
    let added = app.add_key(&token, "security_key", &mut stick).await;
    assert!(added.get("recovery_codes").is_none());
    let path = format!("/auth/webauthn/credentials/{}", added["id"].as_str().unwrap());
    let rename = |name: &str| app.request(Method::PATCH, &path).bearer(&token).json(&json!({"name": name})).send();
    let renamed = rename(" Stick ").await.expect(StatusCode::OK);
    assert_eq!((&renamed.body["name"], &renamed.body["kind"]), (&json!("Stick"), &json!("security_key")));
    for bad in ["", "   ", "a\nb", &"x".repeat(65)] {
        assert_eq!(rename(bad).await.expect_problem(422, "invalid_fields").field_errors(), ["name: invalid_name"]);
    }
    app.request(Method::DELETE, &path).bearer(&token).send().await.expect(StatusCode::NO_CONTENT);
    app.request(Method::DELETE, &path).bearer(&token).send().await.expect_problem(404, "not_found");
    rename("Gone").await.expect_problem(404, "not_found");
    let asked = app.begin_second_factor("ada").await;
    let response = stick.answer(&asked["webauthn_options"]);
    app.finish_second_factor(&asked, &response).await.expect_problem(401, "invalid_second_factor");
    let me = app.get("/auth/me").bearer(&token).send().await.body;
    let events = app.events_of(me["id"].as_str().unwrap()).await;
    for kind in [EventKind::PasskeyRenamed, EventKind::PasskeyRemoved] {
        assert_eq!(events.iter().filter(|event| event.kind == kind).count(), 1, "{kind:?}");
    }
}

async fn a_key_of_another_user_is_not_there(db: TestDb) {
    let app = TestApp::new(db).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let added = app.add_key(&ada, "passkey", &mut Key::passkey()).await;
    assert!(app.keys(&bob).await.is_empty());
    let path = format!("/auth/webauthn/credentials/{}", added["id"].as_str().unwrap());
    let rename = app.request(Method::PATCH, &path).bearer(&bob).json(&json!({"name": "Mine"})).send().await;
    rename.expect_problem(404, "not_found");
    app.request(Method::DELETE, &path).bearer(&bob).send().await.expect_problem(404, "not_found");
    assert_eq!(app.keys(&ada).await[0]["name"], "Key");
    let odd = app.request(Method::DELETE, "/auth/webauthn/credentials/x").bearer(&bob).send().await;
    odd.expect_problem(404, "not_found");
}

async fn recovery_codes_come_with_the_first_second_factor_and_go_with_the_last(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let mut key = Key::passkey();
    let added = app.add_key(&token, "passkey", &mut key).await;
    let codes = texts(&added["recovery_codes"]);
    let token = crate::keys::token_of(&app.passkey_login(&mut key).await);

    // An authenticator app beside it: the codes stay as they were, whichever of the two goes first.
    let authenticator = app.set_up(&token).await;
    let code = json!({"code": authenticator.code(&app)});
    let confirmed = app.post("/auth/totp/confirm").bearer(&token).json(&code).send().await.expect(StatusCode::OK);
    assert!(confirmed.body.get("recovery_codes").is_none());
    let left = || async { app.get("/auth/recovery-codes").bearer(&token).send().await.body["remaining"].clone() };
    assert_eq!(left().await, 10);
    let code = json!({"code": authenticator.next_code(&app)});
    app.post("/auth/totp/disable").bearer(&token).json(&code).send().await.expect(StatusCode::NO_CONTENT);
    assert_eq!(left().await, 10);
    let flow = app.flow_of("ada").await;
    app.finish(&flow, "recovery_code", &codes[0]).await.expect(StatusCode::OK);
    let path = format!("/auth/webauthn/credentials/{}", added["id"].as_str().unwrap());
    app.request(Method::DELETE, &path).bearer(&token).send().await.expect(StatusCode::NO_CONTENT);
    assert_eq!(left().await, 0);
    app.login("ada", PASSWORD).await.expect(StatusCode::OK);
}

async fn a_list_of_keys_comes_in_pieces(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut first = Key::passkey();
    app.user_with_passkey("ada", &mut first).await;
    let token = crate::keys::token_of(&app.passkey_login(&mut first).await);
    for _ in 0..2 {
        app.add_key(&token, "security_key", &mut Key::security_key()).await;
    }
    let page = app.get("/auth/webauthn/credentials?limit=2").bearer(&token).send().await.expect(StatusCode::OK).body;
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let path = format!("/auth/webauthn/credentials?limit=2&cursor={}", page["next"].as_str().unwrap());
    let rest = app.get(&path).bearer(&token).send().await.expect(StatusCode::OK).body;
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
}

async fn nobody_begins_to_add_more_keys_than_they_may_have(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut first = Key::passkey();
    app.user_with_passkey("ada", &mut first).await;
    let token = crate::keys::token_of(&app.passkey_login(&mut first).await);
    let late = app.begin_key(&token, "security_key").await;
    for _ in 1..PASSKEYS_MAX {
        app.add_key(&token, "security_key", &mut Key::security_key()).await;
    }
    let refused = app.post("/auth/webauthn/register/start").bearer(&token).json(&json!({})).send().await;
    refused.expect_problem(409, "too_many_passkeys");
    let response = Key::security_key().register(&late["options"]);
    app.finish_key(&token, &late, &response, "Key").await.expect_problem(409, "too_many_passkeys");
    // Whoever has so many logs in with any of them.
    app.passkey_login(&mut first).await.expect(StatusCode::OK);
    assert_eq!(
        app.begin_second_factor("ada").await["webauthn_options"]["allowCredentials"].as_array().unwrap().len(),
        50
    );
}

async fn wa_1_a_challenge_of_a_registration_is_good_for_one_answer(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    // A wrong answer ends it…
    let begun = app.begin_key(&token, "passkey").await;
    let mut key = Key::passkey();
    let right = key.register(&begun["options"]);
    let wrong = key.register_as(&begun["options"], |draft| draft.flags &= !UV);
    let refused = app.finish_key(&token, &begun, &wrong, "Key").await.expect_problem(422, "invalid_fields");
    assert_eq!(refused.field_errors(), ["webauthn_response: invalid_response"]);
    app.finish_key(&token, &begun, &right, "Key").await.expect_problem(401, "flow_invalid");
    // …and so does one that is not even read…
    let begun = app.begin_key(&token, "passkey").await;
    app.finish_key(&token, &begun, &json!({}), "Key").await.expect_problem(422, "invalid_fields");
    app.finish_key(&token, &begun, &right, "Key").await.expect_problem(401, "flow_invalid");
    // …and a right one.
    let begun = app.begin_key(&token, "passkey").await;
    let right = key.register(&begun["options"]);
    app.finish_key(&token, &begun, &right, "Key").await.expect(StatusCode::CREATED);
    let token = crate::keys::token_of(&app.passkey_login(&mut key).await);
    app.finish_key(&token, &begun, &right, "Key").await.expect_problem(401, "flow_invalid");
}

async fn wa_1_a_challenge_ends_after_five_minutes(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let mut key = Key::passkey();
    let begun = app.begin_key(&token, "passkey").await;
    assert_eq!(begun["options"]["timeout"], 300_000);
    let response = key.register(&begun["options"]);
    app.advance(Duration::from_mins(5));
    app.finish_key(&token, &begun, &response, "Key").await.expect_problem(401, "flow_invalid");
    // What was left behind is swept away.
    app.begin_key(&token, "passkey").await;
    app.advance(Duration::from_mins(5));
    app.db.store.forget_expired(app.now()).await.unwrap();
    assert_eq!(app.db.count("passkey_challenges").await, 0);
}

async fn wa_1_a_challenge_belongs_to_the_session_it_was_asked_in(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let elsewhere = app.token("ada", PASSWORD).await;
    let bob = app.user("bob").await;
    for other in [&elsewhere, &bob] {
        let begun = app.begin_key(&token, "passkey").await;
        let response = Key::passkey().register(&begun["options"]);
        app.finish_key(other, &begun, &response, "Key").await.expect_problem(401, "flow_invalid");
        app.finish_key(&token, &begun, &response, "Key").await.expect_problem(401, "flow_invalid");
    }
}

async fn wa_1_an_answer_to_a_login_registers_nothing(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let begun = app.begin_passkey_login().await;
    let mut key = Key::passkey();
    let mut options = begun["options"].clone();
    options["user"] = json!({"id": encoded(&[7; 16])});
    let response = key.register(&options);
    app.finish_key(&token, &begun, &response, "Key").await.expect_problem(401, "flow_invalid");
}

async fn wa_2_forged_registrations_are_refused(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let forgeries: [(&str, Forgery); 19] = [
        ("type", |draft| draft.client_data["type"] = json!("webauthn.get")),
        ("challenge", |draft| draft.client_data["challenge"] = json!(encoded(&[7; 32]))),
        ("padded challenge", |draft| {
            let padded = format!("{}=", draft.client_data["challenge"].as_str().unwrap());
            draft.client_data["challenge"] = json!(padded);
        }),
        ("origin", |draft| draft.client_data["origin"] = json!("https://evil.example")),
        ("subdomain", |draft| draft.client_data["origin"] = json!("https://evil.id.example")),
        ("scheme", |draft| draft.client_data["origin"] = json!("http://id.example")),
        ("port", |draft| draft.client_data["origin"] = json!("https://id.example:8443")),
        ("path", |draft| draft.client_data["origin"] = json!("https://id.example/evil")),
        ("cross-origin", |draft| draft.client_data["crossOrigin"] = json!(true)),
        ("top origin", |draft| draft.client_data["topOrigin"] = json!("https://id.example")),
        ("a member twice", |draft| {
            let json = draft.client_data.to_string();
            draft.client_data_json = Some(json.replacen('{', r#"{"type":"webauthn.create","#, 1));
        }),
        ("relying party", |draft| draft.rp_id = "evil.example".into()),
        ("nobody there", |draft| draft.flags &= !UP),
        ("nobody verified", |draft| draft.flags &= !UV),
        ("backed up, not eligible", |draft| draft.flags &= !BE),
        ("no credential", |draft| draft.flags &= !key::AT),
        ("bytes behind the end", |draft| draft.tail.push(0)),
        ("extensions announced", |draft| draft.flags |= ED),
        ("another algorithm", |draft| {
            let alg = draft.tail.len() - 77 + 4;
            assert_eq!(draft.tail[alg], 0x26);
            draft.tail[alg] = 0x27;
        }),
    ];
    for (what, forge) in forgeries {
        let begun = app.begin_key(&token, "passkey").await;
        let response = Key::passkey().register_as(&begun["options"], forge);
        let refused = app.finish_key(&token, &begun, &response, "Key").await;
        assert_eq!(refused.field_errors(), ["webauthn_response: invalid_response"], "{what}: {}", refused.body);
    }
    // A response that has another id outside than inside, or padding, or a name twice.
    for (what, change) in [
        ("another id", (|response| response["rawId"] = json!("AAAA")) as fn(&mut serde_json::Value)),
        ("both ids others", |response| {
            response["rawId"] = json!("AAAA");
            response["id"] = json!("AAAA");
        }),
        ("padded", |response| {
            let padded = format!("{}==", response["response"]["attestationObject"].as_str().unwrap());
            response["response"]["attestationObject"] = json!(padded);
        }),
        ("another type", |response| response["type"] = json!("password")),
    ] {
        let begun = app.begin_key(&token, "passkey").await;
        let mut response = Key::passkey().register(&begun["options"]);
        change(&mut response);
        let refused = app.finish_key(&token, &begun, &response, "Key").await;
        assert_eq!(refused.field_errors(), ["webauthn_response: invalid_response"], "{what}: {}", refused.body);
    }
    let begun = app.begin_key(&token, "passkey").await;
    let response = Key::passkey().register(&begun["options"]).to_string().replacen('{', r#"{"type":"public-key","#, 1);
    let body = format!(r#"{{"flow":{},"name":"Key","webauthn_response":{response}}}"#, begun["flow"]);
    let call = app.post("/auth/webauthn/register/finish").bearer(&token).header("content-type", "application/json");
    call.body(body).send().await.expect_problem(400, "invalid_request");
    assert!(app.keys(&token).await.is_empty());
}

async fn wa_6_a_key_belongs_to_one_user(db: TestDb) {
    let app = TestApp::new(db).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let mut key = Key::passkey();
    app.add_key(&ada, "passkey", &mut key).await;
    let begun = app.begin_key(&bob, "passkey").await;
    // Under the same id: another pair of keys, as one who has only seen the id would have.
    let mut forged = Key::passkey();
    forged.id.clone_from(&key.id);
    for mut key in [key, forged] {
        let begun = if key.handle.is_empty() { begun.clone() } else { app.begin_key(&bob, "passkey").await };
        let response = key.register(&begun["options"]);
        let refused = app.finish_key(&bob, &begun, &response, "Key").await.expect_problem(422, "invalid_fields");
        assert_eq!(refused.field_errors(), ["webauthn_response: invalid_response"]);
    }
    assert!(app.keys(&bob).await.is_empty());
}

async fn wa_6_in_a_race_of_registrations_of_one_key_one_wins(db: TestDb) {
    let app = TestApp::new(db).await;
    let key = Key::passkey();
    let mut calls = Vec::new();
    for number in 0..8 {
        let token = app.user(&format!("user{number}")).await;
        let begun = app.begin_key(&token, "passkey").await;
        let mut copy = Key::passkey();
        copy.id.clone_from(&key.id);
        let response = copy.register(&begun["options"]);
        calls.push((token, begun, response));
    }
    let answers =
        join_all(calls.iter().map(|(token, begun, response)| app.finish_key(token, begun, response, "Key"))).await;
    let won = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    assert_eq!(won, 1);
    assert_eq!(app.db.count("passkeys").await, 1);
}

async fn wa_6_a_credential_id_of_1023_bytes_is_taken(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    for (len, status) in
        [(1024, StatusCode::UNPROCESSABLE_ENTITY), (0, StatusCode::UNPROCESSABLE_ENTITY), (1023, StatusCode::CREATED)]
    {
        let mut key = Key::passkey();
        key.id = vec![7; len];
        let begun = app.begin_key(&token, "passkey").await;
        let response = key.register(&begun["options"]);
        let answer = app.finish_key(&token, &begun, &response, "Key").await;
        assert_eq!(answer.status, status, "{len}: {}", answer.body);
    }
}

async fn wa_10_adding_and_removing_asks_for_a_fresh_login_with_every_factor(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let mut key = Key::passkey();
    let added = app.add_key(&token, "passkey", &mut key).await;
    // With a password alone, now that there is more.
    let refused = app.post("/auth/webauthn/register/start").bearer(&token).json(&json!({})).send().await;
    refused.expect_problem(401, "insufficient_user_authentication");
    let both = crate::keys::token_of(&app.login_with_key("ada", &mut key).await);
    let path = format!("/auth/webauthn/credentials/{}", added["id"].as_str().unwrap());
    app.advance(Duration::from_mins(11));
    for call in [
        app.post("/auth/webauthn/register/start").json(&json!({})),
        app.post("/auth/webauthn/register/finish").json(&json!({})),
        app.request(Method::PATCH, &path).json(&json!({"name": "Mine"})),
        app.request(Method::DELETE, &path),
    ] {
        call.bearer(&both).send().await.expect_problem(401, "insufficient_user_authentication");
    }
    // What the user has is not to be made again.
    let token = crate::keys::token_of(&app.passkey_login(&mut key).await);
    let begun = app.begin_key(&token, "security_key").await;
    let excluded = &begun["options"]["excludeCredentials"];
    assert_eq!(excluded, &json!([{"type": "public-key", "id": encoded(&key.id), "transports": ["usb"]}]));
    let again = key.register(&begun["options"]);
    app.finish_key(&token, &begun, &again, "Key").await.expect_problem(422, "invalid_fields");
}

async fn wa_10_the_last_way_in_cannot_be_removed_not_even_in_a_race(db: TestDb) {
    let app = TestApp::with(db, |config| config.passkey_registration = true).await;
    let mut key = Key::passkey();
    let token = app.register_with_passkey("ada", &mut key).await;
    let first = app.keys(&token).await[0]["id"].clone();
    let remove = |id: &serde_json::Value| {
        let path = format!("/auth/webauthn/credentials/{}", id.as_str().unwrap());
        app.request(Method::DELETE, &path).bearer(&token).send()
    };
    remove(&first).await.expect_problem(409, "last_factor");
    // A security key alone opens nothing.
    app.add_key(&token, "security_key", &mut Key::security_key()).await;
    remove(&first).await.expect_problem(409, "last_factor");
    let second = app.add_key(&token, "passkey", &mut Key::passkey()).await;
    // Of two that are taken away at once, one stays.
    let answers = join_all([remove(&first), remove(&second["id"])]).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    assert_eq!(app.keys(&token).await.len(), 2);
}

async fn wa_11_an_authenticator_is_told_nothing_of_the_account(db: TestDb) {
    let app = TestApp::new(db).await;
    let (ada, bob) = (app.user("ada").await, app.user("bob").await);
    let id = app.get("/auth/me").bearer(&ada).send().await.body["id"].as_str().unwrap().replace('-', "");
    let mut handles = Vec::new();
    for (token, kind) in [(&ada, "passkey"), (&ada, "security_key"), (&bob, "passkey")] {
        let options = app.begin_key(token, kind).await["options"].clone();
        let handle = key::decoded(&options["user"]["id"]);
        assert_eq!(handle.len(), 16);
        assert_ne!(uuid::Uuid::from_slice(&handle).unwrap().simple().to_string(), id);
        handles.push(handle);
        assert_eq!(options["attestation"], "none");
        assert_eq!(options["rp"]["id"], RP_ID);
        let selection = &options["authenticatorSelection"];
        let (resident, verified) =
            if kind == "passkey" { ("required", "required") } else { ("discouraged", "preferred") };
        assert_eq!((&selection["residentKey"], &selection["userVerification"]), (&json!(resident), &json!(verified)));
    }
    assert_eq!(handles[0], handles[1]);
    assert_ne!(handles[0], handles[2]);
    let refused = app.post("/auth/webauthn/register/start").bearer(&ada).json(&json!({"kind": "other"})).send().await;
    assert_eq!(refused.field_errors(), ["kind: invalid_kind"]);
}

async fn the_software_authenticator_registers_and_logs_in(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    let mut phone = SoftAuthenticator::at(ORIGIN).unwrap();
    let begun = app.begin_key(&token, "passkey").await;
    let made = phone.register(&begun["options"]).await.unwrap();
    app.finish_key(&token, &begun, &made, "Phone").await.expect(StatusCode::CREATED);
    let begun = app.begin_passkey_login().await;
    let shown = phone.authenticate(&begun["options"]).await.unwrap();
    let answer = app.finish_passkey_login(&begun, &shown).await.expect(StatusCode::OK);
    let token = crate::keys::token_of(&answer);
    let asked = app.begin_second_factor("ada").await;
    let shown = phone.authenticate(&asked["webauthn_options"]).await.unwrap();
    app.finish_second_factor(&asked, &shown).await.expect(StatusCode::OK);
    // It minds what it is asked: not to make a second one.
    let begun = app.begin_key(&token, "passkey").await;
    assert!(phone.register(&begun["options"]).await.is_err());
    assert!(SoftAuthenticator::at("https://evil.example").unwrap().register(&begun["options"]).await.is_err());
}
