//! Every text that people read, in one place. Another language is another folder like this one.
//!
//! What mails say depends on what happened, and is told by [`mail`]. What [`pages`] say stands in files of lines, a key and
//! its text each, which the templates name by the key.

pub(crate) mod mail;
#[cfg(feature = "pages")]
pub(crate) mod pages;
