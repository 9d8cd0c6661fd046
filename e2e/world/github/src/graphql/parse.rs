//! Reads GraphQL text: tokens with their places, and executable documents.
//!
//! The subset of the language that queries need: operations, variables, arguments, aliases, fragments (named and
//! inline). Directives and subscriptions are refused by name.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

/// A line and a column, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Text that is not the GraphQL understood here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) place: Place,
}

pub(super) type Parsed<T> = Result<T, SyntaxError>;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Punct(char),
    Spread,
    Name(String),
    Text(String),
    Number(Number),
    End,
}

/// Tokens to be taken one by one.
#[derive(Debug)]
pub(super) struct Tokens {
    all: Vec<(Token, Place)>,
    at: usize,
}

impl Tokens {
    pub(super) fn read(text: &str) -> Parsed<Self> {
        let mut all = Vec::new();
        let (mut line, mut column) = (1, 1);
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let place = Place { line, column };
            let length = match first {
                ' ' | '\t' | '\r' | '\n' | ',' | '\u{feff}' => first.len_utf8(),
                '#' => rest.find('\n').unwrap_or(rest.len()),
                '"' => {
                    let (text, length) = read_text(rest)
                        .ok_or(SyntaxError { message: "Unterminated string".to_owned(), place })?;
                    all.push((Token::Text(text), place));
                    length
                }
                '.' if rest.starts_with("...") => {
                    all.push((Token::Spread, place));
                    3
                }
                '!' | '$' | '&' | '(' | ')' | ':' | '=' | '@' | '[' | ']' | '{' | '|' | '}' => {
                    all.push((Token::Punct(first), place));
                    1
                }
                first if first == '_' || first.is_ascii_alphabetic() => {
                    let length =
                        rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
                    all.push((Token::Name(rest.get(..length).unwrap_or_default().to_owned()), place));
                    length
                }
                first if first == '-' || first.is_ascii_digit() => {
                    let length = rest
                        .find(|c: char| !"+-.eE".contains(c) && !c.is_ascii_digit())
                        .unwrap_or(rest.len());
                    let number = rest.get(..length).unwrap_or_default();
                    let number = serde_json::from_str(number)
                        .map_err(|_| SyntaxError { message: format!("Bad number {number}"), place })?;
                    all.push((Token::Number(number), place));
                    length
                }
                other => {
                    return Err(SyntaxError { message: format!("Unexpected character {other:?}"), place });
                }
            };
            let (taken, after) = rest.split_at(length);
            for c in taken.chars() {
                (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
            }
            rest = after;
        }
        all.push((Token::End, Place { line, column }));
        Ok(Self { all, at: 0 })
    }

    pub(super) fn peek(&self) -> &Token {
        self.all.get(self.at).map_or(&Token::End, |(token, _)| token)
    }

    pub(super) fn place(&self) -> Place {
        self.all.get(self.at).or(self.all.last()).map_or(Place::default(), |(_, place)| *place)
    }

    pub(super) fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    /// Takes a punctuation mark if it is next.
    pub(super) fn take(&mut self, mark: char) -> bool {
        let there = *self.peek() == Token::Punct(mark);
        self.at += usize::from(there);
        there
    }

    pub(super) fn expect(&mut self, mark: char) -> Parsed<()> {
        if self.take(mark) { Ok(()) } else { Err(self.unexpected(&format!("{mark:?}"))) }
    }

    pub(super) fn name(&mut self) -> Parsed<String> {
        match self.peek() {
            Token::Name(name) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.unexpected("NAME")),
        }
    }

    pub(super) fn unexpected(&self, wanted: &str) -> SyntaxError {
        SyntaxError { message: format!("Expected {wanted}, actual: {:?}", self.peek()), place: self.place() }
    }
}

/// A quoted string at the beginning of a text, and how many bytes it takes.
fn read_text(from: &str) -> Option<(String, usize)> {
    if let Some(block) = from.strip_prefix("\"\"\"") {
        let end = block.find("\"\"\"")?;
        return Some((block.get(..end)?.trim().to_owned(), end + 6));
    }
    let mut escaped = false;
    let end = from.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    })?;
    // GraphQL's escapes are JSON's.
    let quoted = from.get(..=end.0)?;
    Some((serde_json::from_str(quoted).ok()?, quoted.len()))
}

/// A value in a document; variables are not filled in yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Input {
    Variable(String, Place),
    Plain(Value),
    List(Vec<Input>),
    Object(BTreeMap<String, Input>),
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) alias: String,
    pub(super) name: String,
    pub(super) arguments: BTreeMap<String, Input>,
    pub(super) selection: Vec<Selection>,
    pub(super) place: Place,
}

#[derive(Clone, Debug)]
pub(super) enum Selection {
    Field(Field),
    Inline { on: Option<String>, selection: Vec<Selection>, place: Place },
    Named { fragment: String, place: Place },
}

#[derive(Debug)]
pub(super) struct Fragment {
    pub(super) on: String,
    pub(super) selection: Vec<Selection>,
    pub(super) place: Place,
}

#[derive(Debug)]
pub(super) struct Variable {
    pub(super) required: bool,
    pub(super) default: Option<Input>,
    pub(super) place: Place,
}

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) mutation: bool,
    pub(super) name: Option<String>,
    pub(super) variables: BTreeMap<String, Variable>,
    pub(super) selection: Vec<Selection>,
}

#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) operations: Vec<Operation>,
    pub(super) fragments: BTreeMap<String, Fragment>,
}

