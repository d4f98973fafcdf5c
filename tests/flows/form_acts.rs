//! What someone who is logged in does by the forms of the pages.

use crate::{
    app::Answer,
    caller::Caller,
    person::{Person, latest},
    step::{Act, Shown, Typed},
};

/// What a page has for a secret that it does not know: one that no authenticator has.
const NO_SECRET: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Person {
    /// Sends the form of this act; `None` if the model fills in none for it.
    pub async fn fill_in(&self, caller: &Caller<'_>, act: Act) -> Option<Answer> {
        let browser = caller.browser();
        // Whoever is not logged in is logged out by this as well.
        let logged_out = if caller.is_let_in { 204 } else { 401 };
        Some(match act {
            Act::Logout => browser.act("/logout", &[], logged_out).await,
            Act::LogoutEverywhere => browser.act("/logout", &[("everywhere", "on")], logged_out).await,
            Act::EndSession { session } => {
                let id = latest(&self.sessions, session).map_or("none", |number| &self.sessions[number].id);
                browser.act("/account/sessions", &[("end", id)], 204).await
            }
            Act::ChangePassword { password } => self.change_by_page(caller, password).await,
            Act::ChangeEmail { to } => {
                browser.act("/account/email", &[("new_email", &Self::address(&self.name, to))], 202).await
            }
            Act::Reauthenticate { password, code } => self.reauthenticate_by_page(caller, password, code).await,
            Act::SetUpTotp => browser.set_up().await,
            Act::ConfirmTotp { shown } => {
                let (code, _) = self.typed_to_confirm(caller.app, shown);
                let secret = self.setup.as_ref().map_or(NO_SECRET, |setup| &setup.secret);
                browser.act("/account/authenticator/set-up", &[("secret", secret), ("code", &code)], 200).await
            }
            Act::RemoveTotp { shown } => {
                let (field, code, _) = self.shown(caller.app, shown);
                let field = if field == "two_fa_code" { "code" } else { field };
                // One that is not there is removed.
                let done = if self.totp.is_some() { 204 } else { 409 };
                browser.act("/account/authenticator", &[(field, &code)], done).await
            }
            Act::NewRecoveryCodes => browser.act("/account/recovery-codes", &[], 200).await,
            _ => return None,
        })
    }

    async fn change_by_page(&self, caller: &Caller<'_>, password: Typed) -> Answer {
        let new = self.next_password();
        let fields = [("password", self.typed(password)), ("new_password", new.as_str()), ("new_password_again", &new)];
        caller.browser().act("/account/password", &fields, 204).await
    }

    async fn reauthenticate_by_page(&self, caller: &Caller<'_>, password: Typed, code: Option<Shown>) -> Answer {
        let code = code.map(|shown| self.shown(caller.app, shown));
        let mut fields = vec![("password", self.typed(password))];
        fields.extend(code.as_ref().map(|(field, code, _)| (*field, code.as_str())));
        caller.browser().act("/reauthenticate", &fields, 200).await
    }
}
