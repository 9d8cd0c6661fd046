//! From a template's text to its parts.

use super::functions;
use std::{iter::Peekable, vec};

/// How deep parts may stand in each other.
const MAX_DEPTH: usize = 64;

/// Why a text is not a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct InvalidTemplate {
    line: usize,
    problem: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    Print(Pipeline),
    If { arms: Vec<(Pipeline, Vec<Node>)>, otherwise: Vec<Node> },
    With { value: Pipeline, body: Vec<Node>, otherwise: Vec<Node> },
    Range { value: Pipeline, body: Vec<Node>, otherwise: Vec<Node> },
    Break,
    Continue,
}

/// Commands, each of which gets the one before it as its last argument, and where the result is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pipeline {
    pub names: Vec<String>,
    pub declares: bool,
    pub commands: Vec<Vec<Operand>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    Dot,
    Nil,
    Bool(bool),
    Int(i64),
    Text(String),
    Function(String),
    /// A chain of fields on a value; on `Dot` it is `.A.B`.
    Fields(Box<Operand>, Vec<String>),
    Variable(String),
    Nested(Pipeline),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Variable(String),
    Fields(Vec<String>),
    Dot,
    Text(String),
    Int(i64),
    Pipe,
    Comma,
    Declare,
    Assign,
    Open,
    /// A closing bracket and the fields right behind it.
    Close(Vec<String>),
}

enum Piece {
    Text(String),
    Action { line: usize, tokens: Vec<Token> },
}

pub(super) fn parse(source: &str) -> Result<Vec<Node>, InvalidTemplate> {
    let mut parser = Parser {
        pieces: split(source)?.into_iter().peekable(),
        line: 1,
        variables: vec!["$".to_owned()],
        loops: 0,
        depth: 0,
    };
    let nodes = parser.nodes()?;
    match parser.pieces.next() {
        None => Ok(nodes),
        Some(Piece::Action { line, .. }) => Err(fault(line, "unexpected end or else")),
        Some(Piece::Text(_)) => Err(fault(parser.line, "unexpected text")),
    }
}

fn fault(line: usize, problem: impl Into<String>) -> InvalidTemplate {
    InvalidTemplate { line, problem: problem.into() }
}

/// Cuts the source into text and actions, with the trim markers applied.
fn split(source: &str) -> Result<Vec<Piece>, InvalidTemplate> {
    let space = [' ', '\t', '\r', '\n'];
    let mut pieces = Vec::new();
    let (mut rest, mut line, mut trim_next) = (source, 1, false);
    loop {
        let (text, after) = match rest.split_once("{{") {
            Some((text, after)) => (text, Some(after)),
            None => (rest, None),
        };
        line += text.matches('\n').count();
        let trim_left = after.is_some_and(|a| a.starts_with("- ") || a.starts_with("-\n"));
        let text = if trim_next { text.trim_start_matches(space) } else { text };
        let text = if trim_left { text.trim_end_matches(space) } else { text };
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
        let Some(after) = after else { return Ok(pieces) };
        let inside = if trim_left { after.get(1..).unwrap_or_default() } else { after };
        let (tokens, length, comment) = tokens(inside).map_err(|problem| fault(line, problem))?;
        if !comment {
            pieces.push(Piece::Action { line, tokens });
        }
        let (action, end) = inside.split_at(length);
        line += action.matches('\n').count();
        trim_next = end.starts_with('-');
        rest = end.trim_start_matches('-').strip_prefix("}}").unwrap_or_default();
    }
}

/// The tokens up to `}}` or `-}}`, how many bytes they take, and whether all of it is a comment.
fn tokens(inside: &str) -> Result<(Vec<Token>, usize, bool), String> {
    let trimmed = inside.trim_start();
    if let Some(comment) = trimmed.strip_prefix("/*") {
        let (_, after) = comment.split_once("*/").ok_or("unclosed comment")?;
        let end = after.trim_start();
        if !end.starts_with("}}") && !end.starts_with("-}}") {
            return Err("a comment must be alone in its action".into());
        }
        return Ok((Vec::new(), inside.len() - end.len(), true));
    }
    let mut tokens = Vec::new();
    let mut rest = inside;
    loop {
        let before = rest;
        rest = rest.trim_start();
        let spaced = before.len() != rest.len();
        if rest.starts_with("}}") || spaced && rest.starts_with("-}}") {
            return Ok((tokens, inside.len() - rest.len(), false));
        }
        let first = rest.chars().next().ok_or("unclosed action")?;
        let (token, after) = token(first, rest)?;
        tokens.push(token);
        rest = after;
    }
}

