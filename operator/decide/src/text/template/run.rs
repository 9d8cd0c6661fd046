//! Filling a template in.

use super::{
    functions,
    parse::{Node, Operand, Pipeline},
    value::Value,
};

/// The longest text that a template may make, in bytes.
const MAX_OUTPUT: usize = 64 * 1024;
/// How many parts may be carried out.
const MAX_STEPS: usize = 100_000;

/// Why a template made no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFailed {
    /// A field is not there.
    #[error("there is no field {0:?} here")]
    NoField(String),
    /// A function was called wrongly.
    #[error("{function}: {problem}")]
    Call {
        /// The function.
        function: String,
        /// What is wrong.
        problem: String,
    },
    /// `range` over what is no list.
    #[error("range needs a list")]
    NotAList,
    /// The text got too long.
    #[error("the text is longer than 64 KiB")]
    TooLong,
    /// Too much was done.
    #[error("the template does not come to an end")]
    TooManySteps,
}

enum Flow {
    Next,
    Break,
    Continue,
}

struct Run {
    out: String,
    steps: usize,
    variables: Vec<(String, Value)>,
}

pub(super) fn render(nodes: &[Node], dot: &Value) -> Result<String, TemplateFailed> {
    let mut run = Run { out: String::new(), steps: 0, variables: vec![("$".to_owned(), dot.clone())] };
    run.nodes(nodes, dot)?;
    Ok(run.out)
}

impl Run {
    fn nodes(&mut self, nodes: &[Node], dot: &Value) -> Result<Flow, TemplateFailed> {
        let known = self.variables.len();
        let flow = self.each(nodes, dot);
        self.variables.truncate(known);
        flow
    }

    fn each(&mut self, nodes: &[Node], dot: &Value) -> Result<Flow, TemplateFailed> {
        for node in nodes {
            self.step()?;
            match self.node(node, dot)? {
                Flow::Next => {}
                stop @ (Flow::Break | Flow::Continue) => return Ok(stop),
            }
        }
        Ok(Flow::Next)
    }

    fn step(&mut self) -> Result<(), TemplateFailed> {
        self.steps += 1;
        if self.steps > MAX_STEPS { Err(TemplateFailed::TooManySteps) } else { Ok(()) }
    }

