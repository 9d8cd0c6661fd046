//! What a template is filled in with.

use jiff::Timestamp;
use std::{collections::BTreeMap, fmt};

/// A value in a template. Records have Go's field names (`.HeadRefOID`), since templates were written for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Nil,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// A moment; has the method `Format`.
    Time(Timestamp),
    /// Several values.
    List(Vec<Value>),
    /// Named values.
    Record(BTreeMap<&'static str, Value>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Named values.
    pub fn record(fields: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self::Record(fields.into_iter().collect())
    }

    /// Whether `if` takes the first branch.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(yes) => *yes,
            Self::Int(number) => *number != 0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Time(_) | Self::Record(_) => true,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut join = |open: &str, items: &mut dyn Iterator<Item = &Self>, close: &str| {
            f.write_str(open)?;
            for (i, item) in items.enumerate() {
                write!(f, "{}{item}", if i == 0 { "" } else { " " })?;
            }
            f.write_str(close)
        };
        match self {
            Self::List(items) => join("[", &mut items.iter(), "]"),
            Self::Record(fields) => join("{", &mut fields.values(), "}"),
            Self::Nil => f.write_str("<nil>"),
            Self::Bool(yes) => write!(f, "{yes}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Time(time) => f.write_str(&time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string()),
        }
    }
}