fn token(first: char, rest: &str) -> Result<(Token, &str), String> {
    let after = rest.get(first.len_utf8()..).unwrap_or_default();
    let number = |text: &str| text.parse().map(Token::Int).map_err(|_| format!("{text:?} is not a number"));
    Ok(match first {
        '|' => (Token::Pipe, after),
        ',' => (Token::Comma, after),
        '(' => (Token::Open, after),
        ')' => {
            let (fields, after) = fields(after);
            (Token::Close(fields), after)
        }
        ':' => (Token::Declare, after.strip_prefix('=').ok_or("expected :=")?),
        '=' => (Token::Assign, after),
        '`' => {
            let (text, after) = after.split_once('`').ok_or("unclosed raw text")?;
            (Token::Text(text.to_owned()), after)
        }
        '"' => quoted(after)?,
        '.' => match fields(rest) {
            (names, after) if !names.is_empty() => (Token::Fields(names), after),
            _ => (Token::Dot, after),
        },
        '$' => {
            let (name, after) = word(after);
            (Token::Variable(format!("${name}")), after)
        }
        '-' | '+' => {
            let (digits, after) = word(after);
            let sign = if first == '-' { "-" } else { "" };
            (number(&format!("{sign}{digits}"))?, after)
        }
        c if c.is_ascii_digit() => {
            let (digits, after) = word(rest);
            (number(digits)?, after)
        }
        c if c.is_alphabetic() || c == '_' => {
            let (name, after) = word(rest);
            (Token::Word(name.to_owned()), after)
        }
        other => return Err(format!("unexpected {other:?} in an action")),
    })
}

fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len()))
}

/// `.A.B` at the start of the text.
fn fields(mut text: &str) -> (Vec<String>, &str) {
    let mut names = Vec::new();
    while let Some(after) = text.strip_prefix('.') {
        let (name, after) = word(after);
        if name.is_empty() {
            break;
        }
        names.push(name.to_owned());
        text = after;
    }
    (names, text)
}

/// A quoted text, after its opening quote.
fn quoted(rest: &str) -> Result<(Token, &str), String> {
    let mut text = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Token::Text(text), rest.get(at + 1..).unwrap_or_default())),
            '\n' => break,
            '\\' => text.push(match chars.next().map(|(_, c)| c) {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(c @ ('"' | '\\' | '\'')) => c,
                other => return Err(format!("unknown escape {other:?} in a text")),
            }),
            c => text.push(c),
        }
    }
    Err("unclosed text".into())
}

struct Parser {
    pieces: Peekable<vec::IntoIter<Piece>>,
    line: usize,
    variables: Vec<String>,
    loops: usize,
    depth: usize,
}

impl Parser {
    fn fault(&self, problem: impl Into<String>) -> InvalidTemplate {
        fault(self.line, problem)
    }

