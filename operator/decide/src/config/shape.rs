//! What a job file may hold, as data: the published schemas of Prow's job format and of Kubernetes' pod spec.
//!
//! Go reads JSON by its types: field names whatever their case, `null` for nothing, no number in a text field. serde
//! does not, and its messages name no path. So a value is first walked along the schemas that the types derive anyway
//! (nothing is listed twice), which sets names right, finds what does not fit, and leaves what serde reads without
//! complaint. The same walk serves job files, objects from the API server and Prow's main configuration.

use super::{
    problem::{At, Problem},
    quantity::Quantity,
};
use api::duration::GoDuration;
use k8s_openapi::api::core::v1 as k8s;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::LazyLock};

/// What a value must look like.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// Anything: it belongs to somebody else.
    Any,
    Text,
    /// Text, and what YAML takes for a number or a boolean.
    LooseText,
    Boolean,
    /// A whole number; 32 or 64 bits wide.
    Integer {
        bits: u8,
    },
    Number,
    IntOrText,
    /// A resource quantity, as in `500m` or `4Gi`.
    Quantity,
    /// A duration, as in `90m`, or a whole number of nanoseconds.
    Duration,
    List(Box<Self>),
    Map(Box<Self>),
    Object(Object),
}

/// An object with known fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    /// By proper name.
    pub fields: BTreeMap<String, Shape>,
    /// One of Kubernetes' types.
    pub kubernetes: bool,
    /// The proper name by the name in lower case.
    names: BTreeMap<String, String>,
    /// Fields that are written out even where they are missing, because our types need them.
    needed: Vec<String>,
}

/// The shapes that are read from outside.
pub(super) struct Shapes {
    pub presubmit: Shape,
    pub postsubmit: Shape,
    pub periodic: Shape,
    pub preset: Shape,
}

/// The shapes, worked out once from the types.
pub(super) static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes {
    presubmit: prow::<api::job::Presubmit>(),
    postsubmit: prow::<api::job::Postsubmit>(),
    periodic: prow::<api::job::Periodic>(),
    preset: prow::<api::job::Preset>().loose(),
});

/// The shape of one of Prow's types, which are ours to write.
pub(super) fn prow<T: JsonSchema>() -> Shape {
    of::<T>(true)
}

/// The shape of one of Kubernetes' types.
fn kubernetes<T: JsonSchema>() -> Shape {
    of::<T>(false)
}

fn of<T: JsonSchema>(ours: bool) -> Shape {
    let root = SchemaGenerator::default().into_root_schema_for::<T>();
    let none = Map::new();
    let definitions = root.get("$defs").and_then(Value::as_object).unwrap_or(&none);
    Reader { definitions, ours }.shape(root.as_value())
}

/// Fields whose inside the job format's own schema leaves open, because Kubernetes (or Go) defines it.
fn foreign(field: &str) -> Option<Shape> {
    Some(match field {
        "spec" => kubernetes::<k8s::PodSpec>(),
        "env" => list(kubernetes::<k8s::EnvVar>()),
        "volumes" => list(kubernetes::<k8s::Volume>()),
        "volumeMounts" => list(kubernetes::<k8s::VolumeMount>()),
        "tolerations" => list(kubernetes::<k8s::Toleration>()),
        "clonerefs" | "initupload" | "place_entrypoint" | "sidecar" => {
            kubernetes::<k8s::ResourceRequirements>()
        }
        "scheduling_options" => Shape::Object(Object::new(
            [
                ("affinity", kubernetes::<k8s::Affinity>()),
                ("tolerations", list(kubernetes::<k8s::Toleration>())),
            ],
            &[],
        )),
        "default_memory_request" => Shape::Quantity,
        "timeout"
        | "grace_period"
        | "pod_pending_timeout"
        | "pod_running_timeout"
        | "pod_unscheduled_timeout"
        | "resync_period"
        | "max_prowjob_age"
        | "max_pod_age"
        | "terminated_pod_ttl"
        | "tick_interval" => Shape::Duration,
        _ => return None,
    })
}

fn list(of: Shape) -> Shape {
    Shape::List(Box::new(of))
}

/// Fields of a job in which Prow takes a number or a boolean for text.
///
/// Prow's YAML library turns them into text where it can tell the type of the field, which it can in presets and in
/// these, and cannot in all that several types of jobs have in common. Real files rely on it.
const LOOSE: [&str; 7] =
    ["trigger", "rerun_command", "cron", "interval", "minimum_interval", "tags", "retry"];