/// Reads a query document.
pub(super) fn document(text: &str) -> Parsed<Document> {
    let mut tokens = Tokens::read(text)?;
    let mut document = Document::default();
    while *tokens.peek() != Token::End {
        let place = tokens.place();
        if *tokens.peek() == Token::Punct('{') {
            let selection = selection(&mut tokens)?;
            document.operations.push(Operation {
                mutation: false,
                name: None,
                variables: BTreeMap::new(),
                selection,
            });
            continue;
        }
        match tokens.name()?.as_str() {
            "query" => document.operations.push(operation(&mut tokens, false)?),
            "mutation" => document.operations.push(operation(&mut tokens, true)?),
            "fragment" => {
                let name = tokens.name()?;
                let on = type_condition(&mut tokens)?.ok_or_else(|| tokens.unexpected("on"))?;
                document.fragments.insert(name, Fragment { on, selection: selection(&mut tokens)?, place });
            }
            other => {
                return Err(SyntaxError {
                    message: format!("world-github does not simulate {other:?} definitions"),
                    place,
                });
            }
        }
    }
    Ok(document)
}

fn operation(tokens: &mut Tokens, mutation: bool) -> Parsed<Operation> {
    let name = if matches!(tokens.peek(), Token::Name(_)) { Some(tokens.name()?) } else { None };
    let mut variables = BTreeMap::new();
    if tokens.take('(') {
        while !tokens.take(')') {
            let place = tokens.place();
            tokens.expect('$')?;
            let name = tokens.name()?;
            tokens.expect(':')?;
            let required = type_name(tokens)?.1;
            let default = if tokens.take('=') { Some(value(tokens)?) } else { None };
            variables.insert(name, Variable { required, default, place });
        }
    }
    Ok(Operation { mutation, name, variables, selection: selection(tokens)? })
}

/// Reads a type; returns its innermost name, whether it must not be null, and whether it is a list.
pub(super) fn type_name(tokens: &mut Tokens) -> Parsed<(String, bool, bool)> {
    let (name, list) = if tokens.take('[') {
        let (name, ..) = type_name(tokens)?;
        tokens.expect(']')?;
        (name, true)
    } else {
        (tokens.name()?, false)
    };
    Ok((name, tokens.take('!'), list))
}

fn type_condition(tokens: &mut Tokens) -> Parsed<Option<String>> {
    if *tokens.peek() != Token::Name("on".to_owned()) {
        return Ok(None);
    }
    tokens.next();
    tokens.name().map(Some)
}

fn selection(tokens: &mut Tokens) -> Parsed<Vec<Selection>> {
    tokens.expect('{')?;
    let mut all = Vec::new();
    while !tokens.take('}') {
        let place = tokens.place();
        if *tokens.peek() != Token::Spread {
            all.push(Selection::Field(field(tokens)?));
            continue;
        }
        tokens.next();
        match type_condition(tokens)? {
            Some(on) => all.push(Selection::Inline { on: Some(on), selection: selection(tokens)?, place }),
            None if *tokens.peek() == Token::Punct('{') => {
                all.push(Selection::Inline { on: None, selection: selection(tokens)?, place });
            }
            None => all.push(Selection::Named { fragment: tokens.name()?, place }),
        }
    }
    Ok(all)
}

fn field(tokens: &mut Tokens) -> Parsed<Field> {
    let place = tokens.place();
    let first = tokens.name()?;
    let (alias, name) = if tokens.take(':') { (first, tokens.name()?) } else { (first.clone(), first) };
    let mut arguments = BTreeMap::new();
    if tokens.take('(') {
        while !tokens.take(')') {
            let name = tokens.name()?;
            tokens.expect(':')?;
            arguments.insert(name, value(tokens)?);
        }
    }
    if *tokens.peek() == Token::Punct('@') {
        return Err(SyntaxError {
            message: "world-github does not simulate directives".to_owned(),
            place: tokens.place(),
        });
    }
    let selection = if *tokens.peek() == Token::Punct('{') { selection(tokens)? } else { Vec::new() };
    Ok(Field { alias, name, arguments, selection, place })
}

pub(super) fn value(tokens: &mut Tokens) -> Parsed<Input> {
    let place = tokens.place();
    if tokens.take('$') {
        return Ok(Input::Variable(tokens.name()?, place));
    }
    if tokens.take('[') {
        let mut all = Vec::new();
        while !tokens.take(']') {
            all.push(value(tokens)?);
        }
        return Ok(Input::List(all));
    }
    if tokens.take('{') {
        let mut all = BTreeMap::new();
        while !tokens.take('}') {
            let name = tokens.name()?;
            tokens.expect(':')?;
            all.insert(name, value(tokens)?);
        }
        return Ok(Input::Object(all));
    }
    let plain = match tokens.peek() {
        Token::Name(name) => match name.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            word => Value::String(word.to_owned()),
        },
        Token::Text(text) => Value::String(text.clone()),
        Token::Number(number) => Value::Number(number.clone()),
        Token::Punct(_) | Token::Spread | Token::End => return Err(tokens.unexpected("a value")),
    };
    tokens.next();
    Ok(Input::Plain(plain))
}

impl Input {
    /// The value with variables filled in.
    pub(super) fn fill(&self, variables: &BTreeMap<String, Value>) -> Value {
        match self {
            Self::Variable(name, _) => variables.get(name).cloned().unwrap_or_default(),
            Self::Plain(value) => value.clone(),
            Self::List(all) => all.iter().map(|one| one.fill(variables)).collect(),
            Self::Object(all) => {
                Value::Object(all.iter().map(|(name, one)| (name.clone(), one.fill(variables))).collect())
            }
        }
    }

    /// The variables in it.
    pub(super) fn variables(&self) -> Vec<(&str, Place)> {
        match self {
            Self::Variable(name, place) => vec![(name, *place)],
            Self::Plain(_) => Vec::new(),
            Self::List(all) => all.iter().flat_map(Self::variables).collect(),
            Self::Object(all) => all.values().flat_map(Self::variables).collect(),
        }
    }
}
