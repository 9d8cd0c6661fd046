//! Standing: whether what a namespace says about a repository counts (DESIGN G1, KINDS 1).

use super::Claims;
use crate::{config::layers::GrantedRights, config::settings::Tenant, facts::RepoName, reason::Reason};

/// Who governs what: the installation's tenants where there are any, else the recorded claims.
#[derive(Clone, Copy, Debug)]
pub struct Governors<'a> {
    tenants: &'a [Tenant],
    claims: &'a Claims,
}

/// Whether a namespace's word about a repository counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It governs it.
    Governs,
    /// The governing namespace lets it bring jobs, with these rights; nothing else of it counts.
    Granted(&'a GrantedRights),
    /// It does not.
    None(GovernReason),
}

/// Why a namespace's word about a repository does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GovernReason {
    /// Another namespace has the owner.
    Claimed {
        /// The owner or repository.
        what: String,
        /// The namespace that has it.
        by: String,
    },
    /// Nobody has it: no Repository with proven credentials, or no tenant.
    NotGoverned {
        /// The repository.
        repository: String,
        /// Whether the installation lists tenants.
        tenants: bool,
    },
}

impl Reason for GovernReason {
    fn name(&self) -> &'static str {
        match self {
            Self::Claimed { .. } => "Claimed",
            Self::NotGoverned { .. } => "NotGoverned",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Claimed { what, by } => format!(
                "{what} is governed by namespace {by}: move the object there, or ask its people for jobs.from or the installation's administrators for a tenant."
            ),
            Self::NotGoverned { repository, tenants: true } => format!(
                "No tenant of the installation has {repository}: its administrators can add it to `tenants`."
            ),
            Self::NotGoverned { repository, tenants: false } => format!(
                "No Repository whose credentials GitHub accepted names {repository}: create one in this namespace."
            ),
        }
    }
}

impl<'a> Governors<'a> {
    /// From the settings and the recorded claims.
    pub const fn new(tenants: &'a [Tenant], claims: &'a Claims) -> Self {
        Self { tenants, claims }
    }

