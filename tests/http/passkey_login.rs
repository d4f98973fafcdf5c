//! Logging in with a passkey and nothing else, forged ones among them.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use portcullis::audit::EventKind;
use serde_json::{Value, json};

use crate::{
    app::{PASSWORD, TestApp},
    both,
    db::TestDb,
    key::{AT, BE, BS, ED, Forgery, Key, UP, UV, encoded},
    keys::{authenticated_by, token_of},
};

both![
    a_passkey_is_a_whole_login,
    a_passkey_is_used_where_the_settings_say_so_too,
    wa_1_a_login_is_answered_once,
    wa_1_in_a_race_of_answers_to_one_challenge_one_opens_a_session,
    wa_1_a_challenge_is_good_for_its_own_ceremony,
    wa_2_forged_assertions_are_refused,
    wa_4_a_key_of_one_device_does_not_become_one_that_may_leave_it,
    wa_7_a_passkey_opens_the_account_that_it_belongs_to,
    wa_8_a_count_that_has_not_risen_is_refused_and_noted,
    wa_8_in_a_race_of_answers_with_one_count_one_opens_a_session,
    wa_9_an_unknown_passkey_and_a_wrong_answer_look_alike,
    wa_12_what_has_two_readings_is_refused,
    a_disabled_account_is_shut_for_passkeys,
    a_security_key_is_no_whole_login,
];

async fn a_passkey_is_a_whole_login(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    let begun = app.begin_passkey_login().await;
    assert_eq!(begun["options"]["userVerification"], "required");
    assert_eq!(begun["options"]["allowCredentials"], json!([]));
    assert!(begun["options"].get("mediation").is_none());
    let answer = app.finish_passkey_login(&begun, &key.answer(&begun["options"])).await.expect(StatusCode::OK);
    assert_eq!(answer.body["user"]["username"], "ada");
    assert_eq!(authenticated_by(&answer), (vec!["hwk".into(), "mfa".into(), "user".into()], "aal2".into()));
    // It is as fresh as a login can be, and says so.
    app.begin_key(&token_of(&answer), "security_key").await;

    // An account that must have a second factor has shown two.
    let app = app.reopened(|config| config.second_factor = portcullis::config::SecondFactorPolicy::All).await;
    app.passkey_login(&mut key).await.expect(StatusCode::OK);
}

async fn a_passkey_is_used_where_the_settings_say_so_too(db: TestDb) {
    let app =
        TestApp::with(db, |config| config.webauthn_origins = vec!["https://app.id.example".parse().unwrap()]).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    for (origin, opens) in
        [("https://app.id.example", true), ("https://id.example", true), ("https://b.id.example", false)]
    {
        let begun = app.begin_passkey_login().await;
        let response = key.answer_as(&begun["options"], |draft| draft.client_data["origin"] = json!(origin));
        let answer = app.finish_passkey_login(&begun, &response).await;
        assert_eq!(answer.status.is_success(), opens, "{origin}");
    }
}

async fn wa_1_a_login_is_answered_once(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    // Replayed after a success.
    let begun = app.begin_passkey_login().await;
    let response = key.answer(&begun["options"]);
    app.finish_passkey_login(&begun, &response).await.expect(StatusCode::OK);
    app.finish_passkey_login(&begun, &response).await.expect_problem(401, "flow_invalid");
    // Right after a failure.
    let begun = app.begin_passkey_login().await;
    let response = key.answer(&begun["options"]);
    app.finish_passkey_login(&begun, &json!({})).await.expect_problem(401, "invalid_credentials");
    app.finish_passkey_login(&begun, &response).await.expect_problem(401, "flow_invalid");
    // Right, and too late; right, in another flow.
    let (begun, other) = (app.begin_passkey_login().await, app.begin_passkey_login().await);
    let response = key.answer(&begun["options"]);
    app.finish_passkey_login(&other, &response).await.expect_problem(401, "invalid_credentials");
    app.advance(Duration::from_mins(5));
    app.finish_passkey_login(&begun, &response).await.expect_problem(401, "flow_invalid");
    for bad in ["", "x", "pcf_x"] {
        app.finish_passkey_login(&json!({"flow": bad}), &response).await.expect_problem(401, "flow_invalid");
    }
    let missing = app.post("/auth/login/passkey/finish").json(&json!({})).send().await;
    assert_eq!(missing.field_errors(), ["flow: missing", "webauthn_response: missing"]);
    let wrong = app.finish_passkey_login(&begun, &json!("x")).await;
    assert_eq!(wrong.field_errors(), ["webauthn_response: wrong_type"]);
}

