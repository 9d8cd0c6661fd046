//! A kubelet without containers: it runs the pods of an API server as local processes, or plays them from a script.
//!
//! It speaks only the Kubernetes API, so it can serve any API server. A container is a process in a mount namespace of
//! its own, in which the pod's volumes stand at their paths over the host's files; its image is not pulled but looked up
//! in [`Images`]. Where namespaces are not allowed, processes run without, and the paths of volumes are rewritten in
//! commands and environment; [`Isolation::probe`] says which it is. It has no resources, probes, ports or network: a pod
//! that needs one of these finds it missing, not half there.

mod environment;
mod images;
mod isolation;
mod kubelet;
mod lifecycle;
mod logs;
mod process;
mod root;
mod script;
mod status;
mod volumes;

pub use images::Images;
pub use isolation::Isolation;
pub use kubelet::{Kubelet, Options};
pub use script::{Outcome, Script};
