//! `x-kubernetes-validations`: rules compiled when a CRD is registered, run when an object is written.
//!
//! The language and Kubernetes' functions come from `kube-cel`. Walking the schema is ours, because three things of
//! kube-cel 0.8's own walk differ from the API server: it doubles every `_` in field names, pairs list items with their
//! old ones by position instead of key, and knows no ratcheting. What a rule needs and the library lacks is refused when
//! the CRD is registered, so that no rule is ever quietly not checked.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use kube_cel::KubeCelExt;
use kube_cel::cel::objects::Key;
use kube_cel::cel::{Context, Program, Value as Cel};
use serde_json::{Value, json};

use crate::failure::FieldError;
use crate::rule_check;
use crate::schema::{Node, Schema, join, same_item};
use crate::validate::type_name;

/// The compiled rules of one schema, by their text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    programs: BTreeMap<String, Arc<Program>>,
}

/// Why a rule is not taken.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// The rule is wrong: the API server would refuse it too.
    Wrong(FieldError),
    /// The rule is right, and this server cannot run it.
    Lacking(String),
}

/// Programs are values: one compilation serves all worlds of a process, of which a simulation makes thousands.
static COMPILED: LazyLock<Mutex<BTreeMap<String, Arc<Program>>>> = LazyLock::new(Mutex::default);

fn compile(text: &str) -> Result<Arc<Program>, String> {
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(program) = compiled.get(text) {
        return Ok(program.clone());
    }
    let program = Arc::new(Program::compile(text).map_err(|e| e.to_string())?);
    compiled.insert(text.to_owned(), program.clone());
    Ok(program)
}

impl Rules {
    /// Compiles and checks every rule of a schema. `path` is where the schema stands in its CRD.
    pub(crate) fn compile(schema: &Schema, path: &str) -> Result<Self, Vec<Refusal>> {
        let (mut rules, mut refusals) = (Self::default(), Vec::new());
        rules.collect(schema.root(), path, true, &mut refusals);
        if refusals.is_empty() { Ok(rules) } else { Err(refusals) }
    }

    fn collect(&mut self, node: Node<'_>, path: &str, correlatable: bool, refusals: &mut Vec<Refusal>) {
        for (i, rule) in rules_of(node).enumerate() {
            let path = format!("{path}.x-kubernetes-validations[{i}]");
            if rule.get("optionalOldSelf").and_then(Value::as_bool) == Some(true) {
                refusals.push(Refusal::Lacking(format!("optionalOldSelf, which {path} uses")));
            }
            for field in ["rule", "messageExpression"] {
                let Some(text) = rule.get(field).and_then(Value::as_str) else { continue };
                let path = format!("{path}.{field}");
                match compile(text) {
                    Ok(program) => {
                        refusals.extend(rule_check::check(&program, node, text, &path, correlatable));
                        self.programs.insert(text.to_owned(), program);
                    }
                    Err(why) => {
                        let detail = format!("compilation failed: {why}");
                        refusals.push(Refusal::Wrong(FieldError::invalid(&path, &json!(text), &detail)));
                    }
                }
            }
        }
        for (name, property) in node.properties() {
            self.collect(property, &format!("{path}.properties[{name}]"), correlatable, refusals);
        }
        if let Some(values) = node.additional() {
            self.collect(values, &format!("{path}.additionalProperties"), correlatable, refusals);
        }
        if let Some(items) = node.items() {
            let correlatable = correlatable && matches!(node.list_kind(), crate::schema::ListKind::Map(_));
            self.collect(items, &format!("{path}.items"), correlatable, refusals);
        }
    }

    /// Whether there is nothing to check.
    pub(crate) fn is_empty(&self) -> bool {
        self.programs.is_empty()
    }

    /// Runs the rules on an object, and against its old state where there is one.
    pub(crate) fn check(&self, node: Node<'_>, object: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let mut errors = Vec::new();
        if !self.is_empty() {
            let context = Context::default().with_all();
            self.walk(&context, node, object, old, "", &mut errors);
        }
        errors
    }