impl Shape {
    /// The same with loose text everywhere.
    fn loose(self) -> Self {
        match self {
            Self::Text => Self::LooseText,
            Self::List(of) => list(of.loose()),
            Self::Map(of) => Self::Map(Box::new(of.loose())),
            Self::Object(object) => {
                let fields = object.fields.into_iter().map(|(name, shape)| (name, shape.loose()));
                Self::Object(Object { fields: fields.collect(), ..object })
            }
            Self::Any
            | Self::LooseText
            | Self::Boolean
            | Self::Integer { .. }
            | Self::Number
            | Self::IntOrText
            | Self::Quantity
            | Self::Duration => self,
        }
    }
}

impl Object {
    pub(super) fn new<'a>(fields: impl IntoIterator<Item = (&'a str, Shape)>, needed: &[&str]) -> Self {
        let fields: BTreeMap<String, Shape> =
            fields.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect();
        let names = fields.keys().map(|name| (name.to_ascii_lowercase(), name.clone())).collect();
        Self { fields, names, kubernetes: false, needed: needed.iter().map(ToString::to_string).collect() }
    }

    /// The proper name of a field.
    fn name<'a>(&'a self, written: &'a str) -> Option<&'a str> {
        if self.fields.contains_key(written) {
            return Some(written);
        }
        self.names.get(&written.to_ascii_lowercase()).map(String::as_str)
    }
}

struct Reader<'a> {
    definitions: &'a Map<String, Value>,
    /// The types are ours. Kubernetes' own fill what is missing by themselves, and nothing may be written into theirs.
    ours: bool,
}

impl Reader<'_> {
    fn shape(&self, schema: &Value) -> Shape {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next()) {
            return match name {
                "io.k8s.apimachinery.pkg.api.resource.Quantity" => Shape::Quantity,
                _ => self.definitions.get(name).map_or(Shape::Any, |schema| self.shape(schema)),
            };
        }
        // An optional struct is "this or null".
        if let Some(first) = schema.get("anyOf").and_then(|any| any.get(0)) {
            return self.shape(first);
        }
        if schema.get("x-kubernetes-int-or-string").is_some() {
            return Shape::IntOrText;
        }
        let kind = match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
            kind => kind.and_then(Value::as_str),
        };
        match kind {
            Some("string") => Shape::Text,
            Some("boolean") => Shape::Boolean,
            Some("integer") => {
                let narrow = schema.get("format").and_then(Value::as_str) == Some("int32");
                Shape::Integer { bits: if narrow { 32 } else { 64 } }
            }
            Some("number") => Shape::Number,
            Some("array") => list(schema.get("items").map_or(Shape::Any, |items| self.shape(items))),
            Some("object") => self.object(schema),
            _ => Shape::Any,
        }
    }

    fn object(&self, schema: &Value) -> Shape {
        if let Some(values) = schema.get("additionalProperties") {
            return Shape::Map(Box::new(self.shape(values)));
        }
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Shape::Any };
        let needed: Vec<&str> = match schema.get("required").and_then(Value::as_array) {
            Some(names) if self.ours => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let fields = properties.iter().map(|(name, schema)| {
            let shape = self.shape(schema);
            let open = match &shape {
                Shape::Any | Shape::IntOrText => true,
                Shape::List(of) => matches!(**of, Shape::Any),
                Shape::Text
                | Shape::LooseText
                | Shape::Boolean
                | Shape::Integer { .. }
                | Shape::Number
                | Shape::Quantity
                | Shape::Duration
                | Shape::Map(_)
                | Shape::Object(_) => false,
            };
            let foreign = if self.ours && open { foreign(name) } else { None };
            let shape = foreign.unwrap_or(shape);
            (name.as_str(), if self.ours && LOOSE.contains(&name.as_str()) { shape.loose() } else { shape })
        });
        Shape::Object(Object { kubernetes: !self.ours, ..Object::new(fields, &needed) })
    }
}

