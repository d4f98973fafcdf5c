//! From a letter to a message: the texts of its kind, its link, its dates, put into the templates.

use super::{
    Letter, MailRequest, Message, Sender, TakenMail, Templates,
    letter::Expiring,
    templates::{Context, Fact},
    words,
};
use crate::{catalogue::mail as catalogue, clock::Timestamp, config::Config};

/// Puts letters into words, for one site.
#[derive(Debug)]
pub(super) struct Composer {
    config: Config,
    templates: Templates,
    sender: Sender,
}

/// Why a letter cannot be put into words. It is a defect of this program or of a template.
#[derive(Debug, thiserror::Error)]
pub(super) enum ComposeError {
    #[error("a mail of this kind has a link exactly if its kind says so")]
    Misfit,
    #[error("the subject is not one line")]
    Subject,
    #[error("the template fails: {0}")]
    Template(#[from] minijinja::Error),
}

impl Composer {
    pub(super) fn new(config: Config, templates: Templates) -> Self {
        let sender = config.sender().or_named(config.site_name());
        Self { config, templates, sender }
    }

    /// The message that this letter becomes at this attempt, now.
    pub(super) fn compose(&self, mail: &TakenMail, letter: Letter, now: Timestamp) -> Result<Message, ComposeError> {
        let request = &mail.request;
        if letter.misfits(request) {
            return Err(ComposeError::Misfit);
        }
        let context = self.context(request, &letter, now);
        let words = self.templates.render(request.kind, &context)?;
        if words.subject.is_empty() || words.subject.contains(char::is_control) {
            return Err(ComposeError::Subject);
        }
        Ok(Message {
            id: request.id,
            attempt: mail.attempt,
            date: now,
            kind: request.kind,
            from: self.sender.clone(),
            to: letter.to,
            subject: words.subject,
            text: words.text,
            html: words.html,
            link: context.link,
            code: context.code,
        })
    }

    fn context(&self, request: &MailRequest, letter: &Letter, now: Timestamp) -> Context {
        let site = self.config.site_name();
        let about = request.about.as_deref().and_then(words::harmless);
        let texts = catalogue::texts(request.kind, site, about.as_deref());
        let link = letter.link.as_ref().zip(request.kind.link());
        let until = |secret: &Expiring| (words::span(secret.expires_at.since(now)), words::moment(secret.expires_at));
        let expiry = |secret: &Expiring, say: fn(&str, &str) -> String| {
            let (span, moment) = until(secret);
            say(&span, &moment)
        };
        Context {
            site: site.to_owned(),
            site_url: self.config.public_url.to_string(),
            kind: request.kind.as_str(),
            subject: texts.subject,
            greeting: catalogue::greeting(letter.name.as_deref()),
            lines: texts.lines,
            link: link.map(|(link, kind)| self.config.links.link(kind, &self.config.public_url, &link.secret)),
            link_expiry: letter.link.as_ref().map(|link| expiry(link, catalogue::link_expiry)),
            action: texts.action,
            code: letter.code.as_ref().map(|code| code.secret.expose().to_owned()),
            code_intro: catalogue::CODE,
            code_expiry: letter.code.as_ref().map(|code| expiry(code, catalogue::code_expiry)),
            not_you: texts.not_you,
            facts: facts(request),
            name: letter.name.clone(),
            email: letter.to.as_str().to_owned(),
            about,
        }
    }
}

/// What is known of the device, by which readers can tell whether it was theirs.
fn facts(request: &MailRequest) -> Vec<Fact> {
    let when = Some(words::moment(request.at)).map(|value| (catalogue::WHEN, value));
    let address = request.device.address.map(|address| (catalogue::WHERE, address.to_string()));
    let program = request.device.user_agent.as_deref().and_then(words::harmless).map(|value| (catalogue::WITH, value));
    [when, address, program].into_iter().flatten().map(|(label, value)| Fact { label, value }).collect()
}
