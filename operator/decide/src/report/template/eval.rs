//! Carrying a template out.

use super::{
    Data, TemplateError, functions,
    parse::{Node, Operand, Pipeline},
};

/// The longest output: a comment on GitHub holds as much.
const MAX_OUTPUT: usize = 64 * 1024;
/// How many pieces may be carried out, so that nested loops end.
const MAX_STEPS: usize = 100_000;

pub(super) fn render(nodes: &[Node], data: &Data) -> Result<String, TemplateError> {
    let mut run = Run { variables: vec![(String::new(), data.clone())], output: String::new(), steps: 0 };
    run.nodes(nodes, data)?;
    Ok(run.output)
}

struct Run {
    /// The innermost last; the one without name is `$`.
    variables: Vec<(String, Data)>,
    output: String,
    steps: usize,
}

impl Run {
    fn nodes(&mut self, nodes: &[Node], dot: &Data) -> Result<(), TemplateError> {
        for node in nodes {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return Err(TemplateError::TooLarge("it takes too many steps"));
            }
            self.node(node, dot)?;
            if self.output.len() > MAX_OUTPUT {
                return Err(TemplateError::TooLarge("its result is longer than 64 KiB"));
            }
        }
        Ok(())
    }

    /// A block's variables end with it.
    fn scope(&mut self, nodes: &[Node], dot: &Data) -> Result<(), TemplateError> {
        let outer = self.variables.len();
        let result = self.nodes(nodes, dot);
        self.variables.truncate(outer);
        result
    }

    fn node(&mut self, node: &Node, dot: &Data) -> Result<(), TemplateError> {
        let outer = self.variables.len();
        match node {
            Node::Text(text) => self.output.push_str(text),
            Node::Print(pipeline) => {
                let value = self.pipeline(pipeline, dot)?;
                if pipeline.variables.is_empty() {
                    self.output.push_str(&value.to_string());
                }
                return Ok(());
            }
            Node::If { condition, then, otherwise } => {
                let branch = if self.pipeline(condition, dot)?.truth() { then } else { otherwise };
                self.scope(branch, dot)?;
            }
            Node::With { value, then, otherwise } => {
                let value = self.pipeline(value, dot)?;
                if value.truth() {
                    self.scope(then, &value)?;
                } else {
                    self.scope(otherwise, dot)?;
                }
            }
            Node::Range { over, each, otherwise } => self.range(over, each, otherwise, dot)?,
        }
        self.variables.truncate(outer);
        Ok(())
    }

    fn range(
        &mut self,
        over: &Pipeline,
        each: &[Node],
        otherwise: &[Node],
        dot: &Data,
    ) -> Result<(), TemplateError> {
        let items: Vec<(Data, Data)> = match self.commands(over, dot)? {
            Data::List(items) => (0..).map(Data::Int).zip(items).collect(),
            Data::Map(members) => members.into_iter().map(|(key, value)| (Data::Text(key), value)).collect(),
            Data::Nil | Data::NoValue => Vec::new(),
            other @ (Data::Bool(_) | Data::Int(_) | Data::Text(_) | Data::Record(_)) => {
                return Err(TemplateError::Data(format!("range over {}", other.kind())));
            }
        };
        if items.is_empty() {
            return self.scope(otherwise, dot);
        }
        for (key, item) in items {
            let outer = self.variables.len();
            match over.variables.as_slice() {
                [] => {}
                [element] => self.variables.push((element.clone(), item.clone())),
                [index, element, ..] => {
                    self.variables.push((index.clone(), key));
                    self.variables.push((element.clone(), item.clone()));
                }
            }
            let result = self.nodes(each, &item);
            self.variables.truncate(outer);
            result?;
        }
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Data) -> Result<Data, TemplateError> {
        let value = self.commands(pipeline, dot)?;
        if let Some(name) = pipeline.variables.first() {
            if pipeline.assigns {
                let known = self.variables.iter_mut().rev().find(|(known, _)| known == name);
                known.ok_or_else(|| undefined(name))?.1 = value.clone();
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    fn commands(&mut self, pipeline: &Pipeline, dot: &Data) -> Result<Data, TemplateError> {
        let mut last = None;
        for command in &pipeline.commands {
            last = Some(self.command(command, last, dot)?);
        }
        last.ok_or_else(|| TemplateError::Data("a value is missing".to_owned()))
    }

    fn command(&mut self, words: &[Operand], piped: Option<Data>, dot: &Data) -> Result<Data, TemplateError> {
        let Some((first, rest)) = words.split_first() else {
            return Err(TemplateError::Data("a value is missing".to_owned()));
        };
        let Operand::Function(name) = first else {
            if !rest.is_empty() || piped.is_some() {
                return Err(TemplateError::Data("only functions take arguments".to_owned()));
            }
            return self.operand(first, dot);
        };
        // `and` and `or` stop at the first argument that decides.
        if matches!(name.as_str(), "and" | "or") {
            let decides = |value: &Data| value.truth() == (name == "or");
            let mut value = None;
            for word in rest {
                let next = self.operand(word, dot)?;
                if decides(&next) {
                    return Ok(next);
                }
                value = Some(next);
            }
            return piped.or(value).ok_or_else(|| TemplateError::Data(format!("{name} without arguments")));
        }
        let mut arguments = Vec::with_capacity(rest.len() + 1);
        for word in rest {
            arguments.push(self.operand(word, dot)?);
        }
        arguments.extend(piped);
        functions::call(name, &arguments)
    }

    fn operand(&mut self, operand: &Operand, dot: &Data) -> Result<Data, TemplateError> {
        match operand {
            Operand::Dot(path) => fields(dot.clone(), path),
            Operand::Variable(name, path) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                fields(known.ok_or_else(|| undefined(name))?.1.clone(), path)
            }
            Operand::Group(inner, path) => fields(self.pipeline(inner, dot)?, path),
            Operand::Function(name) => functions::call(name, &[]),
            Operand::Text(text) => Ok(Data::Text(text.clone())),
            Operand::Int(number) => Ok(Data::Int(*number)),
            Operand::Bool(value) => Ok(Data::Bool(*value)),
            Operand::Nil => Ok(Data::Nil),
        }
    }
}

fn undefined(name: &str) -> TemplateError {
    TemplateError::Data(format!("there is no variable ${name}"))
}

fn fields(mut value: Data, path: &[String]) -> Result<Data, TemplateError> {
    for name in path {
        value = match value {
            Data::Record(fields) => fields
                .into_iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value)
                .ok_or_else(|| TemplateError::Data(format!("there is no field {name}")))?,
            Data::Map(mut members) => members.remove(name).unwrap_or(Data::NoValue),
            other @ (Data::Nil | Data::NoValue | Data::Bool(_) | Data::Int(_) | Data::Text(_) | Data::List(_)) => {
                return Err(TemplateError::Data(format!("{} has no field {name}", other.kind())));
            }
        };
    }
    Ok(value)
}