    fn write(&mut self, text: &str) -> Result<(), TemplateFailed> {
        self.out.push_str(text);
        if self.out.len() > MAX_OUTPUT { Err(TemplateFailed::TooLong) } else { Ok(()) }
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Result<Flow, TemplateFailed> {
        match node {
            Node::Text(text) => self.write(text).map(|()| Flow::Next),
            Node::Break => Ok(Flow::Break),
            Node::Continue => Ok(Flow::Continue),
            Node::Print(pipeline) => {
                let value = self.pipeline(pipeline, dot)?;
                if pipeline.names.is_empty() {
                    self.write(&value.to_string())?;
                }
                Ok(Flow::Next)
            }
            Node::If { arms, otherwise } => {
                let known = self.variables.len();
                let mut body = otherwise;
                for (condition, arm) in arms {
                    if self.pipeline(condition, dot)?.is_true() {
                        body = arm;
                        break;
                    }
                }
                let flow = self.nodes(body, dot);
                self.variables.truncate(known);
                flow
            }
            Node::With { value, body, otherwise } => {
                let known = self.variables.len();
                let value = self.pipeline(value, dot)?;
                let flow =
                    if value.is_true() { self.nodes(body, &value) } else { self.nodes(otherwise, dot) };
                self.variables.truncate(known);
                flow
            }
            Node::Range { value, body, otherwise } => self.range(value, body, otherwise, dot),
        }
    }

    fn range(
        &mut self,
        pipeline: &Pipeline,
        body: &[Node],
        otherwise: &[Node],
        dot: &Value,
    ) -> Result<Flow, TemplateFailed> {
        let items: Vec<(Value, Value)> = match self.value(&pipeline.commands, dot)? {
            Value::List(items) => (0..).map(Value::Int).zip(items).collect(),
            Value::Map(members) => {
                members.into_iter().map(|(key, value)| (Value::Text(key), value)).collect()
            }
            Value::Nil => Vec::new(),
            Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Time(_) | Value::Record(_) => {
                return Err(TemplateFailed::NotAList);
            }
        };
        if items.is_empty() {
            return self.nodes(otherwise, dot);
        }
        let known = self.variables.len();
        for (index, item) in items {
            match pipeline.names.as_slice() {
                [name] => self.keep(name, item.clone(), pipeline.declares),
                [counter, name] => {
                    self.keep(counter, index, true);
                    self.keep(name, item.clone(), true);
                }
                _ => {}
            }
            let flow = self.nodes(body, &item)?;
            self.variables.truncate(known);
            if matches!(flow, Flow::Break) {
                break;
            }
        }
        Ok(Flow::Next)
    }

    fn keep(&mut self, name: &str, value: Value, declares: bool) {
        if declares {
            self.variables.push((name.to_owned(), value));
        } else if let Some((_, known)) = self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            *known = value;
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Result<Value, TemplateFailed> {
        let value = self.value(&pipeline.commands, dot)?;
        for name in &pipeline.names {
            self.keep(name, value.clone(), pipeline.declares);
        }
        Ok(value)
    }

    fn value(&mut self, commands: &[Vec<Operand>], dot: &Value) -> Result<Value, TemplateFailed> {
        let mut piped = None;
        for command in commands {
            self.step()?;
            piped = Some(self.command(command, piped.take(), dot)?);
        }
        Ok(piped.unwrap_or(Value::Nil))
    }

    fn command(
        &mut self,
        command: &[Operand],
        piped: Option<Value>,
        dot: &Value,
    ) -> Result<Value, TemplateFailed> {
        let Some((first, arguments)) = command.split_first() else { return Ok(Value::Nil) };
        match first {
            // These two stop at the first operand that decides, and do not look at the rest.
            Operand::Function(name) if name == "and" || name == "or" => {
                let stop_at = name == "or";
                let mut last = Value::Nil;
                for argument in arguments {
                    last = self.operand(argument, dot)?;
                    if last.is_true() == stop_at {
                        return Ok(last);
                    }
                }
                Ok(piped.unwrap_or(last))
            }
            Operand::Function(name) => {
                let values = self.arguments(arguments, piped, dot)?;
                functions::call(name, &values)
            }
            Operand::Fields(base, names) => {
                let mut values = self.arguments(arguments, piped, dot)?.into_iter();
                let base = self.operand(base, dot)?;
                let value = fields(base, names, values.next().as_ref())?;
                if values.next().is_some() { Err(no_function(first)) } else { Ok(value) }
            }
            Operand::Dot
            | Operand::Nil
            | Operand::Bool(_)
            | Operand::Int(_)
            | Operand::Text(_)
            | Operand::Variable(_)
            | Operand::Nested(_) => {
                if arguments.is_empty() && piped.is_none() {
                    self.operand(first, dot)
                } else {
                    Err(no_function(first))
                }
            }
        }
    }

    fn arguments(
        &mut self,
        operands: &[Operand],
        piped: Option<Value>,
        dot: &Value,
    ) -> Result<Vec<Value>, TemplateFailed> {
        let mut values = operands.iter().map(|o| self.operand(o, dot)).collect::<Result<Vec<_>, _>>()?;
        values.extend(piped);
        Ok(values)
    }

    fn operand(&mut self, operand: &Operand, dot: &Value) -> Result<Value, TemplateFailed> {
        self.step()?;
        match operand {
            Operand::Dot => Ok(dot.clone()),
            Operand::Nil => Ok(Value::Nil),
            Operand::Bool(yes) => Ok(Value::Bool(*yes)),
            Operand::Int(number) => Ok(Value::Int(*number)),
            Operand::Text(text) => Ok(Value::text(text)),
            Operand::Function(name) => functions::call(name, &[]),
            Operand::Fields(base, names) => {
                let base = self.operand(base, dot)?;
                fields(base, names, None)
            }
            Operand::Variable(name) => Ok(self
                .variables
                .iter()
                .rev()
                .find(|(known, _)| known == name)
                .map_or(Value::Nil, |(_, value)| value.clone())),
            Operand::Nested(pipeline) => self.value(&pipeline.commands, dot),
        }
    }
}

fn no_function(operand: &Operand) -> TemplateFailed {
    let problem = "this is not a function and takes no argument".to_owned();
    TemplateFailed::Call { function: format!("{operand:?}"), problem }
}

/// The value at the end of a chain of fields. A moment has the method `Format`, which takes the argument.
fn fields(base: Value, names: &[String], argument: Option<&Value>) -> Result<Value, TemplateFailed> {
    let mut value = base;
    let mut argument = argument;
    for name in names {
        value = match (value, name.as_str()) {
            (Value::Record(fields), name) => fields
                .into_iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value)
                .ok_or_else(|| TemplateFailed::NoField(name.to_owned()))?,
            (Value::Map(mut members), name) => members.remove(name).unwrap_or_else(|| Value::text("")),
            (Value::Time(time), "Format") => {
                let Some(Value::Text(layout)) = argument.take() else {
                    let problem = "needs a layout such as \"2006-01-02\"".to_owned();
                    return Err(TemplateFailed::Call { function: name.clone(), problem });
                };
                Value::Text(functions::format_time(time, layout))
            }
            (
                Value::Nil
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Text(_)
                | Value::Time(_)
                | Value::List(_),
                _,
            ) => return Err(TemplateFailed::NoField(name.clone())),
        };
    }
    match argument {
        None => Ok(value),
        Some(_) => Err(TemplateFailed::Call {
            function: names.join("."),
            problem: "this is a field and takes no argument".to_owned(),
        }),
    }
}
