//! The small programs inside job pods: clonerefs, entrypoint, sidecar, initupload.
