//! What can be told about a CEL rule without running it: names, fields, and functions that exist.
//!
//! The API server type-checks rules; the library does not. This catches what is most often wrong, a field that the schema
//! does not have, in the API server's words, and every function that the library does not know.

use kube_cel::cel::Program;
use kube_cel::cel::common::ast::{CallExpr, Expr, IdedExpr};
use serde_json::json;

use crate::cel::{Refusal, escaped};
use crate::failure::FieldError;
use crate::schema::Node;

/// Functions of CEL and of Kubernetes that `kube-cel` registers. Macros do not appear: they are expanded before.
const FUNCTIONS: &[&str] = &[
    "add",
    "asApproximateFloat",
    "asInteger",
    "base64.decode",
    "base64.encode",
    "bytes",
    "charAt",
    "cidr",
    "compareTo",
    "contains",
    "containsCIDR",
    "containsIP",
    "distinct",
    "double",
    "duration",
    "endsWith",
    "family",
    "find",
    "findAll",
    "first",
    "flatten",
    "format",
    "format.byte",
    "format.date",
    "format.datetime",
    "format.dns1035Label",
    "format.dns1035LabelPrefix",
    "format.dns1123Label",
    "format.dns1123LabelPrefix",
    "format.dns1123Subdomain",
    "format.dns1123SubdomainPrefix",
    "format.labelValue",
    "format.named",
    "format.qualifiedName",
    "format.uri",
    "format.uuid",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getEscapedPath",
    "getFullYear",
    "getHost",
    "getHostname",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getPort",
    "getQuery",
    "getScheme",
    "getSeconds",
    "hasValue",
    "indexOf",
    "int",
    "ip",
    "ip.isCanonical",
    "isCIDR",
    "isGlobalUnicast",
    "isGreaterThan",
    "isIP",
    "isInteger",
    "isLessThan",
    "isLinkLocalMulticast",
    "isLinkLocalUnicast",
    "isLoopback",
    "isQuantity",
    "isSemver",
    "isSorted",
    "isURL",
    "isUnspecified",
    "join",
    "last",
    "lastIndexOf",
    "lists.range",
    "lowerAscii",
    "major",
    "masked",
    "matches",
    "math.abs",
    "math.ceil",
    "math.floor",
    "math.greatest",
    "math.least",
    "math.round",
    "math.sign",
    "math.sqrt",
    "math.trunc",
    "max",
    "min",
    "minor",
    "optional.none",
    "optional.of",
    "optional.ofNonZeroValue",
    "or",
    "orValue",
    "patch",
    "prefixLength",
    "quantity",
    "replace",
    "reverse",
    "semver",
    "sets.contains",
    "sets.equivalent",
    "sets.intersects",
    "sign",
    "size",
    "slice",
    "sort",
    "split",
    "startsWith",
    "string",
    "strings.quote",
    "sub",
    "substring",
    "sum",
    "timestamp",
    "trim",
    "uint",
    "upperAscii",
    "url",
    "validate",
    "value",
];

struct Check<'a> {
    rule: &'a str,
    path: &'a str,
    scope: Vec<(&'a str, Option<Node<'a>>)>,
    correlatable: bool,
    refusals: Vec<Refusal>,
}

/// Checks a compiled rule against the place in the schema where it stands.
pub(crate) fn check(
    program: &Program,
    node: Node<'_>,
    rule: &str,
    path: &str,
    correlatable: bool,
) -> Vec<Refusal> {
    let scope = vec![("self", Some(node)), ("oldSelf", Some(node))];
    let mut check = Check { rule, path, scope, correlatable, refusals: Vec::new() };
    check.expression(program.expression());
    check.refusals
}

impl<'a> Check<'a> {
    fn wrong(&mut self, detail: &str) {
        let detail = format!("compilation failed: ERROR: <input>: {detail}");
        self.refusals.push(Refusal::Wrong(FieldError::invalid(self.path, &json!(self.rule), &detail)));
    }

