//! Go's `text/template`, the part of it that links and reports to people are written in.
//!
//! Prow's users have such templates in their configuration (`job_url_template`, `report_templates`, Slack). The one
//! library for it in Rust is no longer kept, prints `%q` without quotes, and bounds neither recursion nor output; what
//! is needed is small: fields, pipelines, `if`, `with`, `range`, variables and the built-in functions. Definitions,
//! methods and `break` are refused by name. A template comes from a configuration and runs over facts from outside, so
//! depth, steps and output are bounded.

mod eval;
mod functions;
mod parse;
mod value;

pub use value::Data;

/// A parsed template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    source: String,
    nodes: Vec<parse::Node>,
}

/// Why a template cannot be read or carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is not written as Go's templates are, or uses a part of them that is not supported.
    #[error("the template cannot be read at {near:?}: {problem}")]
    Syntax {
        /// The text at the place.
        near: String,
        /// What is wrong.
        problem: String,
    },
    /// It asks for something that is not there.
    #[error("the template cannot be filled in: {0}")]
    Data(String),
    /// It is larger than a link or a comment may be.
    #[error("the template is too large: {0}")]
    TooLarge(&'static str),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Where Go would refuse it, or where it uses a part that is not supported.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        Ok(Self { source: source.to_owned(), nodes: parse::parse(source)? })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Carries it out over some data.
    ///
    /// # Errors
    /// Where the template asks for a field, an index or an operation that the data does not have.
    pub fn render(&self, data: &Data) -> Result<String, TemplateError> {
        eval::render(&self.nodes, data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Data {
        let pull = |n, author: &str| Data::Record(vec![("Number", Data::Int(n)), ("Author", Data::text(author))]);
        Data::Record(vec![
            ("Job", Data::text("unit")),
            ("Type", Data::text("presubmit")),
            ("Refs", Data::Nil),
            ("Pulls", Data::List(vec![pull(7, "mem"), pull(8, "kim")])),
            ("Labels", Data::Map([("team".to_owned(), Data::text("blue"))].into())),
        ])
    }

    fn render(template: &str) -> Result<String, TemplateError> {
        Template::parse(template)?.render(&data())
    }

    #[test]
    fn what_prows_users_write_is_filled_in_as_go_does() {
        for (template, text) in [
            ("plain", "plain"),
            ("{{.Job}}/x", "unit/x"),
            ("a {{- .Job -}} b", "aunitb"),
            ("{{/* nothing */}}{{ .Job | printf \"%q\" }}", "\"unit\""),
            ("{{if .Refs}}yes{{else if eq .Type \"batch\" \"presubmit\"}}pr{{else}}no{{end}}", "pr"),
            ("{{with index .Pulls 0}}{{.Number}}{{end}}", "7"),
            ("{{(index .Pulls 1).Author}}", "kim"),
            ("{{range $i, $p := .Pulls}}{{if $i}}, {{end}}#{{$p.Number}}{{end}}", "#7, #8"),
            ("{{range .Labels}}{{.}}{{else}}none{{end}}", "blue"),
            ("{{$job := .Job}}{{with .Pulls}}{{$job}} {{len .}} {{$.Type}}{{end}}", "unit 2 presubmit"),
            ("{{index .Labels \"team\"}} {{.Labels.none}}", "blue <no value>"),
            ("{{index .Pulls 0}}", "{7 mem}"),
            ("{{if and .Job (not .Refs)}}{{or .Refs \"x\"}}{{end}}", "x"),
            ("{{if gt (len .Pulls) 1}}many{{end}}", "many"),
            ("{{urlquery \"a b/ü\"}} {{html \"<a>\"}} {{slice .Job 1 3}}", "a+b%2F%C3%BC &lt;a&gt; ni"),
        ] {
            assert_eq!(render(template).as_deref(), Ok(text), "{template}");
        }
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        for template in [
            "{{.NoSuchField}}",
            "{{.Refs.Org}}",
            "{{index .Pulls 2}}",
            "{{.Job",
            "{{if .Job}}",
            "{{end}}",
            "{{nofunction .Job}}",
            "{{template \"x\"}}",
            "{{eq .Job 1}}",
            "{{$x}}",
        ] {
            assert!(render(template).is_err(), "{template}");
        }
    }

    #[test]
    fn a_template_cannot_run_away() {
        let nested = format!("{}{}", "{{if .Job}}".repeat(500), "{{end}}".repeat(500));
        assert!(matches!(render(&nested), Err(TemplateError::TooLarge(_))));
        let loops = format!("{}x{}", "{{range $.Pulls}}".repeat(20), "{{end}}".repeat(20));
        assert!(matches!(render(&loops), Err(TemplateError::TooLarge(_))));
        let parentheses = format!("{{{{ {}.Job{} }}}}", "(".repeat(500), ")".repeat(500));
        assert!(matches!(render(&parentheses), Err(TemplateError::TooLarge(_))));
    }
}
