//! What a job file may hold, as data: the published schemas of Prow's job format and of Kubernetes' pod spec.
//!
//! Go reads JSON by its types: field names whatever their case, `null` for nothing, no number in a text field. serde
//! does not, and its messages name no path. So a value is first walked along its shape (`fit`), and the shapes come
//! from the schemas that the types derive anyway: nothing is listed twice.

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
    pub needed: Vec<String>,
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
    pub(super) fn name<'a>(&'a self, written: &'a str) -> Option<&'a str> {
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
