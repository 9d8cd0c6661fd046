//! The built-in kinds: a table of names, and their schemas from k8s-openapi's types.
//!
//! What those types do not say (which lists are maps and by which keys, what is atomic) is a table here, taken from
//! the API's published OpenAPI document. A test double needs few kinds: to add one is to add a line.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use k8s_openapi::api::{authorization, coordination, core, events};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions;
use k8s_openapi::schemars::generate::SchemaSettings;
use k8s_openapi::schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::cel::Rules;
use crate::columns;
use crate::object;
use crate::resource::{BuiltIn, Kind, Version};
use crate::schema::Schema;

/// Names of one kind, as discovery shows them.
struct Names {
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    namespaced: bool,
    status: bool,
    built_in: BuiltIn,
    definition: &'static str,
    selectable: &'static [&'static str],
}

const NAMES: &[Names] = &[
    Names {
        group: "",
        kind: "Namespace",
        plural: "namespaces",
        short: &["ns"],
        namespaced: false,
        status: true,
        built_in: BuiltIn::Namespace,
        definition: "io.k8s.api.core.v1.Namespace",
        selectable: &["status.phase"],
    },
    Names {
        group: "",
        kind: "Pod",
        plural: "pods",
        short: &["po"],
        namespaced: true,
        status: true,
        built_in: BuiltIn::Pod,
        definition: "io.k8s.api.core.v1.Pod",
        selectable: &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    },
    Names {
        group: "",
        kind: "ConfigMap",
        plural: "configmaps",
        short: &["cm"],
        namespaced: true,
        status: false,
        built_in: BuiltIn::ConfigMap,
        definition: "io.k8s.api.core.v1.ConfigMap",
        selectable: &[],
    },
    Names {
        group: "",
        kind: "Secret",
        plural: "secrets",
        short: &[],
        namespaced: true,
        status: false,
        built_in: BuiltIn::Secret,
        definition: "io.k8s.api.core.v1.Secret",
        selectable: &["type"],
    },
    Names {
        group: "",
        kind: "Event",
        plural: "events",
        short: &["ev"],
        namespaced: true,
        status: false,
        built_in: BuiltIn::Event,
        definition: "io.k8s.api.core.v1.Event",
        selectable: EVENT_FIELDS,
    },
    Names {
        group: "events.k8s.io",
        kind: "Event",
        plural: "events",
        short: &["ev"],
        namespaced: true,
        status: false,
        built_in: BuiltIn::Event,
        definition: "io.k8s.api.events.v1.Event",
        selectable: EVENT_FIELDS,
    },
    Names {
        group: "coordination.k8s.io",
        kind: "Lease",
        plural: "leases",
        short: &[],
        namespaced: true,
        status: false,
        built_in: BuiltIn::Lease,
        definition: "io.k8s.api.coordination.v1.Lease",
        selectable: &[],
    },
    Names {
        group: "",
        kind: "ServiceAccount",
        plural: "serviceaccounts",
        short: &["sa"],
        namespaced: true,
        status: false,
        built_in: BuiltIn::ServiceAccount,
        definition: "io.k8s.api.core.v1.ServiceAccount",
        selectable: &[],
    },
    Names {
        group: "",
        kind: "Node",
        plural: "nodes",
        short: &["no"],
        namespaced: false,
        status: true,
        built_in: BuiltIn::Node,
        definition: "io.k8s.api.core.v1.Node",
        selectable: &["spec.unschedulable"],
    },
    Names {
        group: "apiextensions.k8s.io",
        kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions",
        short: &["crd", "crds"],
        namespaced: false,
        status: true,
        built_in: BuiltIn::CustomResourceDefinition,
        definition: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
        selectable: &[],
    },
    Names {
        group: "authorization.k8s.io",
        kind: "SelfSubjectAccessReview",
        plural: "selfsubjectaccessreviews",
        short: &[],
        namespaced: false,
        status: false,
        built_in: BuiltIn::SelfSubjectAccessReview,
        definition: "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
        selectable: &[],
    },
];

/// Field selectors of events, in the names of the core API; the paths are those of the stored form.
const EVENT_FIELDS: &[&str] = &[
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "type",
];

