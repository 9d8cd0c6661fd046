//! docs/plugins.md: each plugin, its key, its options, and where it comes from in Prow.

use super::HEADER;
use anyhow::Context;
use api::repository::plugins::{CATALOGUE, ELSEWHERE, PluginEntry};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use std::fmt::Write;

const INTRODUCTION: &str = "# Plugins

A key under `spec.plugins` of a [Repository](kinds/repository.md) both enables and configures a plugin. An absent key is
inherited from wider layers; `enabled: false` switches off what they switched on. A key that is no plugin is a problem in
the object's status, never silently off.

*Acts* tells whether this version does something for it. A key for which it does not is accepted, so that configuration
can be imported whole, and named in the object's `Warnings`.
";

/// The page.
pub fn page() -> anyhow::Result<String> {
    let mut out = format!("<!--{} -->\n{INTRODUCTION}\n", HEADER.trim_start_matches('#').trim_end());
    let schema = plugins_schema()?;
    writeln!(out, "| key | what it does | in Prow | acts |\n|---|---|---|---|")?;
    for entry in CATALOGUE {
        let acts = if entry.acts { "yes" } else { "not yet" };
        let summary = description(field(&schema, entry.key)?)?;
        writeln!(
            out,
            "| [`{0}`](#{1}) | {summary} | {2} | {acts} |",
            entry.key,
            entry.key.to_lowercase(),
            prow(entry)
        )?;
    }
    writeln!(out, "\n## What became of Prow's other plugins\n\n| in Prow | here |\n|---|---|")?;
    for (name, place) in ELSEWHERE {
        writeln!(out, "| `{name}` | {place} |")?;
    }
    for entry in CATALOGUE {
        let plugin = field(&schema, entry.key)?;
        writeln!(out, "\n## {}\n\n{}\n\nIn Prow: {}.", entry.key, description(plugin)?, prow(entry))?;
        let options = super::kind_page::options(plugin)?;
        if !options.is_empty() {
            write!(out, "\n{options}")?;
        }
    }
    Ok(out)
}

fn prow(entry: &PluginEntry) -> String {
    entry.prow.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn plugins_schema() -> anyhow::Result<JSONSchemaProps> {
    let crd = api::crds()
        .into_iter()
        .find(|crd| crd.spec.names.kind == "Repository")
        .context("there is a Repository")?;
    let version = crd.spec.versions.into_iter().next().context("a kind has a version")?;
    let root = version.schema.and_then(|v| v.open_api_v3_schema).context("a version has a schema")?;
    Ok(field(field(&root, "spec")?, "plugins")?.clone())
}

fn field<'a>(schema: &'a JSONSchemaProps, name: &str) -> anyhow::Result<&'a JSONSchemaProps> {
    schema
        .properties
        .as_ref()
        .and_then(|p| p.get(name))
        .with_context(|| format!("the schema has no field {name}"))
}

fn description(schema: &JSONSchemaProps) -> anyhow::Result<&str> {
    schema.description.as_deref().context("a plugin has a description")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_plugin_that_the_schema_has() {
        let schema = plugins_schema().unwrap();
        let page = page().unwrap();
        for name in schema.properties.unwrap().keys() {
            assert!(page.contains(&format!("\n## {name}\n")), "{name}");
        }
    }
}