async fn wa_1_in_a_race_of_answers_to_one_challenge_one_opens_a_session(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    let begun = app.begin_passkey_login().await;
    let response = key.answer(&begun["options"]);
    let answers = join_all((0..32).map(|_| app.finish_passkey_login(&begun, &response))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
}

async fn wa_1_a_challenge_is_good_for_its_own_ceremony(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    let token = token_of(&app.passkey_login(&mut key).await);

    // A registration's, a second factor's and a reauthentication's are no login.
    let registration = app.begin_key(&token, "passkey").await;
    let second = app.begin_second_factor("ada").await;
    let again = app.begin_reauthentication(&token).await;
    for (flow, options) in [
        (&registration["flow"], &registration["options"]),
        (&second["flow"], &second["webauthn_options"]),
        (&again["flow"], &again["webauthn_options"]),
    ] {
        let response = key.answer(options);
        app.finish_passkey_login(&json!({"flow": flow}), &response).await.expect_problem(401, "flow_invalid");
    }
    // A login's is neither a second factor nor shows anyone again.
    let login = app.begin_passkey_login().await;
    let response = key.answer(&login["options"]);
    app.finish_second_factor(&login, &response).await.expect_problem(401, "flow_invalid");
    let second = app.begin_second_factor("ada").await;
    let login = app.begin_passkey_login().await;
    let response = key.answer(&login["options"]);
    app.finish_second_factor(&second, &response).await.expect_problem(401, "invalid_second_factor");
    let body = json!({"flow": login["flow"], "webauthn_response": response});
    let refused = app.post("/auth/reauthenticate").bearer(&token).json(&body).send().await;
    assert_eq!(refused.field_errors(), ["webauthn_response: invalid_response"]);
}

/// What may be wrong with an assertion that is signed as it should be: the 17 of the checklist, and more.
pub fn forgeries() -> Vec<(&'static str, Forgery)> {
    vec![
        ("type", |draft| draft.client_data["type"] = json!("webauthn.create")),
        ("challenge", |draft| draft.client_data["challenge"] = json!(encoded(&[7; 32]))),
        ("padded challenge", |draft| {
            let padded = format!("{}=", draft.client_data["challenge"].as_str().unwrap());
            draft.client_data["challenge"] = json!(padded);
        }),
        ("origin", |draft| draft.client_data["origin"] = json!("https://evil.example")),
        ("port", |draft| draft.client_data["origin"] = json!("https://id.example:8443")),
        ("scheme", |draft| draft.client_data["origin"] = json!("http://id.example")),
        ("subdomain", |draft| draft.client_data["origin"] = json!("https://evil.id.example")),
        ("path", |draft| draft.client_data["origin"] = json!("https://id.example/")),
        ("case", |draft| draft.client_data["origin"] = json!("https://ID.example")),
        ("no origin", |draft| draft.client_data["origin"] = json!(null)),
        ("cross-origin", |draft| draft.client_data["crossOrigin"] = json!(true)),
        ("cross-origin, not a switch", |draft| draft.client_data["crossOrigin"] = json!("true")),
        ("top origin", |draft| draft.client_data["topOrigin"] = json!("https://evil.example")),
        ("own top origin", |draft| draft.client_data["topOrigin"] = json!("https://id.example")),
        ("relying party", |draft| draft.rp_id = "evil.example".into()),
        ("nobody there", |draft| draft.flags &= !UP),
        ("nobody verified", |draft| draft.flags &= !UV),
        ("no longer eligible", |draft| draft.flags &= !(BE | BS)),
        ("backed up, not eligible", |draft| draft.flags &= !BE),
        ("another user", |draft| draft.handle = Some(vec![7; 16])),
        ("an empty user", |draft| draft.handle = Some(Vec::new())),
        ("bytes behind the end", |draft| draft.tail = vec![0]),
        ("extensions announced", |draft| draft.flags |= ED),
        ("a credential announced", |draft| draft.flags |= AT),
        ("a member twice", |draft| {
            let json = draft.client_data.to_string();
            draft.client_data_json = Some(json.replacen('{', r#"{"type":"webauthn.get","#, 1));
        }),
        ("not an object", |draft| draft.client_data_json = Some("[]".to_owned())),
    ]
}

async fn wa_2_forged_assertions_are_refused(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    for (what, forge) in forgeries() {
        let begun = app.begin_passkey_login().await;
        let response = key.answer_as(&begun["options"], forge);
        let refused = app.finish_passkey_login(&begun, &response).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (401, "invalid_credentials"), "{what}");
    }
    // One that names nobody: it is not known who it is before it is checked.
    let begun = app.begin_passkey_login().await;
    let response = key.answer_as(&begun["options"], |draft| draft.handle = None);
    app.finish_passkey_login(&begun, &response).await.expect_problem(401, "invalid_credentials");
    // One that is not signed as it should be.
    for at in ["clientDataJSON", "authenticatorData", "signature"] {
        let begun = app.begin_passkey_login().await;
        let mut response = key.answer(&begun["options"]);
        let other = key.answer_as(&begun["options"], |draft| {
            draft.count = 9;
            draft.client_data["more"] = json!(1);
        });
        response["response"][at] = other["response"][at].clone();
        app.finish_passkey_login(&begun, &response).await.expect_problem(401, "invalid_credentials");
    }
    app.passkey_login(&mut key).await.expect(StatusCode::OK);
}

async fn wa_4_a_key_of_one_device_does_not_become_one_that_may_leave_it(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::with(UP | UV, false);
    app.user_with_passkey("ada", &mut key).await;
    for flags in [BE, BE | BS, BS] {
        let begun = app.begin_passkey_login().await;
        let response = key.answer_as(&begun["options"], |draft| draft.flags |= flags);
        app.finish_passkey_login(&begun, &response).await.expect_problem(401, "invalid_credentials");
    }
    app.passkey_login(&mut key).await.expect(StatusCode::OK);
}

async fn wa_7_a_passkey_opens_the_account_that_it_belongs_to(db: TestDb) {
    let app = TestApp::new(db).await;
    let (mut ada, mut bob) = (Key::passkey(), Key::passkey());
    app.user_with_passkey("ada", &mut ada).await;
    app.user_with_passkey("bob", &mut bob).await;
    let (handle_of_ada, id_of_ada) = (ada.handle.clone(), encoded(&ada.id));
    // Whoever it names, signed with one's own key.
    let begun = app.begin_passkey_login().await;
    let response = bob.answer_as(&begun["options"], |draft| draft.handle = Some(handle_of_ada.clone()));
    app.finish_passkey_login(&begun, &response).await.expect_problem(401, "invalid_credentials");
    // Under the other's id, with or without their handle.
    for handle in [&handle_of_ada, &bob.handle.clone()] {
        let begun = app.begin_passkey_login().await;
        let mut response = bob.answer_as(&begun["options"], |draft| draft.handle = Some(handle.clone()));
        response["id"] = json!(id_of_ada);
        response["rawId"] = json!(id_of_ada);
        app.finish_passkey_login(&begun, &response).await.expect_problem(401, "invalid_credentials");
    }
    // In the other's login, with one's own key and the other's handle, or without.
    for handle in [Some(handle_of_ada), None] {
        let asked = app.begin_second_factor("ada").await;
        let response = bob.answer_as(&asked["webauthn_options"], |draft| draft.handle = handle);
        app.finish_second_factor(&asked, &response).await.expect_problem(401, "invalid_second_factor");
    }
    // Where the user is known already, a key need not name them.
    let asked = app.begin_second_factor("ada").await;
    let response = ada.answer_as(&asked["webauthn_options"], |draft| draft.handle = None);
    app.finish_second_factor(&asked, &response).await.expect(StatusCode::OK);
}

async fn wa_8_a_count_that_has_not_risen_is_refused_and_noted(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::with(UP | UV, true);
    let token = app.user_with_passkey("ada", &mut key).await;
    key.count = 4;
    app.passkey_login(&mut key).await.expect(StatusCode::OK);
    for count in [0, 4, 5] {
        let begun = app.begin_passkey_login().await;
        let response = key.answer_as(&begun["options"], |draft| draft.count = count);
        app.finish_passkey_login(&begun, &response).await.expect_problem(401, "invalid_credentials");
    }
    let me = app.get("/auth/me").bearer(&token).send().await.body;
    let events = app.events_of(me["id"].as_str().unwrap()).await;
    assert_eq!(events.iter().filter(|event| event.kind == EventKind::PasskeyCountFell).count(), 3);
    // Whoever has counted further goes on.
    key.count = 5;
    app.passkey_login(&mut key).await.expect(StatusCode::OK);
    // A challenge from before another answer does not take the count back.
    let begun = app.begin_passkey_login().await;
    let asked = app.begin_second_factor("ada").await;
    let early = key.answer(&asked["webauthn_options"]);
    let late = key.answer(&begun["options"]);
    app.finish_passkey_login(&begun, &late).await.expect(StatusCode::OK);
    app.finish_second_factor(&asked, &early).await.expect_problem(401, "invalid_second_factor");
}

async fn wa_8_in_a_race_of_answers_with_one_count_one_opens_a_session(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::with(UP | UV, true);
    app.user_with_passkey("ada", &mut key).await;
    let mut calls = Vec::new();
    for _ in 0..32 {
        let begun = app.begin_passkey_login().await;
        let response = key.answer_as(&begun["options"], |draft| draft.count = 7);
        calls.push((begun, response));
    }
    let answers = join_all(calls.iter().map(|(begun, response)| app.finish_passkey_login(begun, response))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::OK).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.code() == "invalid_credentials").count(), 31);
}

