//! The installation's settings, from the one ConfigMap of KINDS 7.

use crate::context::Context;
use decide::config::settings::Settings;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;

/// Name of the ConfigMap, in the operator's namespace.
pub const SETTINGS: &str = "bowsprit";
/// The key with the settings.
pub const KEY: &str = "settings.yaml";

/// Reads the settings and puts them in force; an invalid version changes nothing.
///
/// # Errors
/// What the API server answers.
pub async fn read(context: &Context) -> Result<(), kube::Error> {
    let api: Api<ConfigMap> = Api::namespaced(context.home.clone(), &context.namespace);
    let text = api.get_opt(SETTINGS).await?.and_then(|map| map.data?.remove(KEY));
    match text.map(|text| Settings::parse(&text)) {
        Some(Ok(settings)) => context.installation.renew(settings),
        Some(Err(problems)) => {
            for problem in problems {
                tracing::warn!(%problem, "the settings stay as they were");
            }
        }
        None => {}
    }
    context.installation.become_known();
    Ok(())
}
