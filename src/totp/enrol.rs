//! Setting an authenticator app up, and removing it.

use std::{fmt, time::Duration};

use zeroize::Zeroizing;

use super::{TotpCode, TotpSecret, TotpVerified, generate_totp_secret, qr_svg, totp_provisioning_uri};
use crate::{
    account::{Accounts, Asked, Caller, Login, PartlyAssured, SecondFactor, SecondFactorCode, User, time_ordered_uuid},
    audit::{Event, EventKind},
    error::Error,
    flow::{FlowId, Step},
    recovery::RecoveryCodes,
    session::{Device, Start},
    store::StoredTotp,
};

/// How long a set-up waits for its first code.
const SETUP_LIFETIME: Duration = Duration::from_mins(10);

/// Who sets an authenticator app up.
#[derive(Clone, Debug)]
pub enum Enrolling {
    /// Someone who is logged in.
    Caller(Caller),
    /// Someone whose login waits for just that: [`Step::Enrolment`].
    Login(FlowId),
}

/// A set-up that was begun, to be shown once. Hidden in `Debug`.
#[derive(Clone)]
pub struct TotpSetup {
    /// The secret, to be typed into the app.
    pub secret: TotpSecret,
    /// The same with the names of the service and the account, for the app to read.
    pub uri: Zeroizing<String>,
    /// That URI as a QR code, an SVG image.
    pub qr_svg: Zeroizing<String>,
}

impl fmt::Debug for TotpSetup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSetup(…)")
    }
}

/// What comes of a set-up that is confirmed.
#[derive(Clone, Debug)]
pub struct TotpEnrolled {
    /// The recovery codes, to be shown once, if it is the account's first second factor.
    pub recovery_codes: Option<RecoveryCodes>,
    /// The login that waited for it.
    pub login: Option<Login>,
}

/// Who it turned out to be.
enum Enrollee {
    Known(Caller, User),
    LoggingIn(Box<PartlyAssured>, Start),
}

impl Accounts {
    /// Whether the caller has an authenticator app set up.
    ///
    /// # Errors
    ///
    /// [`Error::SessionEnded`] if the account is gone.
    pub async fn totp_is_configured(&self, caller: Caller) -> Result<bool, Error> {
        Ok(self.record_of(caller).await?.second_factors.totp)
    }

    /// Begins to set an authenticator app up: it has ten minutes to show a code. One that is there already stays as it is
    /// until then.
    ///
    /// # Errors
    ///
    /// - [`Error::FlowInvalid`] if the login does not wait for that, or no longer.
    /// - [`Error::SessionEnded`] if the account is gone.
    pub async fn set_up_totp(&self, who: &Enrolling, device: &Device) -> Result<TotpSetup, Error> {
        let enrollee = self.enrollee(who).await?;
        let secret = generate_totp_secret()?;
        let id = time_ordered_uuid(self.now());
        let setup = StoredTotp { id, secret: secret.seal(&self.inner().data_key, id)? };
        let asked = enrollee.asked(device);
        let event = asked.event(EventKind::TotpSetupStarted, self);
        if !self.store().start_totp_setup(asked.user, &setup, self.now() + SETUP_LIFETIME, &event).await? {
            return Err(Error::SessionEnded);
        }
        self.as_shown(secret, enrollee.user())
    }

    /// Shows a set-up once more to whoever was shown its secret, such as after a wrong code. Nothing is begun by that.
    ///
    /// # Errors
    ///
    /// As [`set_up_totp`](Self::set_up_totp).
    pub async fn show_totp_setup(&self, who: &Enrolling, secret: TotpSecret) -> Result<TotpSetup, Error> {
        self.as_shown(secret, self.enrollee(who).await?.user())
    }

    fn as_shown(&self, secret: TotpSecret, user: &User) -> Result<TotpSetup, Error> {
        let uri = totp_provisioning_uri(&secret, self.config().site_name(), user.email.as_str());
        let uri = Zeroizing::new(uri);
        let qr_svg = qr_svg(&uri).map(Zeroizing::new).ok_or_else(|| Error::internal("no QR code holds the URI"))?;
        Ok(TotpSetup { secret, uri, qr_svg })
    }

    /// Ends a set-up with a code of the app, which is used up by that. From then on a login asks for its codes. A login
    /// that waited for it is finished.
    ///
    /// # Errors
    ///
    /// - [`Error::InvalidFields`], naming `code`, if it is wrong or nothing is being set up.
    /// - [`Error::FlowInvalid`] if the login does not wait for that, or no longer.
    /// - [`Error::LoginUnfinished`], with the recovery codes, if the login needs yet another step.
    /// - [`Error::TooManyAttempts`] after many wrong codes.
    pub async fn confirm_totp(&self, who: &Enrolling, code: &TotpCode, device: &Device) -> Result<TotpEnrolled, Error> {
        let enrollee = self.enrollee(who).await?;
        let asked = enrollee.asked(device);
        let may_replace = matches!(enrollee, Enrollee::Known(..));
        let confirmed = self.within_budget(asked, TotpVerified::enrol(self, asked, code, may_replace)).await?;
        let (verified, recovery_codes) = confirmed.ok_or(Error::field("code", "invalid_code"))?;
        let login = match enrollee {
            Enrollee::Known(..) => None,
            Enrollee::LoggingIn(partly, start) => {
                let assurance = partly.with(SecondFactor::Totp(verified))?;
                Some(self.advance_login(assurance, &start, recovery_codes.clone(), device).await?)
            }
        };
        Ok(TotpEnrolled { recovery_codes, login })
    }

    /// Removes the caller's authenticator app, and with it their recovery codes. It takes a code of either kind.
    ///
    /// # Errors
    ///
    /// - [`Error::NoSecondFactor`] if there is none.
    /// - [`Error::InvalidFields`], naming the kind of code, if it is wrong.
    /// - [`Error::TooManyAttempts`] after many wrong codes.
    pub async fn disable_totp(&self, caller: Caller, code: &SecondFactorCode, device: &Device) -> Result<(), Error> {
        if !self.record_of(caller).await?.second_factors.totp {
            return Err(Error::NoSecondFactor);
        }
        let asked = Asked { user: caller.user, session: caller.session, device };
        let shown = self.check_second_factor(asked, code).await?.ok_or_else(|| code.wrong("code"))?;
        self.remove_totp(&shown, &asked.event(EventKind::TotpDisabled, self)).await
    }

    async fn remove_totp(&self, shown: &SecondFactor, event: &Event) -> Result<(), Error> {
        let removed = self.store().remove_totp(shown.user(), event).await?;
        self.inner().mail.wake();
        if removed { Ok(()) } else { Err(Error::NoSecondFactor) }
    }

    async fn enrollee(&self, who: &Enrolling) -> Result<Enrollee, Error> {
        match who {
            Enrolling::Caller(caller) => Ok(Enrollee::Known(*caller, self.record_of(*caller).await?.user)),
            Enrolling::Login(flow) => {
                let (partly, start) = self.resume_login(flow, Step::Enrolment).await?;
                Ok(Enrollee::LoggingIn(Box::new(partly), start))
            }
        }
    }
}

impl Enrollee {
    fn user(&self) -> &User {
        match self {
            Self::Known(_, user) => user,
            Self::LoggingIn(partly, _) => partly.user(),
        }
    }

    fn asked<'a>(&self, device: &'a Device) -> Asked<'a> {
        let session = match self {
            Self::Known(caller, _) => caller.session,
            Self::LoggingIn(..) => None,
        };
        Asked { user: self.user().id, session, device }
    }
}
