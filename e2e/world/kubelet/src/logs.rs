//! Logs on their way to the API server's `pods/log`: the simulated server takes them on a path of its own.
//!
//! A real API server asks the kubelet for logs instead; against one, nothing is sent and nobody is told less than the
//! files in the pod's folder say.

use kube::Client;

/// Sends what a pod's containers print.
#[derive(Clone)]
pub(crate) struct Writer {
    client: Client,
    namespace: String,
    pod: String,
}

impl Writer {
    pub(crate) fn new(client: Client, namespace: &str, pod: &str) -> Self {
        Self { client, namespace: namespace.to_owned(), pod: pod.to_owned() }
    }

    /// Adds to a container's log. A server that does not take logs is no error: they are not state.
    pub(crate) async fn write(&self, container: &str, bytes: &[u8]) {
        self.send(container, "", bytes).await;
    }

    /// Ends a container's log: who follows it is told that nothing comes any more.
    pub(crate) async fn end(&self, container: &str) {
        self.send(container, "?done=true", &[]).await;
    }

    async fn send(&self, container: &str, query: &str, bytes: &[u8]) {
        let path = format!("/world/logs/{}/{}/{container}{query}", self.namespace, self.pod);
        let Ok(request) = http::Request::put(path).body(bytes.to_vec()) else { return };
        if let Err(error) = self.client.request_text(request).await {
            tracing::debug!(%error, pod = self.pod, container, "a piece of log was not taken");
        }
    }
}
