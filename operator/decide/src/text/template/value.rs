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
    /// Named values, in the order in which Go declares them; another name is an error.
    Record(Vec<(&'static str, Value)>),
    /// Values by free keys, such as labels; an absent one is the empty text.
    Map(BTreeMap<String, Value>),
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

    /// A map of texts, such as labels.
    pub fn texts(map: &BTreeMap<String, String>) -> Self {
        Self::Map(map.iter().map(|(key, value)| (key.clone(), Self::text(value))).collect())
    }

    /// Whether `if` takes the first branch.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(yes) => *yes,
            Self::Int(number) => *number != 0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(members) => !members.is_empty(),
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
            Self::Record(fields) => join("{", &mut fields.iter().map(|(_, value)| value), "}"),
            Self::Map(members) => {
                let pair = |(key, value): (&String, &Self)| Self::Text(format!("{key}:{value}"));
                let pairs: Vec<Self> = members.iter().map(pair).collect();
                join("map[", &mut pairs.iter(), "]")
            }
            Self::Nil => f.write_str("<nil>"),
            Self::Bool(yes) => write!(f, "{yes}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Time(time) => f.write_str(&time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string()),
        }
    }
}
