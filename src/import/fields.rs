//! Reading the members of a record, so that a reason names the one at fault.

use serde_json::{Map, Value};

use super::{moment, report::SkipReason};
use crate::clock::Timestamp;

/// The members of a JSON object.
pub(super) struct Fields(Map<String, Value>);

type Result<T> = std::result::Result<T, SkipReason>;

impl Fields {
    pub(super) fn of(value: Value) -> Result<Self> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(SkipReason::NotAnObject),
        }
    }

    /// The object in this member, if it is there.
    pub(super) fn object(&mut self, field: &str) -> Option<Self> {
        self.0.remove(field).and_then(|value| Self::of(value).ok())
    }

    pub(super) fn text(&self, field: &'static str) -> Result<Option<&str>> {
        match self.present(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(SkipReason::WrongType(field)),
        }
    }

    /// What a text means, if it is there.
    pub(super) fn parsed<T>(&self, field: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>> {
        self.text(field)?.map(|text| parse(text).ok_or(SkipReason::Invalid(field))).transpose()
    }

    /// What a text means that must be there.
    pub(super) fn required<T>(&self, field: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        self.parsed(field, parse)?.ok_or(SkipReason::Missing(field))
    }

    pub(super) fn flag(&self, field: &'static str) -> Result<Option<bool>> {
        match self.present(field) {
            None => Ok(None),
            Some(Value::Bool(on)) => Ok(Some(*on)),
            Some(_) => Err(SkipReason::WrongType(field)),
        }
    }

    pub(super) fn moment(&self, field: &'static str) -> Result<Option<Timestamp>> {
        self.parsed(field, moment::read)
    }

    /// When something came to be so: the moment if it is stated, else `now` if only that it is so.
    pub(super) fn since(&self, at: &'static str, is: &'static str, now: Timestamp) -> Result<Option<Timestamp>> {
        let only_that = self.flag(is)?.unwrap_or_default().then_some(now);
        Ok(self.moment(at)?.or(only_that))
    }

    pub(super) fn texts(&self, field: &'static str) -> Result<Vec<&str>> {
        match self.present(field) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                items.iter().map(|item| item.as_str().ok_or(SkipReason::WrongType(field))).collect()
            }
            Some(_) => Err(SkipReason::WrongType(field)),
        }
    }

    fn present(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }
}