    /// Checks an expression. The answer is its place in the schema, where that can be told.
    fn expression(&mut self, expression: &'a IdedExpr) -> Option<Node<'a>> {
        match &expression.expr {
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => {
                let operand = self.expression(&select.operand)?;
                self.field(operand, &select.field)
            }
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(comprehension) => {
                let range = self.expression(&comprehension.iter_range);
                if comprehension.iter_var2.is_some() {
                    self.refusals.push(Refusal::Lacking(format!(
                        "CEL comprehensions with two variables, which {} uses",
                        self.path
                    )));
                }
                let depth = self.scope.len();
                self.scope.push((&comprehension.iter_var, range.and_then(Node::items)));
                self.scope.push((&comprehension.accu_var, None));
                for part in [
                    &comprehension.accu_init,
                    &comprehension.loop_cond,
                    &comprehension.loop_step,
                    &comprehension.result,
                ] {
                    self.expression(part);
                }
                self.scope.truncate(depth);
                None
            }
            Expr::List(list) => {
                for element in &list.elements {
                    self.expression(element);
                }
                None
            }
            Expr::Map(map) => {
                self.entries(&map.entries);
                None
            }
            Expr::Struct(made) => {
                self.entries(&made.entries);
                None
            }
            Expr::Literal(_) | Expr::Unspecified => None,
        }
    }

    fn entries(&mut self, entries: &'a [kube_cel::cel::common::ast::IdedEntryExpr]) {
        use kube_cel::cel::common::ast::EntryExpr;
        for entry in entries {
            match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.expression(&entry.key);
                    self.expression(&entry.value);
                }
                EntryExpr::StructField(field) => {
                    self.expression(&field.value);
                }
            }
        }
    }

    fn variable(&mut self, name: &str) -> Option<Node<'a>> {
        if name == "oldSelf" && !self.correlatable {
            self.wrong("oldSelf cannot be used on the uncorrelatable portion of the schema");
        }
        match self.scope.iter().rev().find(|(known, _)| *known == name) {
            Some((_, node)) => *node,
            // The names of CEL's types are values too.
            None if matches!(
                name,
                "int" | "uint" | "double" | "bool" | "string" | "bytes" | "list" | "map"
            ) =>
            {
                None
            }
            None => {
                self.wrong(&format!("undeclared reference to '{name}' (in container '')"));
                None
            }
        }
    }

    /// The place of a field, or an error where the schema has no such field.
    fn field(&mut self, node: Node<'a>, name: &str) -> Option<Node<'a>> {
        let declared = node.properties().find(|(property, _)| escaped(property) == name);
        if let Some((_, property)) = declared {
            return Some(property);
        }
        if let Some(values) = node.additional() {
            return Some(values);
        }
        let embedded = node.flag("x-kubernetes-embedded-resource");
        let open = node.flag("x-kubernetes-int-or-string") || node.keyword("additionalProperties").is_some();
        if !(open || embedded && matches!(name, "apiVersion" | "kind" | "metadata")) {
            self.wrong(&format!("undefined field '{name}'"));
        }
        None
    }

    fn call(&mut self, call: &'a CallExpr) -> Option<Node<'a>> {
        let operator = !call.func_name.starts_with(|c: char| c.is_ascii_alphabetic());
        // `sets.contains(..)` is read as a method of something named `sets`.
        let library = call.target.as_ref().and_then(|target| match &target.expr {
            Expr::Ident(name) if !self.scope.iter().any(|(known, _)| known == name) => Some(name.as_str()),
            _ => None,
        });
        let name = match library {
            Some(library) => format!("{library}.{}", call.func_name),
            None => call.func_name.clone(),
        };
        if !operator && !FUNCTIONS.contains(&name.as_str()) {
            self.refusals
                .push(Refusal::Lacking(format!("the CEL function {name}, which {} uses", self.path)));
        }
        let target = match (&call.target, library) {
            (Some(target), None) => self.expression(target),
            _ => None,
        };
        let arguments: Vec<Option<Node<'a>>> =
            call.args.iter().map(|argument| self.expression(argument)).collect();
        match (call.func_name.as_str(), arguments.first().copied().flatten()) {
            ("_[_]" | "_[?_]", Some(indexed)) => indexed.items().or_else(|| indexed.additional()),
            ("_?._", Some(_)) => None,
            _ => target.and(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Map, json};

    use crate::cel::{Refusal, Rules};
    use crate::schema::Schema;

    fn compile(rule: &str) -> Result<Rules, Vec<Refusal>> {
        let schema = json!({
            "type": "object",
            "properties": {
                "always_run": {"type": "boolean"},
                "items": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "x-kubernetes-validations": [{"rule": rule}],
        });
        Rules::compile(&Schema::new(schema, Arc::new(Map::new())), "schema")
    }

    #[test]
    fn a_rule_over_declared_fields_is_taken() {
        for rule in [
            "self.always_run",
            "has(self.labels) && self.labels.all(k, k.startsWith('a'))",
            "self.items.all(i, i.name != '')",
            "self.items.exists_one(i, i.name == 'x')",
            "sets.contains(['a'], self.items.map(i, i.name))",
            "!has(oldSelf.always_run) || self == oldSelf",
            "size(self.items) < 3 ? true : self.items[0].name.matches('^a')",
            "self.labels['a'] == 'b' && 'x' in self.labels",
        ] {
            assert!(compile(rule).is_ok(), "{rule}: {:?}", compile(rule));
        }
    }

    #[test]
    fn a_field_that_the_schema_does_not_have_is_refused() {
        for rule in [
            "self.nope",
            "has(self.nope)",
            "self.items.all(i, i.nope == '')",
            "nope == 1",
            "self.items[0].nope",
        ] {
            assert!(matches!(compile(rule).unwrap_err().as_slice(), [Refusal::Wrong(_), ..]), "{rule}");
        }
    }

    #[test]
    fn what_the_library_lacks_is_refused_by_name() {
        for rule in [
            "self.items.sortBy(i, i.name) == []",
            "cel.bind(a, 1, a == 1)",
            "self.items.all(i, v, v.name == '')",
        ] {
            let refusals = compile(rule).unwrap_err();
            assert!(refusals.iter().any(|r| matches!(r, Refusal::Lacking(_))), "{rule}: {refusals:?}");
        }
    }
}
