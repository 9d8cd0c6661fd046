//! The file with which kubectl finds the simulated cluster.

use serde_json::json;
use std::net::SocketAddr;

/// The text of a kubeconfig: JSON, which is YAML too. There are no credentials in it, since there are none.
pub(crate) fn text(server: SocketAddr) -> String {
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "sandbox", "cluster": { "server": format!("http://{server}") } }],
        "users": [{ "name": "sandbox", "user": {} }],
        "contexts": [{ "name": "sandbox", "context": { "cluster": "sandbox", "user": "sandbox", "namespace": "acme" } }],
        "current-context": "sandbox",
    });
    format!("{config:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::config::Kubeconfig;

    #[test]
    fn the_kubeconfig_is_one() {
        let read = Kubeconfig::from_yaml(&text("127.0.0.1:16443".parse().unwrap())).unwrap();
        assert_eq!(read.current_context.as_deref(), Some("sandbox"));
        let cluster = read.clusters[0].cluster.as_ref().unwrap();
        assert_eq!(cluster.server.as_deref(), Some("http://127.0.0.1:16443"));
        let context = read.contexts[0].context.as_ref().unwrap();
        assert_eq!(context.namespace.as_deref(), Some("acme"));
    }
}
