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
