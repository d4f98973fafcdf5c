//! Putting a letter into words: the built-in templates, and those of an operator in their place.

use std::{collections::BTreeSet, ffi::OsStr, fs, io, path::Path, sync::Arc};

use minijinja::{AutoEscape, Environment, Error as JinjaError, UndefinedBehavior};
use serde::Serialize;

use super::MailKind;

/// The two bodies of every mail that has no template of its own.
const COMMON: [(&str, &str); 2] =
    [("mail.txt", include_str!("templates/mail.txt")), ("mail.html", include_str!("templates/mail.html"))];

/// The folder within the operator's folder of templates that is for mails.
const FOLDER: &str = "mail";

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

/// Why the templates of an operator cannot be used. The text names the file, and the line where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The folder or a file in it cannot be read.
    #[error("the mail template {path} cannot be read: {source}")]
    Read {
        /// The file or folder.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
    /// The file has the name of no template.
    #[error(
        "no mail uses the template {path}: its name must be `mail` or a kind, such as `reset_password`, and end in \
             `.txt`, `.html` or `.subject.txt`"
    )]
    Unknown {
        /// The file.
        path: String,
    },
    /// The template cannot be read as one, or names what is not there.
    #[error("the mail template {path}, line {line}: {reason}")]
    Broken {
        /// The file.
        path: String,
        /// The line in it.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The template leaves something out without which the mail is of no use.
    #[error("the mail template {path} {reason}")]
    Useless {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

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
        let known = known_names();
        let mut own = Vec::new();
        for path in files_in(&folder)? {
            let name = path.file_name().and_then(OsStr::to_str).filter(|name| known.contains(*name));
            let Some(name) = name else { return Err(TemplateError::Unknown { path: path.display().to_string() }) };
            let source = fs::read_to_string(&path).map_err(|source| unreadable(&path, source))?;
            environment.add_template_owned(name.to_owned(), source).map_err(|error| broken(&folder, name, &error))?;
            own.push(name.to_owned());
        }
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
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_keep_trailing_newline(true);
    environment.set_formatter(|out, state, value| match state.auto_escape() {
        // The stock one also escapes `/`, which makes links that people cannot read.
        AutoEscape::Html if !value.is_safe() => Ok(out.write_str(&escaped(&value.to_string()))?),
        _ => minijinja::escape_formatter(out, state, value),
    });
    for (name, source) in COMMON {
        environment.add_template(name, source).map_err(|error| broken(Path::new(""), name, &error))?;
    }
    Ok(environment)
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

pub(super) fn name_of(kind: MailKind, ending: &str) -> String {
    format!("{}.{ending}", kind.as_str())
}

fn known_names() -> BTreeSet<String> {
    let of_kinds =
        MailKind::ALL.into_iter().flat_map(|kind| ["txt", "html", "subject.txt"].map(|end| name_of(kind, end)));
    COMMON.iter().map(|(name, _)| (*name).to_owned()).chain(of_kinds).collect()
}

/// The files in a folder, in order; none if it is not there. Hidden ones are somebody else's.
fn files_in(folder: &Path) -> Result<BTreeSet<std::path::PathBuf>, TemplateError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries.map_err(|source| unreadable(folder, source))?,
    };
    let paths: Result<BTreeSet<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|source| unreadable(folder, source))?;
    paths.retain(|path| path.file_name().is_some_and(|name| !name.as_encoded_bytes().starts_with(b".")));
    Ok(paths)
}

fn unreadable(path: &Path, source: io::Error) -> TemplateError {
    TemplateError::Read { path: path.display().to_string(), source }
}

/// Which template is broken, and where. `name` is the one that was asked for, which may have led to another.
pub(super) fn broken(folder: &Path, name: &str, error: &JinjaError) -> TemplateError {
    let name = error.name().unwrap_or(name);
    let reason =
        error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    TemplateError::Broken { path: folder.join(name).display().to_string(), line: error.line().unwrap_or(1), reason }
}
