//! Mails by SMTP.

use std::{fmt, fs, time::Duration};

use async_trait::async_trait;
use lettre::{
    Address,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};
use tokio::time::timeout;

use super::{
    Message, SendError, Transport,
    url::{SmtpServer, SmtpTls},
};
use crate::config::ConfigError;

/// How long to wait for the server to be reached and to greet.
const TO_CONNECT: Duration = Duration::from_secs(20);

/// How long to wait for the server to answer a command.
const TO_ANSWER: Duration = Duration::from_mins(1);

/// How long to wait for the server to take charge of a mail that was handed over. RFC 5321 section 4.5.3.2.6 says ten
/// minutes; who gives up earlier than the server sends a mail twice.
const TO_TAKE_CHARGE: Duration = Duration::from_mins(5);

/// How long a server that has the mail is waited for to say goodbye.
const TO_QUIT: Duration = Duration::from_secs(2);

const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// Hands mails to a mail server, each on a connection of its own.
///
/// Only what the server says of the recipient or of the mail itself is permanent: refused for good is who is refused
/// with a code of 500 or more after `RCPT TO` or the mail's last line. Everything else may pass, a wrong password too:
/// mail waits until the operator has mended it.
pub struct SmtpTransport {
    server: SmtpServer,
    tls: Option<TlsParameters>,
    hello: ClientId,
}

impl SmtpTransport {
    /// To this server. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the file with its certificates cannot be read.
    pub fn new(server: SmtpServer) -> Result<Self, ConfigError> {
        let tls = match server.tls {
            SmtpTls::Off => None,
            SmtpTls::StartTls | SmtpTls::Wrapped => Some(tls_parameters(&server)?),
        };
        Ok(Self { server, tls, hello: ClientId::default() })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let place = (self.server.host.as_str(), self.server.port);
        let wrapped = self.tls.clone().filter(|_| self.server.tls == SmtpTls::Wrapped);
        let connecting = AsyncSmtpConnection::connect_tokio1(place, Some(TO_CONNECT), &self.hello, wrapped, None);
        let mut connection = within(TO_CONNECT, "connecting", connecting).await?;
        if let Some(tls) = self.tls.clone().filter(|_| self.server.tls == SmtpTls::StartTls) {
            within(TO_CONNECT, "STARTTLS", connection.starttls(tls, &self.hello)).await?;
        }
        if let Some(credentials) = &self.server.credentials {
            let credentials = Credentials::new(credentials.user.clone(), credentials.password.to_string());
            let shown = timeout(TO_ANSWER, connection.auth(&MECHANISMS, &credentials)).await;
            // The server's own words are left out: nobody knows what they repeat.
            shown
                .ok()
                .and_then(Result::ok)
                .ok_or_else(|| SendError::Temporary(format!("{} does not accept user and password", self.server)))?;
        }
        Ok(connection)
    }
}

fn tls_parameters(server: &SmtpServer) -> Result<TlsParameters, ConfigError> {
    let mut tls = TlsParameters::builder(server.host.clone());
    if let Some(path) = &server.authorities {
        let unusable = |why: String| ConfigError(format!("mail_url: the certificates in {} {why}", path.display()));
        let pem = fs::read(path).map_err(|error| unusable(format!("cannot be read: {error}")))?;
        let certificate = Certificate::from_pem(&pem).map_err(|_| unusable("are none".to_owned()))?;
        tls = tls.add_root_certificate(certificate);
    }
    tls.build_rustls().map_err(|error| ConfigError(format!("mail_url: TLS cannot be used: {error}")))
}

#[async_trait]
impl Transport for SmtpTransport {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let address =
            |text: &str| text.parse::<Address>().map_err(|_| SendError::Permanent("not an address".to_owned()));
        let (from, to) = (address(message.from().address())?, address(&message.to().to_ascii())?);
        let mut connection = self.connect().await?;
        let sent = hand_over(&mut connection, from, to, &message.to_bytes()).await;
        // Whatever becomes of the goodbye, the mail is sent or not.
        let _ = timeout(TO_QUIT, connection.abort()).await;
        sent
    }
}

async fn hand_over(
    connection: &mut AsyncSmtpConnection,
    from: Address,
    to: Address,
    mail: &[u8],
) -> Result<(), SendError> {
    within(TO_ANSWER, "MAIL FROM", connection.command(Mail::new(Some(from), Vec::new()))).await?;
    let asked = timeout(TO_ANSWER, connection.command(Rcpt::new(to, Vec::new()))).await;
    verdict("RCPT TO", asked)?;
    within(TO_ANSWER, "DATA", connection.command(Data)).await?;
    // What follows begins with the end of the last line.
    let handed = timeout(TO_TAKE_CHARGE, connection.message(mail.strip_suffix(b"\r\n").unwrap_or(mail))).await;
    verdict("the mail", handed)
}

/// A step whose failure says nothing about the recipient.
async fn within<T>(
    limit: Duration,
    step: &str,
    work: impl Future<Output = Result<T, SmtpError>>,
) -> Result<T, SendError> {
    match timeout(limit, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(SendError::Temporary(format!("{step}: {}", said(&error)))),
        Err(_) => Err(SendError::Temporary(format!("{step}: no answer"))),
    }
}

/// A step whose refusal is the last word on this recipient.
fn verdict<T>(step: &str, answer: Result<Result<T, SmtpError>, tokio::time::error::Elapsed>) -> Result<(), SendError> {
    match answer {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.is_permanent() && !is_about_us(&error) => {
            Err(SendError::Permanent(format!("{step}: {}", said(&error))))
        }
        Ok(Err(error)) => Err(SendError::Temporary(format!("{step}: {}", said(&error)))),
        Err(_) => Err(SendError::Temporary(format!("{step}: no answer"))),
    }
}

/// Whether the server wants something else of us first, or to be asked in another order: TLS, a password.
fn is_about_us(error: &SmtpError) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 503 | 530 | 534 | 535 | 538))
}

/// What went wrong, on one line and not without end: part of it is the server's own words.
fn said(error: &SmtpError) -> String {
    error.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

impl fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpTransport").field("server", &self.server).finish_non_exhaustive()
    }
}
