//! Tables as kubectl shows them: asked for and laid out as kubectl does, so that nobody needs one to see them.

use kube::Client;
use serde_json::Value;

/// How kubectl asks for a table.
const AS_TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// What `kubectl get` shows of a resource in all namespaces.
pub(crate) async fn get(client: &Client, path: &str) -> anyhow::Result<String> {
    let request = http::Request::get(path).header(http::header::ACCEPT, AS_TABLE).body(Vec::new())?;
    Ok(laid_out(&client.request::<Value>(request).await?))
}

fn laid_out(table: &Value) -> String {
    let list =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let definitions = list(table, "columnDefinitions");
    let shown: Vec<bool> = definitions.iter().map(|column| column["priority"].as_i64() == Some(0)).collect();
    let names = definitions.iter().map(|column| column["name"].as_str().unwrap_or_default().to_uppercase());
    let mut rows = vec![names.collect::<Vec<_>>()];
    rows.extend(list(table, "rows").iter().map(|row| list(row, "cells").iter().map(cell).collect()));
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| kept(row, &shown)).collect();
    let columns = shown.iter().filter(|shown| **shown).count();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("   ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn kept(row: Vec<String>, shown: &[bool]) -> Vec<String> {
    row.into_iter().zip(shown).filter_map(|(cell, shown)| shown.then_some(cell)).collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_stand_below_one_another_and_those_of_wide_are_left_out() {
        let table = json!({
            "columnDefinitions": [
                { "name": "Name", "priority": 0 }, { "name": "Queue", "priority": 1 }, { "name": "State", "priority": 0 },
            ],
            "rows": [{ "cells": ["unit-1", "q", "success"] }, { "cells": ["a", null, null] }],
        });
        assert_eq!(laid_out(&table), "NAME     STATE\nunit-1   success\na");
    }
}
