//! Reading a template: text and actions, then the words inside an action.

use super::TemplateError;

/// How deep `if`, `range`, `with` and parentheses may be nested.
const MAX_DEPTH: usize = 64;

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Copied as it is.
    Text(String),
    /// Printed, unless it only sets a variable.
    Print(Pipeline),
    /// `if`.
    If { condition: Pipeline, then: Vec<Node>, otherwise: Vec<Node> },
    /// `with`: as `if`, and the value becomes the dot.
    With { value: Pipeline, then: Vec<Node>, otherwise: Vec<Node> },
    /// `range`: for each; `otherwise` where there is none.
    Range { over: Pipeline, each: Vec<Node>, otherwise: Vec<Node> },
}

/// Commands, each of which gets the result of the one before as its last argument.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pipeline {
    /// Variables that are set: one, or index and element of a `range`.
    pub variables: Vec<String>,
    /// `=` instead of `:=`.
    pub assigns: bool,
    pub commands: Vec<Vec<Operand>>,
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// `.`, with the fields asked of it.
    Dot(Vec<String>),
    /// `$name`, with the fields asked of it.
    Variable(String, Vec<String>),
    /// A parenthesised pipeline, with the fields asked of its value.
    Group(Box<Pipeline>, Vec<String>),
    /// A function's name.
    Function(String),
    Text(String),
    Int(i64),
    Bool(bool),
    Nil,
}

enum Piece {
    Text(String),
    Action(String),
}

pub(super) fn parse(source: &str) -> Result<Vec<Node>, TemplateError> {
    let mut pieces = pieces(source)?.into_iter();
    let (nodes, end) = block(&mut pieces, 0)?;
    match end {
        End::OfTemplate => Ok(nodes),
        End::Else(_) => Err(syntax("else", "there is no if, with or range before it")),
        End::Block => Err(syntax("end", "there is no if, with or range before it")),
    }
}

fn syntax(near: &str, problem: &str) -> TemplateError {
    TemplateError::Syntax { near: near.chars().take(40).collect(), problem: problem.to_owned() }
}

/// Splits text from actions, and takes away the space that trim markers name.
fn pieces(source: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = source;
    let mut trim_next = false;
    while let Some((text, after)) = rest.split_once("{{") {
        let trims = after.strip_prefix('-').filter(|inner| inner.starts_with([' ', '\t', '\n', '\r']));
        let text = if trim_next { text.trim_start() } else { text };
        let text = if trims.is_some() { text.trim_end() } else { text };
        pieces.push(Piece::Text(text.to_owned()));
        let inner = trims.unwrap_or(after);
        let (action, after) = match inner.trim_start().strip_prefix("/*") {
            Some(comment) => {
                let (_, after) = comment.split_once("*/").ok_or_else(|| syntax(inner, "the comment has no end"))?;
                let (rest, after) =
                    after.split_once("}}").ok_or_else(|| syntax(inner, "the comment is not followed by }}"))?;
                if !matches!(rest.trim(), "" | "-") {
                    return Err(syntax(rest, "a comment stands alone in its braces"));
                }
                (rest, after)
            }
            None => action_text(inner)?,
        };
        let trimmed = action.strip_suffix('-').filter(|a| a.ends_with([' ', '\t', '\n', '\r']) || a.is_empty());
        trim_next = trimmed.is_some();
        let action = trimmed.unwrap_or(action).trim();
        if !action.is_empty() {
            pieces.push(Piece::Action(action.to_owned()));
        } else if !inner.trim_start().starts_with("/*") {
            return Err(syntax(inner, "nothing stands between the braces"));
        }
        rest = after;
    }
    pieces.push(Piece::Text(if trim_next { rest.trim_start() } else { rest }.to_owned()));
    Ok(pieces)
}

/// The inside of an action up to its `}}`, which may not be one inside a text.
fn action_text(inner: &str) -> Result<(&str, &str), TemplateError> {
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '`' => quote = Some(c),
            None if inner[at..].starts_with("}}") => return Ok((&inner[..at], &inner[at + 2..])),
            None => {}
        }
    }
    Err(syntax(inner, "the action has no }}"))
}

/// What ended a block.
enum End {
    OfTemplate,
    Block,
    /// `else`, with what follows the word.
    Else(String),
}

fn block(pieces: &mut std::vec::IntoIter<Piece>, depth: usize) -> Result<(Vec<Node>, End), TemplateError> {
    if depth > MAX_DEPTH {
        return Err(TemplateError::TooLarge("it is nested too deeply"));
    }
    let mut nodes = Vec::new();
    while let Some(piece) = pieces.next() {
        let action = match piece {
            Piece::Text(text) => {
                if !text.is_empty() {
                    nodes.push(Node::Text(text));
                }
                continue;
            }
            Piece::Action(action) => action,
        };
        let (word, rest) = action.split_once(char::is_whitespace).unwrap_or((&action, ""));
        match word {
            "end" => return Ok((nodes, End::Block)),
            "else" => return Ok((nodes, End::Else(rest.trim().to_owned()))),
            "if" | "with" | "range" => nodes.push(control(word, rest, pieces, depth)?),
            "define" | "template" | "block" | "break" | "continue" => {
                return Err(syntax(&action, "this part of Go's templates is not supported"));
            }
            _ => nodes.push(Node::Print(pipeline(&action)?)),
        }
    }
    Ok((nodes, End::OfTemplate))
}

