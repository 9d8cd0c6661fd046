//! Label and field selectors.

use serde_json::Value;

use crate::failure::Failure;
use crate::object;
use crate::resource::{Kind, Version};

/// Which objects a list, watch or collection deletion is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<FieldRequirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
    Greater(i64),
    Less(i64),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldRequirement {
    path: Vec<String>,
    equal: bool,
    value: String,
}

impl Selector {
    /// Reads the selectors of a request. A field that the kind cannot select by is refused.
    pub(crate) fn parse(labels: &str, fields: &str, kind: &Kind, version: &Version) -> Result<Self, Failure> {
        let labels = split(labels)
            .map(requirement)
            .collect::<Result<_, _>>()
            .map_err(|why| Failure::bad_request(format!("unable to parse requirement: {why}")))?;
        let fields = split(fields).map(|f| field(f, kind, version)).collect::<Result<_, _>>()?;
        Ok(Self { labels, fields })
    }

    /// Whether it selects everything.
    pub(crate) const fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        let labels = object::get(object, &["metadata", "labels"]);
        let label = |key: &str| labels.and_then(|all| all.get(key)).and_then(Value::as_str);
        self.labels.iter().all(|requirement| requirement.holds(label(&requirement.key)))
            && self.fields.iter().all(|requirement| requirement.holds(object))
    }
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|v| v.parse::<i64>().ok());
        match &self.operator {
            Operator::In(values) => value.is_some_and(|v| values.iter().any(|wanted| wanted == v)),
            Operator::NotIn(values) => value.is_none_or(|v| values.iter().all(|unwanted| unwanted != v)),
            Operator::Exists => value.is_some(),
            Operator::Absent => value.is_none(),
            Operator::Greater(bound) => number().is_some_and(|n| n > *bound),
            Operator::Less(bound) => number().is_some_and(|n| n < *bound),
        }
    }
}

impl FieldRequirement {
    fn holds(&self, object: &Value) -> bool {
        let found = self.path.iter().try_fold(object, |value, key| value.get(key));
        let text = match found {
            None | Some(Value::Null) if self.path.last().is_some_and(|p| boolean(p)) => "false".to_owned(),
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        (text == self.value) == self.equal
    }
}

/// Booleans that are omitted when false.
fn boolean(field: &str) -> bool {
    matches!(field, "unschedulable" | "hostNetwork")
}

/// The requirements of a selector: separated by commas, except inside parentheses.
fn split(selector: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    selector
        .split(move |c| {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            c == ',' && depth == 0
        })
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn requirement(text: &str) -> Result<Requirement, String> {
    let made = |key: &str, operator| {
        let key = key.trim();
        if key.is_empty() || key.contains(char::is_whitespace) {
            return Err(format!("{text:?} is not a label requirement"));
        }
        Ok(Requirement { key: key.to_owned(), operator })
    };
    let one = |value: &str| vec![value.trim().to_owned()];
    let number =
        |value: &str| value.trim().parse::<i64>().map_err(|_| format!("{value:?} must be an integer"));
    if let Some(key) = text.strip_prefix('!') {
        return made(key, Operator::Absent);
    }
    if let Some((key, value)) = text.split_once("!=") {
        return made(key, Operator::NotIn(one(value)));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return made(key, Operator::In(one(value)));
    }
    if let Some((head, values)) = text.strip_suffix(')').and_then(|t| t.split_once('(')) {
        let values = values.split(',').map(|v| v.trim().to_owned()).collect();
        return match head.trim().rsplit_once(char::is_whitespace) {
            Some((key, "in")) => made(key, Operator::In(values)),
            Some((key, "notin")) => made(key, Operator::NotIn(values)),
            _ => Err(format!("{text:?}: the operator must be in or notin")),
        };
    }
    if let Some((key, value)) = text.split_once('>') {
        return made(key, Operator::Greater(number(value)?));
    }
    if let Some((key, value)) = text.split_once('<') {
        return made(key, Operator::Less(number(value)?));
    }
    made(text, Operator::Exists)
}

fn field(text: &str, kind: &Kind, version: &Version) -> Result<FieldRequirement, Failure> {
    let (label, equal, value) = if let Some((label, value)) = text.split_once("!=") {
        (label, false, value)
    } else if let Some((label, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        (label, true, value)
    } else {
        return Err(Failure::bad_request(format!(
            "invalid field selector {text:?}; can't understand it: use field=value or field!=value"
        )));
    };
    let label = label.trim();
    let path = match label {
        "metadata.name" => Some(vec!["metadata".to_owned(), "name".to_owned()]),
        "metadata.namespace" if kind.namespaced => Some(vec!["metadata".to_owned(), "namespace".to_owned()]),
        _ => version.selectable.iter().find(|(known, _)| known == label).map(|(_, path)| path.clone()),
    };
    let path = path.ok_or_else(|| {
        Failure::bad_request(format!(
            "Unable to find {:?} that match label selector \"\", field selector {text:?}: field label not supported: \
             {label}",
            format!("{}, Resource={}", kind.api_version(&version.name), kind.plural)
        ))
    })?;
    Ok(FieldRequirement { path, equal, value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Selector, requirement, split};

    #[test]
    fn every_form_of_label_requirement_is_understood() {
        let object = json!({"metadata": {"labels": {"a": "1", "b": "x"}}});
        let matches = |text: &str| {
            let labels = split(text).map(requirement).collect::<Result<_, _>>().unwrap();
            Selector { labels, fields: vec![] }.matches(&object)
        };
        for yes in ["a=1", "a==1,b", "a!=2", "c!=2", "b in (x, y)", "c notin (x),a", "!c", "a>0", "a<2"] {
            assert!(matches(yes), "{yes}");
        }
        for no in ["a=2", "c", "!a", "b notin (x,y)", "a>1", "c in (x)"] {
            assert!(!matches(no), "{no}");
        }
    }

    #[test]
    fn a_wrong_requirement_is_an_error() {
        assert!(requirement("a b").is_err());
        assert!(requirement("a of (b)").is_err());
    }
}
