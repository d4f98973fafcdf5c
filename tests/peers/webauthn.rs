//! Keys, with an authenticator that others wrote. It says that someone is there and never who, and counts.

use portcullis::{
    Error, Portcullis,
    account::{Caller, Credentials, Login, SecondFactorCode, UnfinishedLogin},
    flow::FlowId,
    passkey::{CeremonyStart, KeyAnswer, KeyResponse, PasskeyKind, PasskeyName},
    password::Password,
    session::Device,
};
use serde_json::{Value, json};

use crate::peer::Peer;

const ORIGIN: &str = "https://notes.example";
const PASSWORD: &str = "correct horse battery staple";

struct Service {
    portcullis: Portcullis,
    ada: Caller,
    _folder: tempfile::TempDir,
}

impl Service {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}/notes.db", folder.path().display());
        let portcullis = Portcullis::builder().public_url(ORIGIN).database(database).build().await.unwrap();
        let accounts = portcullis.accounts();
        let new = accounts.registration("ada", "ada@example.com", PASSWORD, "Ada").unwrap();
        let user = accounts.create_user(new, Vec::new(), &Device::default()).await.unwrap();
        let ada = Caller { user: user.id, session: None };
        Self { portcullis, ada, _folder: folder }
    }

    async fn register(&self, kind: PasskeyKind) -> Result<Value, Error> {
        let accounts = self.portcullis.accounts();
        let CeremonyStart { flow, options } = accounts.start_passkey_registration(self.ada, kind).await.unwrap();
        let made = Peer::SoftWebauthn.ask_one(json!({"do": "create", "origin": ORIGIN, "options": options}));
        let answer = answer(flow, &made);
        let name = PasskeyName::parse("Stick").unwrap();
        accounts.finish_passkey_registration(self.ada, &answer, name, &Device::default()).await?;
        Ok(made["device"].clone())
    }

    async fn asked(&self) -> UnfinishedLogin {
        let credentials = Credentials::new("ada", Password::parse(PASSWORD).unwrap());
        match self.portcullis.accounts().login(credentials, &Device::default()).await {
            Err(Error::LoginUnfinished(login)) => *login,
            other => panic!("{other:?}"),
        }
    }

    async fn log_in(&self, flow: FlowId, shown: &Value) -> Result<Login, Error> {
        let key = SecondFactorCode::Key(answer(flow.clone(), shown));
        self.portcullis.accounts().login_with_second_factor(&flow, &key, &Device::default()).await
    }
}

fn answer(flow: FlowId, answered: &Value) -> KeyAnswer {
    KeyAnswer { flow, response: KeyResponse::from_client(answered["response"].clone()) }
}

fn get(options: &Value, device: &Value) -> Value {
    Peer::SoftWebauthn.ask_one(json!({"do": "get", "origin": ORIGIN, "options": options, "device": device}))
}

#[tokio::test(flavor = "multi_thread")]
async fn soft_webauthn_registers_a_security_key_and_logs_in_with_it() {
    let service = Service::start().await;
    let mut device = service.register(PasskeyKind::SecurityKey).await.unwrap();
    for _ in 0..2 {
        let asked = service.asked().await;
        let shown = get(&asked.webauthn_options.unwrap(), &device);
        let login = service.log_in(asked.flow.unwrap(), &shown).await.unwrap();
        assert_eq!(login.session.amr, ["pwd", "hwk", "user", "mfa"]);
        device = shown["device"].clone();
    }
    // A copy of it that has counted less far gives itself away.
    device["count"] = json!(1);
    let asked = service.asked().await;
    let shown = get(&asked.webauthn_options.unwrap(), &device);
    assert!(matches!(service.log_in(asked.flow.unwrap(), &shown).await, Err(Error::InvalidSecondFactor(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn wa_4_soft_webauthn_verifies_nobody_and_makes_no_passkey() {
    let service = Service::start().await;
    assert!(matches!(service.register(PasskeyKind::Passkey).await, Err(Error::InvalidFields(_))));
}
