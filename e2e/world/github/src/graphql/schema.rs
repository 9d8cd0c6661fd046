//! The schema: `schema.graphql`, read once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::parse::{Parsed, SyntaxError, Token, Tokens, type_name, value};

/// A field of a type.
#[derive(Debug)]
pub(super) struct FieldType {
    /// The innermost type.
    pub(super) of: String,
    /// By name: whether the argument must be given.
    pub(super) arguments: BTreeMap<String, Argument>,
}

/// An argument of a field, or a field of an input type.
#[derive(Debug)]
pub(super) struct Argument {
    pub(super) of: String,
    pub(super) required: bool,
}

/// A type of the schema.
#[derive(Debug)]
pub(super) enum Type {
    Scalar,
    Enum(BTreeSet<String>),
    Input(BTreeMap<String, Argument>),
    Union,
    Object(BTreeMap<String, FieldType>),
}

#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) types: BTreeMap<String, Type>,
    /// The object types of each interface and union.
    members: BTreeMap<String, BTreeSet<String>>,
}

/// The schema of this GitHub. A mistake in the file shows as a schema without types, and a test looks for that.
pub(super) static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| read(include_str!("schema.graphql")).unwrap_or_default());

impl Schema {
    /// Whether a value of the object type `is` fits where `wanted` stands.
    pub(super) fn fits(&self, is: &str, wanted: &str) -> bool {
        is == wanted || self.members.get(wanted).is_some_and(|members| members.contains(is))
    }

    /// The fields that can be asked of a type.
    pub(super) fn fields(&self, of: &str) -> Option<&BTreeMap<String, FieldType>> {
        match self.types.get(of)? {
            Type::Object(fields) => Some(fields),
            Type::Scalar | Type::Enum(_) | Type::Input(_) | Type::Union => None,
        }
    }

    /// Whether a type has fields or members, and so needs a selection.
    pub(super) fn is_composite(&self, of: &str) -> bool {
        matches!(self.types.get(of), Some(Type::Object(_) | Type::Union))
    }
}

pub(super) fn read(text: &str) -> Parsed<Schema> {
    let mut tokens = Tokens::read(text)?;
    let mut schema = Schema::default();
    while *tokens.peek() != Token::End {
        let kind = tokens.name()?;
        let name = tokens.name()?;
        let found = match kind.as_str() {
            "scalar" => Type::Scalar,
            "enum" => {
                let mut words = BTreeSet::new();
                tokens.expect('{')?;
                while !tokens.take('}') {
                    words.insert(tokens.name()?);
                }
                Type::Enum(words)
            }
            "union" => {
                tokens.expect('=')?;
                loop {
                    let member = tokens.name()?;
                    schema.members.entry(name.clone()).or_default().insert(member);
                    if !tokens.take('|') {
                        break;
                    }
                }
                Type::Union
            }
            "input" => Type::Input(arguments(&mut tokens, '{', '}')?),
            "type" | "interface" => {
                if *tokens.peek() == Token::Name("implements".to_owned()) {
                    tokens.next();
                    loop {
                        let interface = tokens.name()?;
                        schema.members.entry(interface).or_default().insert(name.clone());
                        if !tokens.take('&') {
                            break;
                        }
                    }
                }
                Type::Object(fields(&mut tokens)?)
            }
            other => {
                return Err(SyntaxError { message: format!("unknown kind {other}"), place: tokens.place() });
            }
        };
        schema.types.insert(name, found);
    }
    Ok(schema)
}

fn fields(tokens: &mut Tokens) -> Parsed<BTreeMap<String, FieldType>> {
    let mut all = BTreeMap::new();
    tokens.expect('{')?;
    while !tokens.take('}') {
        let name = tokens.name()?;
        let arguments =
            if *tokens.peek() == Token::Punct('(') { arguments(tokens, '(', ')')? } else { BTreeMap::new() };
        tokens.expect(':')?;
        let (of, ..) = type_name(tokens)?;
        all.insert(name, FieldType { of, arguments });
    }
    Ok(all)
}

fn arguments(tokens: &mut Tokens, open: char, close: char) -> Parsed<BTreeMap<String, Argument>> {
    let mut all = BTreeMap::new();
    tokens.expect(open)?;
    while !tokens.take(close) {
        let name = tokens.name()?;
        tokens.expect(':')?;
        let (of, required, _) = type_name(tokens)?;
        let defaulted = tokens.take('=');
        if defaulted {
            value(tokens)?;
        }
        all.insert(name, Argument { of, required: required && !defaulted });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_whole() {
        let schema = read(include_str!("schema.graphql")).unwrap();
        for found in schema.types.values() {
            let Type::Object(fields) = found else { continue };
            for (name, field) in fields {
                assert!(schema.types.contains_key(&field.of), "{name}: {} is not defined", field.of);
                for (argument, wanted) in &field.arguments {
                    assert!(
                        schema.types.contains_key(&wanted.of),
                        "{name}({argument}): {} is not defined",
                        wanted.of
                    );
                }
            }
        }
        for member in schema.members.values().flatten() {
            assert!(schema.types.contains_key(member), "{member} is not defined");
        }
    }
}
