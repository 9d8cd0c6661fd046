//! The CustomResourceDefinitions of the five kinds, as `crds/` carries them and as the API server gets them.
//!
//! What `kube_derive` makes of the types is almost a structural schema; the rest is put right here, once, so that the
//! API server accepts it without a warning and Argo CD gets in sync.

use crate::{JobConfig, LabelPolicy, MergePool, ProwJob, Repository};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceValidation, JSONSchemaProps, JSONSchemaPropsOrArray,
    JSONSchemaPropsOrBool,
};
use kube_core::{CustomResourceExt, schema::StructuralSchemaRewriter};
use schemars::{
    JsonSchema, Schema,
    generate::SchemaSettings,
    transform::{Transform, transform_subschemas},
};
use serde_json::Value;

/// The definitions of the five kinds, in the order in which people meet them.
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![
        definition::<Repository>(),
        definition::<JobConfig>(),
        definition::<ProwJob>(),
        definition::<MergePool>(),
        definition::<LabelPolicy>(),
    ]
}

fn definition<K: CustomResourceExt + JsonSchema>() -> CustomResourceDefinition {
    let mut settings = SchemaSettings::openapi3();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    settings.transforms.insert(0, Box::new(NullIsAbsent));
    let settings = settings.with_transform(StructuralSchemaRewriter);
    let schema = settings.into_generator().into_root_schema_for::<K>();
    #[expect(clippy::expect_used, reason = "both types are JSON Schema; a test makes every definition")]
    let mut schema: JSONSchemaProps =
        serde_json::from_value(schema.to_value()).expect("the schema of a type is a schema");
    tidy(&mut schema);

    let mut crd = K::crd();
    for version in &mut crd.spec.versions {
        version.schema = Some(CustomResourceValidation { open_api_v3_schema: Some(schema.clone()) });
    }
    crd
}

/// Takes `null` out of what a field may be. The API server drops a `null` where none is allowed, before it looks at
/// anything else, so that it means absent. This comes before the library's own treatment of `null`, which lets the
/// description of a field's type win over that of the field.
#[derive(Clone)]
struct NullIsAbsent;

impl Transform for NullIsAbsent {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(values)) = object.get_mut("enum") {
            values.retain(|value| !value.is_null());
        }
        let Some(Value::Array(choices)) = object.get_mut("anyOf") else { return };
        choices.retain(|choice| choice.get("type") != Some(&Value::from("null")));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
}

/// Puts one schema and all below it right.
fn tidy(schema: &mut JSONSchemaProps) {
    schema.title = None;
    // `serde(default)` becomes a schema default, which below a list keeps Argo CD from ever getting in sync, and in a
    // Repository would defeat the layers. Our defaults stand in code and in the descriptions.
    schema.default = None;
    // Rust's other integer formats are unknown to the API server, which warns about each.
    schema.format = schema.format.take().filter(|format| KNOWN_FORMATS.contains(&format.as_str()));
    schema.description = schema.description.take().map(|text| one_line_a_paragraph(&text));
    for child in children(schema) {
        tidy(child);
    }
    // What an item is has been said by its list.
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &mut schema.items {
        item.description = None;
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
mod manifests;
#[cfg(test)]
mod tests;
