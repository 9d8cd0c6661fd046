//! YAML as Prow reads it: the dialect of go-yaml v2, turned into JSON.
//!
//! Job files were written against that dialect: `yes`, `on` and `y` are booleans, `010` is eight, a merge key may
//! overwrite, a repeated key silently wins, only the first document of a file counts. So this reads the *events* of
//! `granit-parser` and decides itself what each scalar is. serde-saphyr, which stands on the same parser, has already
//! decided when it hands out a value (by other rules, and without saying how the scalar was written or where), and the
//! positions are what `lint` shows. What is silent in Go is a warning here.

mod scalar;
mod tree;

use super::problem::{At, Problem};
use serde_json::Value;
use tree::Node;

/// How much of a file is read before it is refused. Aliases count each time they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of text.
    pub bytes: usize,
    /// Scalars, lists and mappings.
    pub nodes: usize,
}

impl Budget {
    /// For files of people who may change the installation. The largest known one has 300 000 nodes.
    pub const CENTRAL: Self = Self { bytes: 64 << 20, nodes: 5_000_000 };
    /// For files in a pull request, which anybody may write.
    pub const IN_REPO: Self = Self { bytes: 1 << 20, nodes: 100_000 };
}

/// A file as a JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The first document of the file; an empty file is `null`.
    pub value: Value,
    /// What Go would have passed over in silence.
    pub warnings: Vec<Problem>,
}

/// Where something stands in a file. Both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Reads the first document of a file.
///
/// # Errors
/// Where the text is no YAML, is above the budget, or has a key that no JSON object can have. The message says where.
pub fn read(text: &str, budget: Budget) -> Result<Document, Problem> {
    let mut warnings = Vec::new();
    let root = tree::parse(text, budget, &mut warnings)?;
    Ok(Document { value: root.map_or(Value::Null, Node::into_json), warnings })
}

/// Where the place that a problem names stands in the file: the nearest enclosing one that is written there.
///
/// It reads the file again: a problem is rare, and positions of everything would cost more than the file.
pub fn position(text: &str, path: &str) -> Option<Position> {
    let root = tree::parse(text, Budget::CENTRAL, &mut Vec::new()).ok()??;
    Some(root.nearest(&At::root(""), path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// JSON as YAML writes it: what Go would not turn into something else.
    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z/. ]{1,6}", inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_is_read_as_it_is(written in json_value()) {
            let document = read(&written.to_string(), Budget::IN_REPO).map_err(|e| e.to_string());
            prop_assert_eq!(document.map(|document| document.value), Ok(written));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[a-c:\\-?&*!|>'\"%@\\[\\]{}, \n\t#<~0-9.]{0,40}") {
            let _answer = read(&text, Budget::IN_REPO);
        }
    }

    fn value(text: &str) -> Value {
        read(text, Budget::IN_REPO).unwrap_or_else(|e| panic!("{text}: {e}")).value
    }

    fn refused(text: &str) -> String {
        read(text, Budget::IN_REPO).expect_err(text).message
    }

    #[test]
    fn plain_scalars_are_what_yaml_1_1_says_without_base_60() {
        assert_eq!(
            value("[y, Yes, on, n, OFF, 'yes', ~, NULL, '', 010, 0o10, 0x1F, 0b11, 1_000, +1, 08, 12:30:45]"),
            json!([
                true, true, true, false, false, "yes", null, null, "", 8, 8, 31, 3, 1000, 1, 8, "12:30:45"
            ])
        );
        assert_eq!(
            value("[1.0, .5, 1e3, 1., 0.10, 2020-01-01, =, <<, 1e999, yess, 18446744073709551615]"),
            json!([1, 0.5, 1000, 1, 0.1, "2020-01-01", "=", "<<", "1e999", "yess", u64::MAX])
        );
    }

    #[test]
    fn tags_decide_over_the_spelling() {
        assert_eq!(value("[!!str 5, !!int '5', !x yes, !!float 1]"), json!(["5", 5, "yes", 1]));
        assert!(refused("!!int x").contains("!!int"));
    }

    #[test]
    fn keys_become_text() {
        assert_eq!(
            value("{yes: a, 1: b, 1.10: c, ? d : e}"),
            json!({"true": "a", "1": "b", "1.1": "c", "d": "e"})
        );
        for text in ["~: a", "[a]: b", "{a: b}: c"] {
            assert!(refused(text).contains("key"), "{text}");
        }
    }

    #[test]
    fn a_repeated_key_wins_and_is_told() {
        let document = read("a:\n  x/y: 1\n  x/y: 2\n", Budget::IN_REPO).unwrap();
        assert_eq!(document.value, json!({"a": {"x/y": 2}}));
        assert_eq!(
            document.warnings,
            [Problem {
                path: r#"a["x/y"]"#.into(),
                message: "this key stands here twice (line 3, column 3); the last one counts".into(),
                severity: super::super::Severity::Warning
            }]
        );
    }

    #[test]
    fn a_merge_key_brings_in_what_it_names() {
        let text = "base: &b {a: 1, b: 2}\nout:\n  <<: *b\n  b: 3\nlist:\n  <<: [{a: 1}, {a: 2, c: 3}]\n";
        let value = value(text);
        assert_eq!((&value["out"], &value["list"]), (&json!({"a": 1, "b": 3}), &json!({"a": 1, "c": 3})));
        assert!(refused("<<: 5").contains("merge"));
    }

    #[test]
    fn only_the_first_document_is_read() {
        assert_eq!(value("a: 1\n---\na: 2\n"), json!({"a": 1}));
        assert_eq!((value(""), value("# nothing\n")), (Value::Null, Value::Null));
    }

    #[test]
    fn a_broken_file_is_refused_with_its_line() {
        assert!(refused("a: 1\nb: {a\n").contains("line "));
        assert!(refused("a: *x").contains("anchor"));
        assert!(refused("a: -.inf").contains("line 1, column 4"));
    }

    #[test]
    fn aliases_and_depth_cannot_eat_the_memory() {
        let first = "a: &a [x, x, x, x, x, x, x, x, x, x]".to_owned();
        let more = ["b", "c", "d", "e", "f", "g"].iter().zip(["a", "b", "c", "d", "e", "f"]);
        let more = more
            .map(|(name, before)| format!("{name}: &{name} [{}]", vec![format!("*{before}"); 10].join(", ")));
        let bomb: Vec<String> = std::iter::once(first).chain(more).collect();
        assert!(refused(&bomb.join("\n")).contains("100000"));
        assert!(refused(&"[".repeat(5000)).contains("line 1"));
        assert!(refused(&"a: x\n".repeat(300_000)).contains("bytes"));
    }

    #[test]
    fn a_problem_is_found_in_the_text() {
        let text = "presubmits:\n  acme/widgets:\n  - name: a\n  - name: b\n    Run_If_Changed: (\n";
        let at = |path| position(text, path).unwrap().to_string();
        assert_eq!(at(r#"presubmits["acme/widgets"][1].run_if_changed"#), "line 5, column 21");
        assert_eq!(at(r#"presubmits["acme/widgets"][1].context"#), "line 4, column 5");
        assert_eq!(at("nowhere"), "line 1, column 1");
    }
}
