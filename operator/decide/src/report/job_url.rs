//! The link to a run's page (spec jobs-and-runs 5.8).

use super::{
    run_data,
    storage_path::{join, place},
};
use crate::{
    run::Run,
    text::template::{Template, TemplateFailed},
};
use api::{prow_job::ProwJobSpec, refs::Refs};
use std::collections::BTreeMap;

/// How links to runs are made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobUrls {
    /// Over the ProwJob; for runs that no prefix serves.
    pub template: Option<Template>,
    /// What stands before the storage path, by `owner/name`, `owner` or `*`. Decorated runs only.
    pub prefixes: BTreeMap<String, String>,
    /// Leave the storage provider out of the path.
    pub without_provider: bool,
}

impl JobUrls {
    /// The link to a run, with the status that it will have. Without anything to make it from it is empty.
    ///
    /// # Errors
    /// Where the template asks for what this run does not have. The run goes on without a link.
    pub fn url(&self, run: &Run) -> Result<String, TemplateFailed> {
        if let Some(url) = self.prefixed(&run.spec, &run.status.build_id) {
            return Ok(url);
        }
        self.template.as_ref().map_or_else(|| Ok(String::new()), |template| template.render(&run_data(run)))
    }

    fn prefixed(&self, spec: &ProwJobSpec, build_id: &str) -> Option<String> {
        let gcs = spec.decoration_config.as_ref()?.gcs_configuration.as_ref()?;
        let prefix = if gcs.job_url_prefix.is_empty() {
            self.prefix_of(spec.refs.as_ref().or(spec.extra_refs.first()))?
        } else {
            &gcs.job_url_prefix
        };
        let place = place(gcs, spec, build_id).ok()?;
        let provider = if self.without_provider { "" } else { place.bucket.provider.as_str() };
        // What follows the path of the prefix follows the whole path.
        let (address, query) = prefix.find(['?', '#']).map_or((prefix, ""), |at| prefix.split_at(at));
        let (site, path) = split_site(address);
        let path = join(&["/", path, provider, &place.bucket.with_path, &place.run]);
        Some(format!("{site}{path}{query}"))
    }

    fn prefix_of(&self, refs: Option<&Refs>) -> Option<&str> {
        let mut names = Vec::new();
        if let Some(refs) = refs {
            names.push(format!("{}/{}", refs.org, refs.repo));
            names.push(refs.org.clone());
        }
        names.push("*".to_owned());
        let prefix = names.iter().find_map(|name| self.prefixes.get(name))?;
        (!prefix.is_empty()).then_some(prefix)
    }
}

/// `https://host` and the rest.
fn split_site(address: &str) -> (&str, &str) {
    let after_scheme = address.find("://").map_or(0, |at| at + 3);
    let end = address[after_scheme..].find('/').map_or(address.len(), |at| after_scheme + at);
    address.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::split_site;

    #[test]
    fn a_site_ends_at_its_first_slash() {
        assert_eq!(split_site("https://a.example"), ("https://a.example", ""));
        assert_eq!(split_site("https://a.example/v/w/"), ("https://a.example", "/v/w/"));
    }
}