    fn deeper(&mut self) -> Result<(), InvalidTemplate> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.fault("parts stand in each other too deep")) } else { Ok(()) }
    }

    /// Nodes up to an `end` or `else`, which stays.
    fn nodes(&mut self) -> Result<Vec<Node>, InvalidTemplate> {
        self.deeper()?;
        let known = self.variables.len();
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.peek() {
            if let Piece::Action { tokens, .. } = piece
                && let Some(Token::Word(word)) = tokens.first()
                && (word == "end" || word == "else")
            {
                break;
            }
            match self.pieces.next() {
                Some(Piece::Text(text)) => nodes.push(Node::Text(text)),
                Some(Piece::Action { line, tokens }) => {
                    self.line = line;
                    nodes.push(self.action(tokens)?);
                }
                None => {}
            }
        }
        self.variables.truncate(known);
        self.depth -= 1;
        Ok(nodes)
    }

    fn action(&mut self, tokens: Vec<Token>) -> Result<Node, InvalidTemplate> {
        let mut tokens = tokens.into_iter().peekable();
        let keyword = match tokens.peek() {
            Some(Token::Word(word)) => word.clone(),
            Some(_) => String::new(),
            None => return Err(self.fault("an empty action")),
        };
        let known = self.variables.len();
        let node = match keyword.as_str() {
            "if" => {
                tokens.next();
                self.if_arms(tokens)?
            }
            "with" => {
                tokens.next();
                let value = self.whole(tokens, false)?;
                let (body, otherwise) = self.body_and_else()?;
                Node::With { value, body, otherwise }
            }
            "range" => {
                tokens.next();
                let value = self.whole(tokens, true)?;
                self.loops += 1;
                let bodies = self.body_and_else();
                self.loops -= 1;
                let (body, otherwise) = bodies?;
                Node::Range { value, body, otherwise }
            }
            "break" | "continue" => {
                if self.loops == 0 || tokens.len() != 1 {
                    return Err(self.fault(format!("{keyword} stands alone, inside range")));
                }
                return Ok(if keyword == "break" { Node::Break } else { Node::Continue });
            }
            "define" | "template" | "block" => {
                return Err(self.fault(format!("{keyword} is not supported here")));
            }
            _ => return self.whole(tokens, false).map(Node::Print),
        };
        self.variables.truncate(known);
        Ok(node)
    }

    fn if_arms(&mut self, tokens: Peekable<vec::IntoIter<Token>>) -> Result<Node, InvalidTemplate> {
        let mut arms = Vec::new();
        let mut condition = tokens;
        loop {
            let value = self.whole(condition, false)?;
            arms.push((value, self.nodes()?));
            let mut closing = self.closing()?;
            match (closing.next(), closing.next()) {
                (Some(Token::Word(word)), None) if word == "end" => {
                    return Ok(Node::If { arms, otherwise: Vec::new() });
                }
                (Some(Token::Word(word)), None) if word == "else" => {
                    let otherwise = self.nodes()?;
                    self.end()?;
                    return Ok(Node::If { arms, otherwise });
                }
                (Some(Token::Word(_)), Some(Token::Word(word))) if word == "if" => condition = closing,
                _ => return Err(self.fault("unexpected words behind end or else")),
            }
        }
    }

    fn body_and_else(&mut self) -> Result<(Vec<Node>, Vec<Node>), InvalidTemplate> {
        let body = self.nodes()?;
        let mut closing = self.closing()?;
        match (closing.next(), closing.next()) {
            (Some(Token::Word(word)), None) if word == "end" => Ok((body, Vec::new())),
            (Some(Token::Word(word)), None) if word == "else" => {
                let otherwise = self.nodes()?;
                self.end()?;
                Ok((body, otherwise))
            }
            _ => Err(self.fault("unexpected words behind end or else")),
        }
    }

    fn closing(&mut self) -> Result<Peekable<vec::IntoIter<Token>>, InvalidTemplate> {
        match self.pieces.next() {
            Some(Piece::Action { line, tokens }) => {
                self.line = line;
                Ok(tokens.into_iter().peekable())
            }
            Some(Piece::Text(_)) | None => Err(self.fault("an end is missing")),
        }
    }

    fn end(&mut self) -> Result<(), InvalidTemplate> {
        let mut closing = self.closing()?;
        match (closing.next(), closing.next()) {
            (Some(Token::Word(word)), None) if word == "end" => Ok(()),
            _ => Err(self.fault("expected end")),
        }
    }

    /// A pipeline that takes all the tokens.
    fn whole(
        &mut self,
        mut tokens: Peekable<vec::IntoIter<Token>>,
        two_names: bool,
    ) -> Result<Pipeline, InvalidTemplate> {
        let mut pipeline = self.names(&mut tokens, two_names)?;
        pipeline.commands = self.commands(&mut tokens)?;
        if tokens.next().is_some() {
            return Err(self.fault("unexpected closing bracket"));
        }
        if pipeline.declares {
            self.variables.extend(pipeline.names.iter().cloned());
        }
        Ok(pipeline)
    }

    /// `$x :=`, `$x =` or, for range, `$i, $x :=` in front of a pipeline.
    fn names(
        &self,
        tokens: &mut Peekable<vec::IntoIter<Token>>,
        two_names: bool,
    ) -> Result<Pipeline, InvalidTemplate> {
        let ahead: Vec<Token> = tokens.clone().take(4).collect();
        let (names, declares, taken) = match ahead.as_slice() {
            [Token::Variable(x), Token::Declare, ..] => (vec![x.clone()], true, 2),
            [Token::Variable(x), Token::Assign, ..] => (vec![x.clone()], false, 2),
            [Token::Variable(i), Token::Comma, Token::Variable(x), Token::Declare] if two_names => {
                (vec![i.clone(), x.clone()], true, 4)
            }
            _ => return Ok(Pipeline::default()),
        };
        if let Some(unknown) = names.iter().find(|name| !declares && !self.variables.contains(name)) {
            return Err(self.fault(format!("{unknown} is not declared")));
        }
        tokens.nth(taken - 1);
        Ok(Pipeline { names, declares, commands: Vec::new() })
    }

    fn commands(
        &mut self,
        tokens: &mut Peekable<vec::IntoIter<Token>>,
    ) -> Result<Vec<Vec<Operand>>, InvalidTemplate> {
        let mut commands = vec![Vec::new()];
        while !matches!(tokens.peek(), None | Some(Token::Close(_))) {
            let Some(token) = tokens.next() else { break };
            if token == Token::Pipe {
                commands.push(Vec::new());
            } else {
                let operand = self.operand(token, tokens)?;
                if let Some(command) = commands.last_mut() {
                    command.push(operand);
                }
            }
        }
        if commands.iter().any(Vec::is_empty) {
            Err(self.fault("a command is missing"))
        } else {
            Ok(commands)
        }
    }

    fn operand(
        &mut self,
        token: Token,
        tokens: &mut Peekable<vec::IntoIter<Token>>,
    ) -> Result<Operand, InvalidTemplate> {
        Ok(match token {
            Token::Dot => Operand::Dot,
            Token::Fields(names) => Operand::Fields(Box::new(Operand::Dot), names),
            Token::Text(text) => Operand::Text(text),
            Token::Int(number) => Operand::Int(number),
            Token::Variable(name) => {
                if !self.variables.contains(&name) {
                    return Err(self.fault(format!("{name} is not declared")));
                }
                let variable = Operand::Variable(name);
                // `$x.A` is one operand; in a template a field right behind a variable cannot mean anything else.
                match tokens.peek() {
                    Some(Token::Fields(names)) => {
                        let operand = Operand::Fields(Box::new(variable), names.clone());
                        tokens.next();
                        operand
                    }
                    _ => variable,
                }
            }
            Token::Open => {
                self.deeper()?;
                let nested =
                    Operand::Nested(Pipeline { commands: self.commands(tokens)?, ..Pipeline::default() });
                self.depth -= 1;
                match tokens.next() {
                    Some(Token::Close(fields)) if fields.is_empty() => nested,
                    Some(Token::Close(fields)) => Operand::Fields(Box::new(nested), fields),
                    _ => return Err(self.fault("a closing bracket is missing")),
                }
            }
            Token::Word(word) => match word.as_str() {
                "true" => Operand::Bool(true),
                "false" => Operand::Bool(false),
                "nil" => Operand::Nil,
                name if functions::exists(name) => Operand::Function(word),
                name => return Err(self.fault(format!("function {name:?} is not defined"))),
            },
            Token::Pipe | Token::Comma | Token::Declare | Token::Assign | Token::Close(_) => {
                return Err(self.fault("unexpected punctuation in an action"));
            }
        })
    }
}
