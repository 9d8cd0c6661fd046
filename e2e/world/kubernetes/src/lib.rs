//! A Kubernetes API server with honest semantics, in one axum router.