/// Walks a value along its shape: sets names right, leaves out `null`, and tells what does not fit, which then is
/// `null` or missing in the answer.
pub(super) fn fit(shape: &Shape, value: Value, at: &At<'_>, problems: &mut Vec<Problem>) -> Value {
    match (shape, value) {
        (Shape::Any, value)
        | (_, value @ Value::Null)
        | (Shape::Text | Shape::LooseText | Shape::IntOrText, value @ Value::String(_))
        | (Shape::Boolean, value @ Value::Bool(_))
        | (Shape::Number, value @ Value::Number(_)) => value,
        (Shape::LooseText, value @ (Value::Bool(_) | Value::Number(_))) => {
            let text = value.to_string();
            problems.push(Problem::warning(at, format!("is read as the text {text:?}; put it in quotes")));
            Value::String(text)
        }
        (Shape::Integer { .. } | Shape::IntOrText | Shape::Duration, Value::Number(number))
            if fits(&number, shape) =>
        {
            Value::Number(number)
        }
        (Shape::Quantity, value @ (Value::String(_) | Value::Number(_))) => quantity(value, at, problems),
        (Shape::Duration, Value::String(text)) => match text.parse::<GoDuration>() {
            Ok(_) => Value::String(text),
            Err(e) => {
                problems.push(Problem::error(at, e.to_string()));
                Value::Null
            }
        },
        (Shape::List(of), Value::Array(items)) => {
            let items = items.into_iter().enumerate().map(|(i, item)| {
                let item = fit(of, item, &at.index(i), problems);
                if item.is_null() { zero(of) } else { item }
            });
            Value::Array(items.collect())
        }
        (Shape::Map(of), Value::Object(members)) => {
            let members = members.into_iter().map(|(key, member)| {
                let member = fit(of, member, &at.field(&key), problems);
                (key, if member.is_null() { zero(of) } else { member })
            });
            Value::Object(members.collect())
        }
        (Shape::Object(object), Value::Object(members)) => fit_object(object, members, at, problems),
        (shape, value) => {
            problems.push(Problem::error(at, mismatch(shape, &value)));
            Value::Null
        }
    }
}

fn fit_object(
    object: &Object,
    members: Map<String, Value>,
    at: &At<'_>,
    problems: &mut Vec<Problem>,
) -> Value {
    let mut fitted = Map::new();
    // Go sees the members in the order of their names; of two spellings of one field the later wins.
    let mut members: Vec<(String, Value)> = members.into_iter().collect();
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (written, member) in members {
        let Some(name) = object.name(&written) else {
            problems.push(Problem::warning(&at.field(&written), "unknown field: it has no effect"));
            fitted.insert(written, member);
            continue;
        };
        let at = at.field(name);
        if written != name {
            problems.push(Problem::warning(&at, format!("write {name}, not {written}")));
        }
        let Some(shape) = object.fields.get(name) else { continue };
        let member = fit(shape, member, &at, problems);
        if !member.is_null() {
            fitted.insert(name.to_owned(), member);
        }
    }
    for name in &object.needed {
        if let Some(shape) = object.fields.get(name).filter(|_| !fitted.contains_key(name)) {
            fitted.insert(name.clone(), zero(shape));
        }
    }
    Value::Object(fitted)
}

/// What Go leaves where nothing is written.
fn zero(shape: &Shape) -> Value {
    match shape {
        Shape::Any => Value::Null,
        Shape::Text | Shape::LooseText | Shape::IntOrText => Value::from(""),
        Shape::Boolean => Value::from(false),
        Shape::Integer { .. } | Shape::Number | Shape::Duration => Value::from(0),
        Shape::Quantity => Value::from("0"),
        Shape::List(_) => Value::Array(Vec::new()),
        Shape::Map(_) => Value::Object(Map::new()),
        Shape::Object(object) => {
            let needed =
                object.needed.iter().filter_map(|name| Some((name.clone(), zero(object.fields.get(name)?))));
            Value::Object(needed.collect())
        }
    }
}

/// Whether a number is whole and as narrow as its shape.
fn fits(number: &serde_json::Number, shape: &Shape) -> bool {
    let narrow = matches!(shape, Shape::IntOrText | Shape::Integer { bits: 32 });
    number.as_i64().is_some_and(|n| !narrow || i32::try_from(n).is_ok())
}

/// Kubernetes' types take a quantity as text only.
fn quantity(value: Value, at: &At<'_>, problems: &mut Vec<Problem>) -> Value {
    let text = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    match text.parse::<Quantity>() {
        Ok(_) => Value::String(text),
        Err(e) => {
            problems.push(Problem::error(at, e.to_string()));
            Value::Null
        }
    }
}