async fn wa_9_an_unknown_passkey_and_a_wrong_answer_look_alike(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    let begun = app.begin_passkey_login().await;
    let wrong = key.answer_as(&begun["options"], |draft| draft.flags &= !UP);
    let wrong = app.finish_passkey_login(&begun, &wrong).await;
    let mut unknown = Key::passkey();
    unknown.handle.clone_from(&key.handle);
    let unknown = app.passkey_login(&mut unknown).await;
    assert_eq!(wrong.bytes, unknown.bytes);
    assert_eq!(wrong.status, unknown.status);
    // Nobody is asked for a key before their password was right.
    let nobody = app.login("nobody", PASSWORD).await.expect_problem(401, "invalid_credentials");
    let known = app.login("ada", "not the password of ada").await.expect_problem(401, "invalid_credentials");
    assert_eq!(nobody.bytes, known.bytes);
}

async fn wa_12_what_has_two_readings_is_refused(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    app.user_with_passkey("ada", &mut key).await;
    for field in ["clientDataJSON", "authenticatorData", "signature", "userHandle"] {
        let spoil: [fn(&str) -> String; 4] = [
            |text| format!("{text}="),
            |text| format!("{text}=="),
            |text| format!(" {text}"),
            |text| text.replace(['-', '_'], "+") + "+",
        ];
        for spoil in spoil {
            let begun = app.begin_passkey_login().await;
            let mut response = key.answer(&begun["options"]);
            let text = spoil(response["response"][field].as_str().unwrap());
            response["response"][field] = json!(text);
            app.finish_passkey_login(&begun, &response).await.expect_problem(401, "invalid_credentials");
        }
    }
    for (what, change) in [
        (
            "padded id",
            (|response| response["id"] = json!(format!("{}=", response["id"].as_str().unwrap()))) as fn(&mut Value),
        ),
        ("two ids", |response| response["rawId"] = json!("AAAA")),
        ("no id", |response| response["id"] = json!(null)),
        ("type", |response| response["type"] = json!("public")),
        ("nothing inside", |response| response["response"] = json!([])),
    ] {
        let begun = app.begin_passkey_login().await;
        let mut response = key.answer(&begun["options"]);
        change(&mut response);
        let refused = app.finish_passkey_login(&begun, &response).await;
        assert_eq!(refused.code(), "invalid_credentials", "{what}");
    }
    let begun = app.begin_passkey_login().await;
    let response = key.answer(&begun["options"]).to_string();
    for twice in [r#""id":"AAAA","#, r#""type":"public-key","#, r#""response":{},"#] {
        let response = response.replacen('{', &format!("{{{twice}"), 1);
        let body = format!(r#"{{"flow":{},"webauthn_response":{response}}}"#, begun["flow"]);
        let call = app.post("/auth/login/passkey/finish").header("content-type", "application/json").body(body);
        call.send().await.expect_problem(400, "invalid_request");
    }
}

async fn a_disabled_account_is_shut_for_passkeys(db: TestDb) {
    let app = TestApp::new(db).await;
    let mut key = Key::passkey();
    let token = app.user_with_passkey("ada", &mut key).await;
    let id = app.get("/auth/me").bearer(&token).send().await.body["id"].as_str().unwrap().to_owned();
    let user = portcullis::account::UserId::parse(&id).unwrap();
    let device = portcullis::session::Device::default();
    app.portcullis.accounts().disable_user(user, &device).await.unwrap();
    app.passkey_login(&mut key).await.expect_problem(401, "invalid_credentials");
}

async fn a_security_key_is_no_whole_login(db: TestDb) {
    let app = TestApp::new(db).await;
    let token = app.user("ada").await;
    // One that remembers the account and verifies its holder, and was added as a second factor all the same.
    let mut key = Key::with(UP | UV, true);
    app.add_key(&token, "security_key", &mut key).await;
    app.passkey_login(&mut key).await.expect_problem(401, "invalid_credentials");
}
