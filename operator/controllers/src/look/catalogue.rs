//! The catalogue of jobs, put together again when an object that it comes from has changed.

use crate::{context::Context, stores::sorted};
use api::{JobConfig, Repository};
use decide::{
    config::{
        JobId,
        catalogue::{self, Ground, KnownRepository},
        layers,
    },
    facts::RepoName,
    govern::{Claims, Governors, Standing},
};
use kube::ResourceExt;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

/// What the catalogue was put together from: names and versions.
type Fingerprint = Vec<(String, String, String)>;

/// Keeps the catalogue.
#[derive(Debug, Default)]
pub struct Catalogue {
    kept: Mutex<Option<(Fingerprint, Arc<catalogue::Catalogue>)>>,
}

impl Catalogue {
    /// The catalogue as of now.
    pub fn get(&self, context: &Context) -> Arc<catalogue::Catalogue> {
        let repositories = sorted(&context.stores.repositories);
        let configs = sorted(&context.stores.job_configs);
        let (settings, claims) = (context.installation.settings(), context.installation.claims());
        let mut fingerprint: Fingerprint =
            vec![(String::new(), String::new(), format!("{settings:?}{claims:?}"))];
        fingerprint.extend(repositories.iter().map(|object| print(object.as_ref())));
        fingerprint.extend(configs.iter().map(|object| print(object.as_ref())));

        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, catalogue)) = kept.as_ref()
            && *known == fingerprint
        {
            return catalogue.clone();
        }
        let before: BTreeSet<JobId> = kept.as_ref().map(|(_, catalogue)| catalogue.ids()).unwrap_or_default();
        let alive: Vec<&JobConfig> =
            configs.iter().map(AsRef::as_ref).filter(|c| c.metadata.deletion_timestamp.is_none()).collect();
        let ground = Known::of(&repositories, &alive, &settings.tenants, &claims);
        let new = Arc::new(catalogue::catalogue(&alive, &ground, &settings, &before));
        *kept = Some((fingerprint, new.clone()));
        new
    }
}

/// A status written by ourselves moves the version but not the generation; a deletion moves neither.
fn print<K: kube::Resource<DynamicType = ()>>(object: &K) -> (String, String, String) {
    let meta = object.meta();
    let going = meta.deletion_timestamp.is_some();
    let version =
        format!("{} {} {going}", meta.generation.unwrap_or_default(), object.uid().unwrap_or_default());
    (object.namespace().unwrap_or_default(), object.name_any(), version)
}

/// What is known of the repositories that any job names.
struct Known<'a> {
    known: BTreeMap<RepoName, KnownRepository>,
    governors: Governors<'a>,
}

impl<'a> Known<'a> {
    fn of(
        repositories: &[Arc<Repository>],
        configs: &[&JobConfig],
        tenants: &'a [decide::config::settings::Tenant],
        claims: &'a Claims,
    ) -> Self {
        let governors = Governors::new(tenants, claims);
        let named = configs.iter().flat_map(|config| {
            let spec = &config.spec;
            let extra = spec.periodics.iter().filter_map(|job| job.base.extra_refs.first());
            let extra = extra.map(|refs| format!("{}/{}", refs.org, refs.repo));
            spec.presubmits.keys().chain(spec.postsubmits.keys()).cloned().chain(extra)
        });
        let mut known = BTreeMap::new();
        for name in named.filter_map(|name| name.parse::<RepoName>().ok()) {
            let Some(governor) = governors.of(&name) else { continue };
            let of_governor = repositories.iter().filter(|object| {
                object.namespace().as_deref() == Some(governor)
                    && object.metadata.deletion_timestamp.is_none()
            });
            if let Some(effective) = layers::effective(&name, of_governor.map(AsRef::as_ref)) {
                let governor = governor.to_owned();
                known.insert(folded(&name), KnownRepository { governor, effective: effective.repository });
            }
        }
        Self { known, governors }
    }
}

impl Ground for Known<'_> {
    fn repository(&self, name: &RepoName) -> Option<&KnownRepository> {
        self.known.get(&folded(name))
    }

    fn standing(&self, namespace: &str, name: &RepoName) -> Standing<'_> {
        let grants = self.repository(name).map_or(&[][..], |known| &known.effective.jobs.from);
        self.governors.standing(namespace, name, grants)
    }
}

fn folded(name: &RepoName) -> RepoName {
    RepoName::new(name.owner.to_lowercase(), name.name.to_lowercase())
}