fn mismatch(shape: &Shape, value: &Value) -> String {
    let expected = match shape {
        Shape::Any => "anything",
        Shape::Text | Shape::LooseText => "text",
        Shape::Boolean => "true or false",
        Shape::Integer { bits: 32 } => "a whole number of at most 32 bits",
        Shape::Integer { .. } => "a whole number",
        Shape::Number => "a number",
        Shape::IntOrText => "a whole number or text",
        Shape::Quantity => "a quantity such as 500m or 4Gi",
        Shape::Duration => "a duration such as 90m",
        Shape::List(_) => "a list",
        Shape::Map(_) | Shape::Object(_) => "a mapping",
    };
    let found = match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if text.chars().count() <= 40 => format!("the text {text:?}"),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    };
    let fix = match (shape, value) {
        (Shape::Text, Value::Bool(_) | Value::Number(_)) => "; put it in quotes",
        (Shape::Boolean | Shape::Integer { .. }, Value::String(_)) => "; write it without quotes",
        _ => "",
    };
    format!("must be {expected}, not {found}{fix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn walked(shape: &Shape, value: Value) -> (Value, Vec<String>) {
        let mut problems = Vec::new();
        let value = fit(shape, value, &At::root(""), &mut problems);
        (value, problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn names_are_set_right_whatever_their_case_also_in_pod_specs() {
        let (value, problems) = walked(
            &SHAPES.presubmit,
            json!({"name": "a", "Always_Run": true, "spec": {"Containers": [{"IMAGE": "x", "name": null}]}}),
        );
        assert_eq!(value, json!({"name": "a", "always_run": true, "spec": {"containers": [{"image": "x"}]}}));
        assert_eq!(
            problems,
            [
                "always_run: write always_run, not Always_Run",
                "spec.containers: write containers, not Containers",
                "spec.containers[0].image: write image, not IMAGE",
            ]
        );
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_path_and_the_fix() {
        let (_, problems) = walked(
            &SHAPES.presubmit,
            json!({"name": 5, "branches": [1.5], "max_concurrency": "3", "decoration_config": {"timeout": "1d"},
                "spec": {"containers": [{"env": [{"name": "A", "value": true}],
                    "resources": {"limits": {"cpu": "much"}}}]}}),
        );
        assert_eq!(
            problems,
            [
                "branches[0]: must be text, not the number 1.5; put it in quotes",
                "decoration_config.timeout: \"1d\" is not a duration; write it as in 90m, 1h30m or 500ms",
                "max_concurrency: must be a whole number, not the text \"3\"; write it without quotes",
                "name: must be text, not the number 5; put it in quotes",
                "spec.containers[0].env[0].value: must be text, not the boolean true; put it in quotes",
                "spec.containers[0].resources.limits.cpu: \"much\" is not a quantity; write it as in 500m, 2 or 4Gi",
            ]
        );
    }

    #[test]
    fn where_prow_takes_a_number_for_text_it_is_taken_with_a_warning() {
        let (value, problems) = walked(
            &SHAPES.preset,
            json!({"labels": {"preset-x": true}, "env": [{"name": "A", "value": 1.5}]}),
        );
        assert_eq!(value, json!({"labels": {"preset-x": "true"}, "env": [{"name": "A", "value": "1.5"}]}));
        assert_eq!(
            problems,
            [
                "env[0].value: is read as the text \"1.5\"; put it in quotes",
                "labels[\"preset-x\"]: is read as the text \"true\"; put it in quotes",
            ]
        );
    }

    #[test]
    fn unknown_fields_are_kept_and_told() {
        let (value, problems) =
            walked(&SHAPES.periodic, json!({"name": "a", "crom": "x", "spec": {"foo": 1}}));
        assert_eq!(value, json!({"crom": "x", "name": "a", "spec": {"foo": 1}}));
        assert_eq!(
            problems,
            ["crom: unknown field: it has no effect", "spec.foo: unknown field: it has no effect"]
        );
    }

    #[test]
    fn null_is_nothing_and_in_a_map_of_texts_the_empty_text() {
        let (value, problems) =
            walked(&SHAPES.presubmit, json!({"labels": {"a": null}, "branches": null, "optional": null}));
        assert_eq!((value, problems), (json!({"labels": {"a": ""}, "name": ""}), vec![]));
    }

    #[test]
    fn numbers_are_quantities_and_ports() {
        let (value, problems) = walked(
            &SHAPES.presubmit,
            json!({"name": "a", "spec": {"containers": [{"resources": {"limits": {"cpu": 1.5}},
                "livenessProbe": {"httpGet": {"port": 80}}}]}}),
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(value["spec"]["containers"][0]["resources"]["limits"]["cpu"], "1.5");
    }
}
