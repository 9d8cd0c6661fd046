//! A decorated job, which is what most jobs of real projects are: its repository is cloned, its output captured, its files
//! uploaded. It is the sandbox's own, since where results go is different everywhere; here it is a folder.
//!
//! The images of the utilities would hold `podutils`; in the sandbox they start this very file, which is all of them too.

use anyhow::Context as _;
use serde_json::{Value, json};
use std::path::Path;
use world_kubelet::{Images, Isolation};

/// The utilities whose images a decorated pod uses.
const UTILITIES: [&str; 4] = ["clonerefs", "initupload", "entrypoint", "sidecar"];

fn image(utility: &str) -> String {
    format!("sandbox/{utility}")
}

/// Whether decorated pods can be run: `entrypoint` is placed in `/tools`, which must be there.
pub(crate) const fn can_run(isolation: Isolation) -> bool {
    match isolation {
        Isolation::Namespaces | Isolation::UserNamespaces => true,
        Isolation::Plain => false,
    }
}

/// What the images of the utilities start.
pub(crate) fn images() -> anyhow::Result<Images> {
    let own = std::env::current_exe().context("where this program is")?.display().to_string();
    Ok(UTILITIES
        .iter()
        .fold(Images::new(), |images, utility| images.with(image(utility), [own.as_str(), utility])))
}

/// The JobConfig with the job. It clones from the simulated GitHub at `web`; its results go below the folder.
pub(crate) fn jobs(web: &str, results: &Path) -> Value {
    let images: serde_json::Map<String, Value> =
        UTILITIES.iter().map(|utility| ((*utility).to_owned(), json!(image(utility)))).collect();
    json!({
        "apiVersion": "bowsprit.dev/v1alpha1", "kind": "JobConfig",
        "metadata": { "name": "decorated", "namespace": "acme" },
        "spec": { "presubmits": { "acme/widgets": [{
            "name": "files",
            "always_run": true,
            "decorate": true,
            "clone_uri": format!("{web}/acme/widgets.git"),
            "decoration_config": {
                "timeout": "5m",
                "grace_period": "15s",
                "utility_images": images,
                "gcs_configuration": {
                    "bucket": format!("file://{}", results.display()),
                    "path_strategy": "explicit",
                },
            },
            "spec": { "containers": [{
                "image": "debian:12",
                "command": ["sh", "-c", "git log --oneline -3; ls -l | tee \"$ARTIFACTS/files.txt\""],
            }] },
        }] } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_utility_image_of_the_job_starts_its_utility() {
        let jobs = jobs("http://127.0.0.1:1", Path::new("/results"));
        let decoration = &jobs["spec"]["presubmits"]["acme/widgets"][0]["decoration_config"];
        assert_eq!(decoration["gcs_configuration"]["bucket"], "file:///results");
        let images = images().unwrap();
        for (utility, image) in decoration["utility_images"].as_object().unwrap() {
            let starts = images.command_line(image.as_str().unwrap(), &[], &[]).unwrap();
            assert_eq!(starts.last(), Some(utility));
        }
    }
}