    /// The namespace that governs a repository.
    pub fn of(&self, repository: &RepoName) -> Option<&'a str> {
        if self.tenants.is_empty() {
            return self.claims.of(&repository.owner);
        }
        let name = repository.to_string();
        let by_name =
            |tenant: &&Tenant| tenant.repositories.iter().any(|listed| listed.eq_ignore_ascii_case(&name));
        let by_owner = |tenant: &&Tenant| {
            tenant.owners.iter().any(|owner| owner.eq_ignore_ascii_case(&repository.owner))
        };
        let tenant = self.tenants.iter().find(by_name).or_else(|| self.tenants.iter().find(by_owner))?;
        Some(&tenant.namespace)
    }

    /// Whether a namespace governs a repository.
    ///
    /// # Errors
    /// Who does, or why nobody does.
    pub fn governs(&self, namespace: &str, repository: &RepoName) -> Result<(), GovernReason> {
        match self.of(repository) {
            Some(governor) if governor == namespace => Ok(()),
            Some(by) => Err(GovernReason::Claimed { what: repository.to_string(), by: by.to_owned() }),
            None => Err(GovernReason::NotGoverned {
                repository: repository.to_string(),
                tenants: !self.tenants.is_empty(),
            }),
        }
    }

    /// Whether a namespace's word about a repository counts; `grants` are those of the governing namespace
    /// (`EffectiveRepository::jobs.from`), and matter to JobConfigs alone.
    pub fn standing<'g>(
        &self,
        namespace: &str,
        repository: &RepoName,
        grants: &'g [GrantedRights],
    ) -> Standing<'g> {
        match self.governs(namespace, repository) {
            Ok(()) => Standing::Governs,
            Err(reason @ GovernReason::NotGoverned { .. }) => Standing::None(reason),
            Err(reason @ GovernReason::Claimed { .. }) => grants
                .iter()
                .find(|grant| grant.namespace == namespace)
                .map_or(Standing::None(reason), Standing::Granted),
        }
    }

    /// Whether a Repository object can govern anything at all: `Stalled=Claimed` or `NotGoverned` where it cannot. Of
    /// an object whose owner is divided between tenants the namespace's part counts.
    ///
    /// # Errors
    /// Who has the owner, or why nobody does.
    pub fn may_govern_of(&self, namespace: &str, owner: &str) -> Result<(), GovernReason> {
        let of_owner =
            |listed: &String| listed.split_once('/').is_some_and(|(o, _)| o.eq_ignore_ascii_case(owner));
        let has_part = |tenant: &Tenant| {
            tenant.namespace == namespace
                && (tenant.owners.iter().any(|o| o.eq_ignore_ascii_case(owner))
                    || tenant.repositories.iter().any(of_owner))
        };
        if self.tenants.iter().any(has_part) {
            return Ok(());
        }
        match self.governs(namespace, &RepoName::new(owner, "*")) {
            Err(GovernReason::Claimed { by, .. }) => {
                Err(GovernReason::Claimed { what: owner.to_owned(), by })
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::layers::Allowed;

    fn tenant(namespace: &str, owners: &[&str], repositories: &[&str]) -> Tenant {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Tenant { namespace: namespace.into(), owners: list(owners), repositories: list(repositories) }
    }

    fn claimed() -> Claims {
        Claims::new([("acme".to_owned(), "acme-ci".to_owned())])
    }

    fn widgets() -> RepoName {
        RepoName::new("Acme", "Widgets")
    }

    #[test]
    fn where_tenants_speak_claims_are_silent() {
        let tenants = [tenant("infra", &["other"], &[])];
        let claims = claimed();
        let governors = Governors::new(&tenants, &claims);
        assert_eq!(governors.of(&widgets()), None);
        assert_eq!(governors.of(&RepoName::new("other", "x")), Some("infra"));
        let reason = governors.governs("acme-ci", &widgets()).unwrap_err();
        assert_eq!(reason.name(), "NotGoverned");
        assert!(reason.sentence().contains("tenants"), "{}", reason.sentence());
    }

    #[test]
    fn a_repository_beats_an_owner_whatever_the_order() {
        let (owner, one) = (tenant("acme", &["acme"], &[]), tenant("widgets", &[], &["acme/widgets"]));
        let claims = Claims::default();
        for tenants in [[owner.clone(), one.clone()], [one, owner]] {
            let governors = Governors::new(&tenants, &claims);
            assert_eq!(governors.of(&widgets()), Some("widgets"));
            assert_eq!(governors.of(&RepoName::new("acme", "gears")), Some("acme"));
        }
    }

    #[test]
    fn without_tenants_the_claim_decides() {
        let claims = claimed();
        let governors = Governors::new(&[], &claims);
        assert_eq!(governors.governs("acme-ci", &widgets()), Ok(()));
        let reason = governors.governs("other", &widgets()).unwrap_err();
        assert_eq!(reason.name(), "Claimed");
        assert!(reason.sentence().contains("acme-ci"), "{}", reason.sentence());
        let nobody = governors.governs("other", &RepoName::new("x", "y")).unwrap_err();
        assert!(nobody.sentence().contains("create one in this namespace"), "{}", nobody.sentence());
    }

    #[test]
    fn a_grant_lets_jobs_in_and_only_from_the_namespace_that_it_names() {
        let claims = claimed();
        let governors = Governors::new(&[], &claims);
        let grants = [GrantedRights {
            namespace: "sig-node".into(),
            clusters: Allowed::All,
            service_accounts: Allowed::All,
        }];
        assert_eq!(governors.standing("acme-ci", &widgets(), &grants), Standing::Governs);
        assert_eq!(governors.standing("sig-node", &widgets(), &grants), Standing::Granted(&grants[0]));
        assert!(matches!(governors.standing("sig-web", &widgets(), &grants), Standing::None(_)));
    }

    #[test]
    fn a_grant_by_nobody_is_none() {
        let claims = Claims::default();
        let governors = Governors::new(&[], &claims);
        let grants =
            [GrantedRights { namespace: "a".into(), clusters: Allowed::All, service_accounts: Allowed::All }];
        assert!(matches!(governors.standing("a", &widgets(), &grants), Standing::None(_)));
    }

    #[test]
    fn an_object_is_claimed_when_another_has_its_owner_and_not_when_it_has_a_part() {
        let tenants = [tenant("acme", &["acme"], &[]), tenant("part", &[], &["acme/widgets"])];
        let claims = Claims::default();
        let governors = Governors::new(&tenants, &claims);
        assert_eq!(governors.may_govern_of("acme", "Acme"), Ok(()));
        assert_eq!(governors.may_govern_of("part", "acme"), Ok(()));
        let reason = governors.may_govern_of("other", "acme").unwrap_err();
        assert_eq!(reason, GovernReason::Claimed { what: "acme".into(), by: "acme".into() });
    }
}
