//! Trying an operator's templates before there is a mail to send.

use std::path::Path;

use super::{
    MailKind,
    templates::{Context, Fact, Templates, name_of},
};
use crate::{
    catalogue::mail as catalogue,
    templates::{TemplateError, broken},
};

/// Stands for a link. It has what HTML must escape.
const LINK: &str = "https://id.example/verify-email?a=1&token=rehearsal";

const CODE: &str = "REHEARSL";

/// Puts every kind of mail into words, with all that it may be given and with as little, and looks at the outcome.
pub(super) fn rehearse(templates: &Templates, folder: &Path) -> Result<(), TemplateError> {
    for kind in MailKind::ALL {
        for context in [context(kind, true), context(kind, false)] {
            let words =
                templates.render(kind, &context).map_err(|error| broken(folder, &name_of(kind, "txt"), &error))?;
            let useless = |ending: &str, reason| {
                Err(TemplateError::Useless { path: folder.join(name_of(kind, ending)).display().to_string(), reason })
            };
            if words.subject.is_empty() || words.subject.contains(char::is_control) {
                return useless("subject.txt", "must make one line");
            }
            if context.link.is_some() {
                if !words.text.lines().any(|line| line == LINK) {
                    return useless("txt", "must have `{{ link }}` alone on a line");
                }
                if !words.html.contains(&LINK.replace('&', "&amp;")) {
                    return useless("html", "must have `{{ link }}`");
                }
            }
        }
    }
    Ok(())
}

fn context(kind: MailKind, full: bool) -> Context {
    let given = |text: &str| full.then(|| text.to_owned());
    let texts = catalogue::texts(kind, "Notes", full.then_some("something"));
    let link = kind.link().map(|_| LINK.to_owned());
    Context {
        site: "Notes".to_owned(),
        site_url: "https://id.example".to_owned(),
        kind: kind.as_str(),
        subject: texts.subject,
        greeting: catalogue::greeting(full.then_some("Ada")),
        lines: texts.lines,
        link_expiry: link.is_some().then(|| catalogue::link_expiry("1 hour", "1 January 1970, 01:00 UTC")),
        link,
        action: texts.action,
        code: given(CODE),
        code_intro: catalogue::CODE,
        code_expiry: full.then(|| catalogue::code_expiry("1 hour", "1 January 1970, 01:00 UTC")),
        not_you: texts.not_you,
        facts: vec![Fact { label: catalogue::WHEN, value: "1 January 1970, 00:00 UTC".to_owned() }],
        name: given("Ada"),
        email: "ada@example.com".to_owned(),
        about: given("something"),
    }
}
