//! What a template is filled in with: values that behave as Go's do in a template.

use std::{collections::BTreeMap, fmt};

/// A value in a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// A pointer to nothing. Asking it for a field is an error.
    Nil,
    /// The value of a key that a map does not have.
    NoValue,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// Some values in order.
    List(Vec<Data>),
    /// Values by free keys; an absent key is [`Data::NoValue`].
    Map(BTreeMap<String, Data>),
    /// Values by fixed names, in the order in which they are declared; another name is an error.
    Record(Vec<(&'static str, Data)>),
}

impl Data {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A map of texts, such as labels.
    pub fn texts(map: &BTreeMap<String, String>) -> Self {
        Self::Map(map.iter().map(|(key, value)| (key.clone(), Self::text(value))).collect())
    }

    /// Whether `if` takes it.
    pub(super) fn truth(&self) -> bool {
        match self {
            Self::Nil | Self::NoValue => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(members) => !members.is_empty(),
            Self::Record(_) => true,
        }
    }

    /// What it is, for errors.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::NoValue => "no value",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Record(_) => "an object",
        }
    }
}

impl fmt::Display for Data {
    /// As Go's `%v` prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("<nil>"),
            Self::NoValue => f.write_str("<no value>"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => spaced(f, "[", items.iter(), "]"),
            Self::Map(members) => {
                f.write_str("map[")?;
                for (at, (key, value)) in members.iter().enumerate() {
                    write!(f, "{}{key}:{value}", if at == 0 { "" } else { " " })?;
                }
                f.write_str("]")
            }
            Self::Record(fields) => spaced(f, "{", fields.iter().map(|(_, value)| value), "}"),
        }
    }
}

fn spaced<'a>(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    items: impl Iterator<Item = &'a Data>,
    close: &str,
) -> fmt::Result {
    f.write_str(open)?;
    for (at, item) in items.enumerate() {
        write!(f, "{}{item}", if at == 0 { "" } else { " " })?;
    }
    f.write_str(close)
}
