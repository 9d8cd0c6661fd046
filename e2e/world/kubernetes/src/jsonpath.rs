//! The JSONPath that printer columns use: `.a.b`, `['a.b']`, `[0]`, `[*]` and `[?(@.type=="Ready")]`.

use serde_json::Value;

/// A parsed path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Index(usize),
    All,
    /// Items whose field (a path) equals a text.
    Where(Vec<String>, String),
}

impl JsonPath {
    /// Reads a path. The error says what is not understood.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, after) = after.split_at(end);
                if name.is_empty() {
                    return Err(format!("a field name is missing before {after:?}"));
                }
                steps.push(Step::Field(name.replace("\\.", ".")));
                rest = after;
            } else if let Some(after) = rest.strip_prefix('[') {
                let (inside, after) = after.split_once(']').ok_or("a ] is missing")?;
                steps.push(bracket(inside)?);
                rest = after;
            } else {
                return Err(format!("{rest:?} is not understood: a path starts with . or ["));
            }
        }
        Ok(Self(steps))
    }

    /// The values at the path.
    pub(crate) fn find<'a>(&self, root: &'a Value) -> Vec<&'a Value> {
        let mut found = vec![root];
        for step in &self.0 {
            found = found.into_iter().flat_map(|value| step.from(value)).collect();
        }
        found
    }
}

fn bracket(inside: &str) -> Result<Step, String> {
    let quoted =
        |text: &str| Some(text.trim().strip_prefix(['\'', '"'])?.strip_suffix(['\'', '"'])?.to_owned());
    if inside == "*" {
        return Ok(Step::All);
    }
    if let Some(name) = quoted(inside) {
        return Ok(Step::Field(name));
    }
    if let Some(filter) = inside.strip_prefix("?(").and_then(|f| f.strip_suffix(')')) {
        let parts = filter.split_once("==").and_then(|(field, value)| {
            let field = field.trim().strip_prefix("@.")?.split('.').map(str::to_owned).collect();
            Some(Step::Where(field, quoted(value)?))
        });
        return parts.ok_or_else(|| format!("the filter {filter:?} is not of the form @.field==\"text\""));
    }
    inside.parse().map(Step::Index).map_err(|_| format!("[{inside}] is not understood"))
}

impl Step {
    fn from<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match self {
            Self::Field(name) => value.get(name).into_iter().collect(),
            Self::Index(index) => value.get(index).into_iter().collect(),
            Self::All => value.as_array().into_iter().flatten().collect(),
            Self::Where(field, text) => {
                let matches = |item: &&Value| {
                    let found = field.iter().try_fold(*item, |value, name| value.get(name));
                    found.and_then(Value::as_str) == Some(text)
                };
                value.as_array().into_iter().flatten().filter(matches).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::JsonPath;

    #[test]
    fn a_condition_is_found_by_its_type() {
        let path = JsonPath::parse(r#".status.conditions[?(@.type=="Ready")].status"#).unwrap();
        let object = json!({"status": {"conditions": [{"type": "A", "status": "1"}, {"type": "Ready", "status": "2"}]}});
        assert_eq!(path.find(&object), [&json!("2")]);
    }

    #[test]
    fn quoted_names_may_hold_dots() {
        let path = JsonPath::parse(".metadata.labels['a.b/c']").unwrap();
        assert_eq!(path.find(&json!({"metadata": {"labels": {"a.b/c": "x"}}})), [&json!("x")]);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(JsonPath::parse(".a[?(@.b>3)]").is_err());
        assert!(JsonPath::parse("a").is_err());
    }
}
