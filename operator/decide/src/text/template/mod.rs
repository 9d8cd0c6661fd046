//! Go's text templates, as commit templates and report templates are written in.
//!
//! The part of the language that such templates use: fields, variables, `if`, `with`, `range`, pipes, trim markers and
//! the built-in functions. Why our own: the one crate that exists has had no release for years, has neither `html` nor
//! `slice`, quotes wrongly, and calls a missing field an error at one place and nothing at another. What a template may
//! cost is bounded here, since tenants write them. `define`, `template` and `block` are refused when read.

mod functions;
mod parse;
mod run;
mod value;

pub use parse::InvalidTemplate;
pub use run::TemplateFailed;
pub use value::Value;

/// A template that was read and can be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    source: String,
    nodes: Vec<parse::Node>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Where it is not one, or uses a function that does not exist.
    pub fn new(source: &str) -> Result<Self, InvalidTemplate> {
        Ok(Self { source: source.to_owned(), nodes: parse::parse(source)? })
    }

    /// As written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text that it makes of this value.
    ///
    /// # Errors
    /// Where it asks for a field that the value does not have, calls a function wrongly, or gets too long.
    pub fn render(&self, dot: &Value) -> Result<String, TemplateFailed> {
        run::render(&self.nodes, dot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Value {
        let label = |name: &str| Value::record([("Name", Value::text(name))]);
        Value::record([
            ("Title", Value::text("Fix <it>")),
            ("Number", Value::Int(7)),
            ("Empty", Value::text("")),
            ("Nothing", Value::Nil),
            ("Labels", Value::List(vec![label("a"), label("b")])),
            ("At", Value::Time("2023-11-14T22:13:20Z".parse().unwrap())),
        ])
    }

    fn rendered(source: &str) -> Result<String, TemplateFailed> {
        Template::new(source).unwrap().render(&data())
    }

    #[test]
    fn templates_say_what_go_would_make_them_say() {
        for (source, text) in [
            ("{{.Title}} (#{{ .Number }})", "Fix <it> (#7)"),
            ("a {{- /* gone */ -}} b", "ab"),
            ("{{ if eq .Title \"x\" \"Fix <it>\" }}yes{{ else }}no{{ end }}", "yes"),
            ("{{ if .Empty }}a{{ else if gt (len .Title) 3 }}b{{ end }}", "b"),
            ("{{ with .Nothing }}a{{ else }}none{{ end }}", "none"),
            ("{{ range $i, $l := .Labels }}{{ $i }}{{ $l.Name }} {{ end }}", "0a 1b "),
            ("{{ range .Labels }}{{ .Name }}{{ $.Number }}{{ break }}{{ end }}", "a7"),
            ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
            ("{{ .Title | printf \"%q %d\" .Number }}", "\"7\" %!d(Fix <it>)"),
            ("{{ html .Title }} {{ slice .Title 0 3 }} {{ (index .Labels 1).Name }}", "Fix &lt;it&gt; Fix b"),
            ("{{ .At.Format \"2006-01-02 15:04\" }}", "2023-11-14 22:13"),
            ("{{ and .Empty .Nope }}|{{ or .Empty `raw` }}", "|raw"),
        ] {
            assert_eq!(rendered(source).as_deref(), Ok(text), "{source}");
        }
    }

    #[test]
    fn a_field_that_is_not_there_is_an_error() {
        for source in ["{{ .Nope }}", "{{ .Title.Nope }}", "{{ .Nothing.Name }}", "{{ index .Labels 5 }}"] {
            assert!(rendered(source).is_err(), "{source}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused_when_it_is_read() {
        for source in
            ["{{ .Title ", "{{ end }}", "{{ if .A }}", "{{ nope .A }}", "{{ \"a }}", "{{ $x }}", "{{ }}"]
        {
            assert!(Template::new(source).is_err(), "{source}");
        }
        let deep = format!("{{{{ {}1{} }}}}", "(".repeat(500), ")".repeat(500));
        assert!(Template::new(&deep).is_err(), "nesting is bounded");
    }

    #[test]
    fn a_template_that_grows_without_end_is_stopped() {
        let long = "x".repeat(40_000);
        let source = format!("{{{{ range .Labels }}}}{long}{{{{ end }}}}");
        assert!(matches!(rendered(&source), Err(TemplateFailed::TooLong)));
    }
}
