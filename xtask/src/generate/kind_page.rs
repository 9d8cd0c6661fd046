//! A page a kind: every field with its type, default and description, read from the schema that is installed.

use super::HEADER;
use anyhow::Context;
use api::condition::{OF_KINDS, Polarity};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use std::fmt::Write;

/// The page of one kind.
pub fn page(crd: &CustomResourceDefinition) -> anyhow::Result<String> {
    let names = &crd.spec.names;
    let version = crd.spec.versions.first().context("a kind has a version")?;
    let schema = version
        .schema
        .as_ref()
        .and_then(|v| v.open_api_v3_schema.as_ref())
        .context("a version has a schema")?;
    let mut out = format!("<!--{} -->\n# {}\n\n", HEADER.trim_start_matches('#').trim_end(), names.kind);
    if let Some(description) = &schema.description {
        writeln!(out, "{description}\n")?;
    }
    let short =
        names.short_names.iter().flatten().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    writeln!(
        out,
        "`{}/{}`, `kubectl get {}` (short: {short}; with all other kinds: `kubectl get bowsprit`).\n",
        crd.spec.group, version.name, names.plural
    )?;
    columns(&mut out, version.additional_printer_columns.iter().flatten())?;
    for part in ["spec", "status"] {
        let Some(schema) = schema.properties.as_ref().and_then(|p| p.get(part)) else { continue };
        writeln!(out, "## {part}\n")?;
        if let Some(description) = &schema.description {
            writeln!(out, "{description}\n")?;
        }
        writeln!(out, "| field | type | default | meaning |\n|---|---|---|---|")?;
        let mut rules = Vec::new();
        rows(&mut out, &mut rules, part, schema)?;
        writeln!(out)?;
        if !rules.is_empty() {
            writeln!(out, "The API server refuses, with these words:\n")?;
            for (path, message) in rules {
                writeln!(out, "- `{path}`: {message}")?;
            }
            writeln!(out)?;
        }
    }
    conditions(&mut out, &names.kind)?;
    Ok(format!("{}\n", out.trim_end()))
}

/// The conditions of a kind, and what can be done where it is stalled.
fn conditions(out: &mut String, kind: &str) -> anyhow::Result<()> {
    let kind = OF_KINDS.iter().find(|of| of.kind == kind).context("a kind has conditions")?;
    writeln!(out, "## Conditions\n\n| condition | good when | `True` says |\n|---|---|---|")?;
    for condition in kind.types {
        let good = match condition.polarity() {
            Polarity::GoodWhenTrue => "`True`",
            Polarity::GoodWhenFalse => "`False` or absent",
        };
        writeln!(out, "| `{condition}` | {good} | {} |", condition.meaning())?;
    }
    if !kind.stalled.is_empty() {
        writeln!(out, "\n| reason of `Stalled` | what to do |\n|---|---|")?;
    }
    for (reason, fix) in kind.stalled {
        writeln!(out, "| `{reason}` | {fix} |")?;
    }
    Ok(())
}

/// The table of a plugin's options; empty where it has none.
pub fn options(schema: &JSONSchemaProps) -> anyhow::Result<String> {
    let mut table = String::new();
    let mut without_enabled = schema.clone();
    if let Some(properties) = &mut without_enabled.properties {
        properties.remove("enabled");
    }
    rows(&mut table, &mut Vec::new(), "options", &without_enabled)?;
    if !table.is_empty() {
        table.insert_str(0, "| option | type | default | meaning |\n|---|---|---|---|\n");
    }
    Ok(table)
}

type Column =
    k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceColumnDefinition;

fn columns<'a>(out: &mut String, columns: impl Iterator<Item = &'a Column>) -> anyhow::Result<()> {
    writeln!(out, "| column | meaning |\n|---|---|")?;
    for column in columns {
        let wide = if column.priority.unwrap_or(0) > 0 { " (`-o wide`)" } else { "" };
        let meaning = column.description.as_deref().unwrap_or("Time since it was created.");
        writeln!(out, "| {}{wide} | {meaning} |", column.name.to_uppercase())?;
    }
    writeln!(out)?;
    Ok(())
}

/// A row for each field below a schema, depth first, and the messages of the rules on the way.
fn rows(
    out: &mut String,
    rules: &mut Vec<(String, String)>,
    path: &str,
    schema: &JSONSchemaProps,
) -> anyhow::Result<()> {
    for rule in schema.x_kubernetes_validations.iter().flatten() {
        rules.push((path.to_owned(), rule.message.clone().context("a rule has a message")?));
    }
    let required = schema.required.as_deref().unwrap_or_default();
    for (name, field) in schema.properties.iter().flatten() {
        let path = format!("{path}.{name}");
        let (meaning, default) = split_default(field.description.as_deref().unwrap_or_default());
        let default = if required.contains(name) { "required".to_owned() } else { default };
        // The leading `spec.` or `status.` stands in the heading.
        let shown = path.split_once('.').map_or(path.as_str(), |(_, rest)| rest);
        writeln!(out, "| `{shown}` | {} | {default} | {} |", type_of(field), meaning.replace('|', "\\|"))?;
        below(out, rules, &path, field)?;
    }
    Ok(())
}

/// The fields below one field, through lists and maps. The inside of conditions is the same everywhere and left out.
fn below(
    out: &mut String,
    rules: &mut Vec<(String, String)>,
    path: &str,
    schema: &JSONSchemaProps,
) -> anyhow::Result<()> {
    if path.ends_with(".conditions") {
        return Ok(());
    }
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items {
        return below(out, rules, &format!("{path}[]"), item);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &schema.additional_properties {
        return below(out, rules, &format!("{path}.KEY"), value);
    }
    rows(out, rules, path, schema)
}

/// A schema's type in a few words.
fn type_of(schema: &JSONSchemaProps) -> String {
    if schema.x_kubernetes_int_or_string == Some(true) {
        return "text or number".to_owned();
    }
    if let Some(values) = &schema.enum_ {
        let words: Vec<_> =
            values.iter().filter_map(|value| value.0.as_str()).map(|word| format!("`{word}`")).collect();
        return words.join(", ");
    }
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items {
        return format!("list of {}", type_of(item));
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &schema.additional_properties {
        return format!("map to {}", type_of(value));
    }
    match (schema.type_.as_deref(), schema.format.as_deref()) {
        (Some("string"), Some("date-time")) => "time".to_owned(),
        (Some("string"), _) => "text".to_owned(),
        (Some(other), _) => other.to_owned(),
        (None, _) => "any".to_owned(),
    }
}

/// Takes the sentence `Default: x.` out of a description.
fn split_default(description: &str) -> (String, String) {
    let Some((before, rest)) = description.split_once("Default: ") else {
        return (description.replace("\n\n", " "), String::new());
    };
    let end = rest.find(". ").map_or(rest.len(), |at| at + 1);
    let (default, after) = rest.split_at(end);
    let meaning = format!("{before}{}", after.trim_start());
    (meaning.trim_end().replace("\n\n", " "), default.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_has_its_own_column() {
        assert_eq!(split_default("How many. Default: 2."), ("How many.".into(), "2".into()));
        assert_eq!(split_default("A. Default: `x.y`. B."), ("A. B.".into(), "`x.y`".into()));
        assert_eq!(split_default("Nothing."), ("Nothing.".into(), String::new()));
    }

    #[test]
    fn every_kind_has_a_page_with_its_fields() {
        for crd in api::crds() {
            let page = page(&crd).unwrap();
            assert!(page.contains("## spec\n") && page.contains("## status\n"), "{}", crd.spec.names.kind);
        }
    }
}
