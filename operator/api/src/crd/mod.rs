//! The CustomResourceDefinitions of the five kinds, as `crds/` carries them and as the API server gets them.
//!
//! What `kube_derive` makes of the types is almost a structural schema; the rest is put right here, once, so that the
//! API server accepts it without a warning and Argo CD gets in sync.

use crate::{JobConfig, LabelPolicy, MergePool, ProwJob, Repository};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube_core::CustomResourceExt;

/// The definitions of the five kinds, in the order in which people meet them.
pub fn crds() -> Vec<CustomResourceDefinition> {
    [Repository::crd(), JobConfig::crd(), ProwJob::crd(), MergePool::crd(), LabelPolicy::crd()]
        .into_iter()
        .map(tidied)
        .collect()
}

fn tidied(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        if let Some(schema) = version.schema.as_mut().and_then(|v| v.open_api_v3_schema.as_mut()) {
            tidy(schema);
        }
    }
    crd
}

/// Puts one schema and all below it right.
fn tidy(schema: &mut JSONSchemaProps) {
    schema.title = None;
    // `serde(default)` becomes a schema default, which below a list keeps Argo CD from ever getting in sync, and in a
    // Repository would defeat the layers. Our defaults stand in code and in the descriptions.
    schema.default = None;
    // Rust's other integer formats are unknown to the API server, which warns about each.
    schema.format = schema.format.take().filter(|format| KNOWN_FORMATS.contains(&format.as_str()));
    // `null` is never one of the values, so a nullable enum would promise what the API server then refuses.
    if schema.enum_.is_some() {
        schema.nullable = None;
    }
    schema.description = schema.description.take().map(|text| one_line_a_paragraph(&text));
    for child in children(schema) {
        tidy(child);
    }
}

const KNOWN_FORMATS: [&str; 5] = ["int32", "int64", "double", "byte", "date-time"];

/// All schemas directly below one.
fn children(schema: &mut JSONSchemaProps) -> impl Iterator<Item = &mut JSONSchemaProps> {
    let items = match &mut schema.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) => Some(&mut **item),
        Some(JSONSchemaPropsOrArray::Schemas(_)) | None => None,
    };
    let values = match &mut schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(value)) => Some(&mut **value),
        Some(JSONSchemaPropsOrBool::Bool(_)) | None => None,
    };
    schema.properties.iter_mut().flatten().map(|(_, property)| property).chain(items).chain(values)
}

/// Doc comments break lines at a width of the source; descriptions break only between paragraphs.
fn one_line_a_paragraph(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|p| p.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests;