fn control(
    word: &str,
    head: &str,
    pieces: &mut std::vec::IntoIter<Piece>,
    depth: usize,
) -> Result<Node, TemplateError> {
    let value = pipeline(head)?;
    let (then, end) = block(pieces, depth + 1)?;
    let otherwise = match end {
        End::Block => Vec::new(),
        End::OfTemplate => return Err(syntax(word, "it has no end")),
        End::Else(rest) if rest.is_empty() => match block(pieces, depth + 1)? {
            (nodes, End::Block) => nodes,
            (_, End::OfTemplate | End::Else(_)) => return Err(syntax("else", "it has no end")),
        },
        End::Else(rest) => {
            let (next, head) = rest.split_once(char::is_whitespace).unwrap_or((&rest, ""));
            if next != word || word == "range" {
                return Err(syntax(&rest, "else is followed by nothing or by the same word"));
            }
            vec![control(next, head, pieces, depth + 1)?]
        }
    };
    Ok(match word {
        "if" => Node::If { condition: value, then, otherwise },
        "with" => Node::With { value, then, otherwise },
        _ => Node::Range { over: value, each: then, otherwise },
    })
}

fn pipeline(text: &str) -> Result<Pipeline, TemplateError> {
    let mut words = Words { rest: text };
    let pipeline = words.pipeline(0)?;
    if words.rest.trim().is_empty() { Ok(pipeline) } else { Err(syntax(words.rest, "this is not expected here")) }
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn eat(&mut self, token: &str) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn name(&mut self) -> &'a str {
        let len = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(len);
        self.rest = rest;
        name
    }

    fn pipeline(&mut self, depth: usize) -> Result<Pipeline, TemplateError> {
        if depth > MAX_DEPTH {
            return Err(TemplateError::TooLarge("its parentheses are nested too deeply"));
        }
        let (variables, assigns) = self.variables();
        let mut commands = vec![self.command(depth)?];
        while self.eat("|") {
            commands.push(self.command(depth)?);
        }
        Ok(Pipeline { variables, assigns, commands })
    }

    /// `$a :=`, `$a =`, `$i, $e :=`; anything else is left where it is.
    fn variables(&mut self) -> (Vec<String>, bool) {
        let start = self.rest;
        let mut names = Vec::new();
        while self.eat("$") {
            names.push(self.name().to_owned());
            if self.eat(":=") {
                return (names, false);
            }
            if self.eat("=") {
                return (names, true);
            }
            if names.len() == 2 || !self.eat(",") {
                break;
            }
        }
        self.rest = start;
        (Vec::new(), false)
    }

    fn command(&mut self, depth: usize) -> Result<Vec<Operand>, TemplateError> {
        let mut operands = Vec::new();
        loop {
            self.skip_space();
            if self.rest.is_empty() || self.rest.starts_with(['|', ')']) {
                break;
            }
            operands.push(self.operand(depth)?);
        }
        if operands.is_empty() { Err(syntax(self.rest, "a value or a function is missing")) } else { Ok(operands) }
    }

    fn operand(&mut self, depth: usize) -> Result<Operand, TemplateError> {
        let first = self.rest.chars().next().unwrap_or_default();
        match first {
            '"' | '`' => self.text(first).map(Operand::Text),
            '(' => {
                self.rest = &self.rest[1..];
                let inner = self.pipeline(depth + 1)?;
                if !self.eat(")") {
                    return Err(syntax(self.rest, "a closing parenthesis is missing"));
                }
                Ok(Operand::Group(Box::new(inner), self.fields()?))
            }
            '$' => {
                self.rest = &self.rest[1..];
                let name = self.name().to_owned();
                Ok(Operand::Variable(name, self.fields()?))
            }
            '.' if self.rest[1..].starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                Ok(Operand::Dot(self.fields()?))
            }
            '.' => {
                self.rest = &self.rest[1..];
                Ok(Operand::Dot(Vec::new()))
            }
            '0'..='9' | '-' | '+' => self.number(),
            c if c.is_alphabetic() || c == '_' => Ok(match self.name() {
                "true" => Operand::Bool(true),
                "false" => Operand::Bool(false),
                "nil" => Operand::Nil,
                function => Operand::Function(function.to_owned()),
            }),
            _ => Err(syntax(self.rest, "this is not expected here")),
        }
    }

    fn fields(&mut self) -> Result<Vec<String>, TemplateError> {
        let mut fields = Vec::new();
        while let Some(rest) = self.rest.strip_prefix('.') {
            self.rest = rest;
            match self.name() {
                "" => return Err(syntax(self.rest, "a field's name is missing after the dot")),
                name => fields.push(name.to_owned()),
            }
        }
        Ok(fields)
    }

    fn number(&mut self) -> Result<Operand, TemplateError> {
        let signed = usize::from(self.rest.starts_with(['-', '+']));
        let len = self.rest[signed..].find(|c: char| !c.is_ascii_digit()).map_or(self.rest.len(), |at| at + signed);
        let (digits, rest) = self.rest.split_at(len);
        if rest.starts_with(|c: char| c.is_alphanumeric() || c == '.') {
            return Err(syntax(self.rest, "only whole decimal numbers are supported"));
        }
        self.rest = rest;
        digits.parse().map(Operand::Int).map_err(|_| syntax(digits, "this is not a number"))
    }

    fn text(&mut self, quote: char) -> Result<String, TemplateError> {
        let start = self.rest;
        let mut text = String::new();
        let mut chars = start.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.rest = &start[at + 1..];
                    return Ok(text);
                }
                '\\' if quote == '"' => text.push(match chars.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, 't')) => '\t',
                    Some((_, 'r')) => '\r',
                    Some((_, c @ ('"' | '\\'))) => c,
                    _ => return Err(syntax(start, "this escape is not supported")),
                }),
                c => text.push(c),
            }
        }
        Err(syntax(start, "the text has no closing quote"))
    }
}
