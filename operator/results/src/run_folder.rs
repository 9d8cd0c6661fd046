//! The folder of one run, and the pointer files that lead to it.

use crate::{
    Place,
    name::{BadName, ObjectName},
    source::Content,
    storage::{Mode, Object},
};

/// Names of the files of one run.
pub mod file {
    /// What is known before the tests run.
    pub const STARTED: &str = "started.json";
    /// How it ended.
    pub const FINISHED: &str = "finished.json";
    /// The ProwJob.
    pub const PROW_JOB: &str = "prowjob.json";
    /// The pod and its events.
    pub const POD_INFO: &str = "podinfo.json";
    /// What the test printed.
    pub const BUILD_LOG: &str = "build-log.txt";
    /// What cloning printed.
    pub const CLONE_LOG: &str = "clone-log.txt";
    /// The commands of cloning.
    pub const CLONE_RECORDS: &str = "clone-records.json";
    /// What the sidecar wrote.
    pub const SIDECAR_LOGS: &str = "sidecar-logs.json";
    /// The folder of what the test left behind.
    pub const ARTIFACTS: &str = "artifacts";
}

/// The folder that one run's files go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    /// `None`: the storage's root, where results go to a folder of the machine.
    folder: Option<ObjectName>,
}

impl RunFolder {
    /// The run's own folder; in local mode the storage itself is that folder.
    pub fn new(place: &Place) -> Result<Self, BadName> {
        let folder = if place.local { None } else { Some(ObjectName::parse(&place.run)?) };
        Ok(Self { folder })
    }

    /// A folder in this one; an empty name is this one.
    pub fn sub_folder(&self, name: &str) -> Result<Self, BadName> {
        if name.is_empty() {
            return Ok(self.clone());
        }
        Ok(Self { folder: Some(self.object(name.trim_matches('/'))?) })
    }

    /// The name of a file in it. `name` may hold folders, and is refused where it leaves this one.
    pub fn object(&self, name: &str) -> Result<ObjectName, BadName> {
        match &self.folder {
            None => ObjectName::parse(name),
            Some(folder) => folder.below(name),
        }
    }
}

/// The files that lead to a run: that of the last build, and the alias. None in local mode.
///
/// `mode`: the small programs of a pod replace them, what comes later only fills gaps.
pub fn pointers(place: &Place, build_id: &str, mode: Mode) -> Result<Vec<Object>, BadName> {
    if place.local {
        return Ok(Vec::new());
    }
    let mut objects = Vec::new();
    for name in &place.latest_build {
        let content = Content::text(build_id);
        objects.push(Object { name: ObjectName::parse(name)?, content, mode, link: None });
    }
    if let Some(alias) = &place.alias {
        let content = Content::text(alias.content.clone());
        let link = Some(alias.content.clone());
        objects.push(Object { name: ObjectName::parse(&alias.file)?, content, mode, link });
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place;
    use api::{decoration::GcsConfiguration, prow_job::ProwJobSpec};

    fn postsubmit(configuration: &GcsConfiguration) -> Place {
        let spec: ProwJobSpec = serde_json::from_str(
            r#"{ "type": "postsubmit", "job": "unit", "refs": { "base_ref": "main" } }"#,
        )
        .unwrap();
        place(configuration, &spec, "9").unwrap()
    }

    fn names(objects: &[Object]) -> Vec<&str> {
        objects.iter().map(|object| object.name.as_str()).collect()
    }

    #[test]
    fn a_run_has_its_folder_and_files_that_lead_there() {
        let place = postsubmit(&GcsConfiguration { bucket: "b".into(), ..GcsConfiguration::default() });
        let folder = RunFolder::new(&place).unwrap();
        assert_eq!(folder.object(file::STARTED).unwrap().as_str(), "logs/unit/9/started.json");
        let sub = folder.sub_folder("extra/").unwrap();
        assert_eq!(sub.object("x").unwrap().as_str(), "logs/unit/9/extra/x");
        assert!(folder.sub_folder("../8").is_err() && folder.object("../x").is_err());
        assert_eq!(names(&pointers(&place, "9", Mode::Overwrite).unwrap()), ["logs/unit/latest-build.txt"]);
    }

    #[test]
    fn a_folder_of_the_machine_holds_one_run_and_no_pointers() {
        let place =
            postsubmit(&GcsConfiguration { local_output_dir: "/out".into(), ..GcsConfiguration::default() });
        assert_eq!(RunFolder::new(&place).unwrap().object(file::STARTED).unwrap().as_str(), "started.json");
        assert!(pointers(&place, "9", Mode::Overwrite).unwrap().is_empty());
    }
}
