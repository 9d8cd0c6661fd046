//! A kubelet that runs pods as local processes.
