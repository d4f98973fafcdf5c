//! Putting a letter into words: the built-in templates, and those of an operator in their place.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use minijinja::{Environment, Error as JinjaError};
use serde::Serialize;

use super::MailKind;
use crate::templates::{self, TemplateError};

/// The two bodies of every mail that has no template of its own.
const COMMON: [(&str, &str); 2] =
    [("mail.txt", include_str!("templates/mail.txt")), ("mail.html", include_str!("templates/mail.html"))];

/// The folder within the operator's folder of templates that is for mails.
const FOLDER: &str = "mail";

/// What the files in it may be called.
const NAMES: &str =
    "its name must be `mail` or a kind of mail, such as `reset_password`, and end in `.txt`, `.html` or `.subject.txt`";

/// What mails look like.
///
/// An operator puts templates of their own into the folder `mail` of `templates_dir`, in the syntax of Jinja:
/// `mail.txt` and `mail.html` for all mails, `reset_password.txt`, `reset_password.html` and
/// `reset_password.subject.txt` for one [kind](MailKind). They are read once. One that is broken, has a name that
/// nothing uses, names what is not there, or leaves out the link is an error then, not when a mail is due.
///
/// They are given `site`, `site_url`, `kind`, `subject`, `greeting`, `lines`, `link`, `link_expiry`, `action`, `code`,
/// `code_intro`, `code_expiry`, `not_you`, `facts` (each with `label` and `value`), `name`, `email` and `about`; a
/// subject is given `site` alone. What is not there is `none`. HTML templates escape everything they are given.
#[derive(Clone, Debug)]
pub struct Templates(Arc<Environment<'static>>);

/// What templates are given.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Context {
    pub(super) site: String,
    pub(super) site_url: String,
    pub(super) kind: &'static str,
    pub(super) subject: String,
    pub(super) greeting: String,
    pub(super) lines: Vec<String>,
    pub(super) link: Option<String>,
    pub(super) link_expiry: Option<String>,
    pub(super) action: &'static str,
    pub(super) code: Option<String>,
    pub(super) code_intro: &'static str,
    pub(super) code_expiry: Option<String>,
    pub(super) not_you: &'static str,
    pub(super) facts: Vec<Fact>,
    pub(super) name: Option<String>,
    pub(super) email: String,
    pub(super) about: Option<String>,
}

/// Something known about what happened.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) value: String,
}

/// A mail in words.
pub(super) struct Words {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

impl Templates {
    /// The built-in ones.
    ///
    /// # Errors
    ///
    /// None that the tests of this crate leave in it.
    pub fn built_in() -> Result<Self, TemplateError> {
        Ok(Self(Arc::new(environment()?)))
    }

    /// The built-in ones, and in their place those in the folder `mail` of this one, which need not be there.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], which names the file.
    pub fn load(folder: &Path) -> Result<Self, TemplateError> {
        let mut environment = environment()?;
        let folder = folder.join(FOLDER);
        let names = known_names();
        let own = templates::add_own(&mut environment, &folder, |name| names.contains(name), NAMES)?;
        let templates = Self(Arc::new(environment));
        if !own.is_empty() {
            super::rehearse::rehearse(&templates, &folder)?;
        }
        Ok(templates)
    }

    /// Puts a letter into words.
    pub(super) fn render(&self, kind: MailKind, context: &Context) -> Result<Words, JinjaError> {
        let subject = match self.of_kind(kind, "subject.txt") {
            Some(template) => template.render(Subject { site: &context.site })?.trim().to_owned(),
            None => context.subject.clone(),
        };
        let context = Context { subject: subject.clone(), ..context.clone() };
        let text = self.body(kind, "txt")?.render(&context)?;
        let html = self.body(kind, "html")?.render(&context)?;
        Ok(Words { subject, text, html })
    }

    fn of_kind(&self, kind: MailKind, ending: &str) -> Option<minijinja::Template<'_, '_>> {
        self.0.get_template(&name_of(kind, ending)).ok()
    }

    fn body(&self, kind: MailKind, ending: &str) -> Result<minijinja::Template<'_, '_>, JinjaError> {
        self.of_kind(kind, ending).map_or_else(|| self.0.get_template(&format!("mail.{ending}")), Ok)
    }
}

#[derive(Serialize)]
struct Subject<'a> {
    site: &'a str,
}

fn environment() -> Result<Environment<'static>, TemplateError> {
    let mut environment = templates::environment();
    for (name, source) in COMMON {
        templates::add(&mut environment, name, source)?;
    }
    Ok(environment)
}

pub(super) fn name_of(kind: MailKind, ending: &str) -> String {
    format!("{}.{ending}", kind.as_str())
}

fn known_names() -> BTreeSet<String> {
    let of_kinds =
        MailKind::ALL.into_iter().flat_map(|kind| ["txt", "html", "subject.txt"].map(|end| name_of(kind, end)));
    COMMON.iter().map(|(name, _)| (*name).to_owned()).chain(of_kinds).collect()
}