    fn walk(
        &self,
        context: &Context<'_>,
        node: Node<'_>,
        value: &Value,
        old: Option<&Value>,
        path: &str,
        errors: &mut Vec<FieldError>,
    ) {
        if value.is_null() {
            return;
        }
        if rules_of(node).next().is_some() {
            self.run(context, node, value, old, path, errors);
        }
        match value {
            Value::Object(map) => {
                for (name, value) in map {
                    let old = old.and_then(|old| old.get(name));
                    if let Some(property) = node.property(name) {
                        self.walk(context, property, value, old, &join(path, name), errors);
                    } else if let Some(values) = node.additional() {
                        self.walk(context, values, value, old, &format!("{path}[{name}]"), errors);
                    }
                }
            }
            Value::Array(list) => {
                if let Some(items) = node.items() {
                    for (i, item) in list.iter().enumerate() {
                        let old = same_item(node, old, item);
                        self.walk(context, items, item, old, &format!("{path}[{i}]"), errors);
                    }
                }
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Null => {}
        }
    }

    fn run(
        &self,
        context: &Context<'_>,
        node: Node<'_>,
        value: &Value,
        old: Option<&Value>,
        path: &str,
        errors: &mut Vec<FieldError>,
    ) {
        let root = path.is_empty();
        let mut scope = context.new_inner_scope();
        scope.add_variable_from_value("self", to_cel(context, Some(node), value, root));
        if let Some(old) = old {
            scope.add_variable_from_value("oldSelf", to_cel(context, Some(node), old, root));
        }
        for rule in rules_of(node) {
            let text = rule.get("rule").and_then(Value::as_str).unwrap_or_default();
            let Some(program) = self.programs.get(text) else { continue };
            let transition = program.references().has_variable("oldSelf");
            let unchanged = old == Some(value);
            if if transition { old.is_none() } else { unchanged } {
                continue;
            }
            match program.execute(&scope) {
                Ok(Cel::Bool(true)) => {}
                Ok(Cel::Bool(false)) => errors.push(violated(rule, value, path, &self.message(rule, &scope))),
                Ok(other) => {
                    let detail = format!("rule {text:?} must be a bool, it is a {}", other.type_of());
                    errors.push(FieldError::invalid(path, &json!(type_name(value)), &detail));
                }
                Err(why) => {
                    let detail = format!("{why} evaluating rule: {}", self.message(rule, &scope));
                    errors.push(FieldError::invalid(path, &json!(type_name(value)), &detail));
                }
            }
        }
    }

    /// What a rule says when it is violated.
    fn message(&self, rule: &Value, scope: &Context<'_>) -> String {
        let text = |field: &str| rule.get(field).and_then(Value::as_str);
        let computed = text("messageExpression").and_then(|expression| self.programs.get(expression));
        if let Some(Ok(Cel::String(message))) = computed.map(|program| program.execute(scope))
            && !message.trim().is_empty()
        {
            return message.trim().to_owned();
        }
        text("message").map_or_else(
            || format!("failed rule: {}", text("rule").unwrap_or_default()),
            |message| message.trim().to_owned(),
        )
    }
}

/// The rules that stand at a place of a schema.
pub(crate) fn rules_of(node: Node<'_>) -> impl Iterator<Item = &Value> {
    node.keyword("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten()
}

fn violated(rule: &Value, value: &Value, path: &str, message: &str) -> FieldError {
    let text = |field: &str| rule.get(field).and_then(Value::as_str).unwrap_or_default();
    let path = format!("{path}{}", text("fieldPath"));
    let path = path.trim_start_matches('.');
    match text("reason") {
        "FieldValueForbidden" => FieldError::forbidden(path, message),
        "FieldValueRequired" => FieldError::required(path, message),
        "FieldValueDuplicate" => FieldError::duplicate(path, &json!(type_name(value))),
        _ => FieldError::invalid(path, &json!(type_name(value)), message),
    }
}

/// A field's name as rules write it.
pub(crate) fn escaped(name: &str) -> String {
    const RESERVED: [&str; 21] = [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ];
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__")
        .replace('.', "__dot__")
        .replace('-', "__dash__")
        .replace('/', "__slash__")
}

/// A JSON value as rules see it: typed by the schema, and only what the schema declares.
fn to_cel(context: &Context<'_>, node: Option<Node<'_>>, value: &Value, root: bool) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(value) => Cel::Bool(*value),
        Value::Number(number) => match (number.as_i64(), node.map(Node::kind)) {
            (Some(whole), Some("integer" | "" | "object" | "array" | "string" | "boolean") | None) => {
                Cel::Int(whole)
            }
            _ => Cel::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => match node.map(Node::format) {
            Some("date-time") => converted(context, "timestamp(text)", text),
            Some("duration") => converted(context, "duration(text)", text),
            Some("byte") => converted(context, "base64.decode(text)", text),
            _ => Cel::String(Arc::new(text.clone())),
        },
        Value::Array(list) => {
            let items = node.and_then(Node::items);
            Cel::List(Arc::new(list.iter().map(|item| to_cel(context, items, item, false)).collect()))
        }
        Value::Object(map) => {
            let mut fields: HashMap<Key, Cel> = HashMap::new();
            for (name, value) in map {
                let property = node.and_then(|node| node.property(name));
                let values = node.and_then(Node::additional);
                if root && name == "metadata" {
                    fields.insert(Key::from("metadata"), identity(value));
                } else if let Some(property) = property {
                    fields.insert(Key::from(escaped(name)), to_cel(context, Some(property), value, false));
                } else if values.is_some() || node.is_none() {
                    fields.insert(Key::from(name.clone()), to_cel(context, values, value, false));
                }
            }
            Cel::Map(fields.into())
        }
    }
}

/// Of an object's metadata, rules see the name alone.
fn identity(metadata: &Value) -> Cel {
    let field = |name: &str| Some((Key::from(name), Cel::from(metadata.get(name)?.as_str()?)));
    Cel::Map(["name", "generateName"].into_iter().filter_map(field).collect::<HashMap<_, _>>().into())
}

/// A text as the value that a CEL function makes of it, or the text where it makes none.
fn converted(context: &Context<'_>, conversion: &str, text: &str) -> Cel {
    let text = Cel::String(Arc::new(text.to_owned()));
    let mut scope = context.new_inner_scope();
    scope.add_variable_from_value("text", text.clone());
    compile(conversion).ok().and_then(|program| program.execute(&scope).ok()).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_are_escaped_as_kubernetes_documents_it() {
        assert_eq!(escaped("always_run"), "always_run");
        assert_eq!(escaped("a__b"), "a__underscores__b");
        assert_eq!(escaped("a.b-c/d"), "a__dot__b__dash__c__slash__d");
        assert_eq!(escaped("namespace"), "__namespace__");
    }
}