/// Lists that are maps: definition, property, keys.
const LIST_MAPS: &[(&str, &str, &[&str])] = &[
    ("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "ownerReferences", &["uid"]),
    ("io.k8s.api.core.v1.PodSpec", "containers", &["name"]),
    ("io.k8s.api.core.v1.PodSpec", "initContainers", &["name"]),
    ("io.k8s.api.core.v1.PodSpec", "ephemeralContainers", &["name"]),
    ("io.k8s.api.core.v1.PodSpec", "volumes", &["name"]),
    ("io.k8s.api.core.v1.PodSpec", "imagePullSecrets", &["name"]),
    ("io.k8s.api.core.v1.PodSpec", "hostAliases", &["ip"]),
    ("io.k8s.api.core.v1.PodSpec", "resourceClaims", &["name"]),
    ("io.k8s.api.core.v1.PodSpec", "schedulingGates", &["name"]),
    ("io.k8s.api.core.v1.PodSpec", "topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("io.k8s.api.core.v1.PodStatus", "conditions", &["type"]),
    ("io.k8s.api.core.v1.PodStatus", "podIPs", &["ip"]),
    ("io.k8s.api.core.v1.PodStatus", "resourceClaimStatuses", &["name"]),
    ("io.k8s.api.core.v1.Container", "env", &["name"]),
    ("io.k8s.api.core.v1.Container", "ports", &["containerPort", "protocol"]),
    ("io.k8s.api.core.v1.Container", "volumeMounts", &["mountPath"]),
    ("io.k8s.api.core.v1.Container", "volumeDevices", &["devicePath"]),
    ("io.k8s.api.core.v1.EphemeralContainer", "env", &["name"]),
    ("io.k8s.api.core.v1.EphemeralContainer", "volumeMounts", &["mountPath"]),
    ("io.k8s.api.core.v1.ResourceRequirements", "claims", &["name"]),
    ("io.k8s.api.core.v1.ServiceAccount", "secrets", &["name"]),
    ("io.k8s.api.core.v1.NamespaceStatus", "conditions", &["type"]),
    ("io.k8s.api.core.v1.NodeStatus", "addresses", &["type"]),
    ("io.k8s.api.core.v1.NodeStatus", "conditions", &["type"]),
    (
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus",
        "conditions",
        &["type"],
    ),
    (
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps",
        "x-kubernetes-validations",
        &["rule"],
    ),
];

/// Lists of scalars that are sets: definition, property.
const LIST_SETS: &[(&str, &str)] = &[
    ("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "finalizers"),
    ("io.k8s.api.core.v1.NodeSpec", "podCIDRs"),
];

/// Lists whose merge key in a strategic merge patch is not their only server-side-apply key: definition, property, key.
const MERGE_KEYS: &[(&str, &str, &str)] = &[
    ("io.k8s.api.core.v1.Container", "ports", "containerPort"),
    ("io.k8s.api.core.v1.PodSpec", "topologySpreadConstraints", "topologyKey"),
];

/// Objects that server-side apply takes or leaves whole.
const ATOMIC: &[&str] = &[
    "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector",
    "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
    "io.k8s.api.core.v1.ObjectReference",
    "io.k8s.api.core.v1.LocalObjectReference",
    "io.k8s.api.core.v1.TypedLocalObjectReference",
    "io.k8s.api.core.v1.SecretReference",
    "io.k8s.api.core.v1.ConfigMapKeySelector",
    "io.k8s.api.core.v1.SecretKeySelector",
    "io.k8s.api.core.v1.ObjectFieldSelector",
    "io.k8s.api.core.v1.ResourceFieldSelector",
    "io.k8s.api.core.v1.NodeSelector",
    "io.k8s.api.core.v1.NodeSelectorTerm",
];

/// The definitions of every built-in type, in the form of OpenAPI `components.schemas`.
static DEFINITIONS: LazyLock<Arc<Map<String, Value>>> = LazyLock::new(|| {
    let mut generator = SchemaSettings::openapi3().into_generator();
    register::<core::v1::Namespace>(&mut generator);
    register::<core::v1::Pod>(&mut generator);
    register::<core::v1::ConfigMap>(&mut generator);
    register::<core::v1::Secret>(&mut generator);
    register::<core::v1::Event>(&mut generator);
    register::<events::v1::Event>(&mut generator);
    register::<coordination::v1::Lease>(&mut generator);
    register::<core::v1::ServiceAccount>(&mut generator);
    register::<core::v1::Node>(&mut generator);
    register::<apiextensions::v1::CustomResourceDefinition>(&mut generator);
    register::<authorization::v1::SelfSubjectAccessReview>(&mut generator);
    let mut definitions = generator.take_definitions(true);
    for (definition, property, keys) in LIST_MAPS {
        annotate(&mut definitions, definition, property, "x-kubernetes-list-type", json!("map"));
        annotate(&mut definitions, definition, property, "x-kubernetes-list-map-keys", json!(keys));
        if let [only] = keys {
            annotate(&mut definitions, definition, property, "x-kubernetes-patch-merge-key", json!(only));
        }
    }
    for (definition, property, key) in MERGE_KEYS {
        annotate(&mut definitions, definition, property, "x-kubernetes-patch-merge-key", json!(key));
    }
    for (definition, property) in LIST_SETS {
        annotate(&mut definitions, definition, property, "x-kubernetes-list-type", json!("set"));
    }
    for definition in ATOMIC {
        if let Some(definition) = definitions.get_mut(*definition) {
            object::set(definition, &["x-kubernetes-map-type"], json!("atomic"));
        }
    }
    // Any JSON value: a CRD's defaults, examples and enum values.
    if let Some(json) = definitions.get_mut("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON") {
        object::remove(json, &["type"]);
    }
    if let Some(fields) = definitions.get_mut("io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1") {
        object::set(fields, &["x-kubernetes-preserve-unknown-fields"], json!(true));
    }
    // A quantity may be written as a number and is stored as text.
    if let Some(quantity) = definitions.get_mut("io.k8s.apimachinery.pkg.api.resource.Quantity") {
        object::set(quantity, &["type"], json!("string"));
        object::set(quantity, &["format"], json!("quantity"));
        object::remove(quantity, &["x-kubernetes-int-or-string"]);
    }
    // A protocol is part of a port's key, so it has a default before anything is merged.
    annotate(&mut definitions, "io.k8s.api.core.v1.ContainerPort", "protocol", "default", json!("TCP"));
    Arc::new(definitions)
});

static KINDS: LazyLock<Vec<Arc<Kind>>> =
    LazyLock::new(|| NAMES.iter().map(|names| Arc::new(kind(names))).collect());

/// The definitions of the built-in types.
pub(crate) fn definitions() -> Arc<Map<String, Value>> {
    DEFINITIONS.clone()
}

/// The built-in kinds.
pub(crate) fn kinds() -> &'static [Arc<Kind>] {
    &KINDS
}

fn register<T: JsonSchema>(generator: &mut SchemaGenerator) {
    generator.subschema_for::<T>();
}

fn annotate(
    definitions: &mut Map<String, Value>,
    definition: &str,
    property: &str,
    extension: &str,
    value: Value,
) {
    if let Some(definition) = definitions.get_mut(definition)
        && object::get(definition, &["properties", property]).is_some()
    {
        object::set(definition, &["properties", property, extension], value);
    }
}

fn kind(names: &Names) -> Kind {
    let reference = json!({"$ref": format!("#/components/schemas/{}", names.definition)});
    let selectable = names
        .selectable
        .iter()
        .map(|label| ((*label).to_owned(), label.split('.').map(str::to_owned).collect()))
        .collect();
    Kind {
        group: names.group.to_owned(),
        name: names.kind.to_owned(),
        list_name: format!("{}List", names.kind),
        plural: names.plural.to_owned(),
        singular: names.kind.to_ascii_lowercase(),
        short_names: names.short.iter().map(|name| (*name).to_owned()).collect(),
        categories: if names.built_in == BuiltIn::Pod { vec!["all".to_owned()] } else { Vec::new() },
        namespaced: names.namespaced,
        built_in: Some(names.built_in),
        versions: vec![Version {
            name: "v1".to_owned(),
            schema: Schema::new(reference, definitions()),
            columns: columns::built_in(names.built_in),
            status: names.status,
            selectable,
            rules: Rules::default(),
        }],
    }
}

/// Which definition is which group, version and kind: what OpenAPI readers look for.
pub(crate) fn group_version_kinds() -> BTreeMap<&'static str, Value> {
    NAMES
        .iter()
        .map(|names| (names.definition, json!([{"group": names.group, "version": "v1", "kind": names.kind}])))
        .collect()
}
