//! How a Kubernetes API server behaves, held against this world.
//!
//! The modules of the first group speak to a server through `kube::Client` alone. With `WORLD_KUBECONFIG` set to a
//! kubeconfig they run against that server instead of the world: they are what keeps the double honest. The others are
//! about what only the world can do: faults, virtual time, its own paths.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what helps a test may end it")]

mod support;

mod definitions;
mod deletion;
mod discovery;
mod events;
mod lists;
mod objects;
mod ownership;
mod patches;
mod pods;
mod runtime;
mod tables;
mod validation;
mod watches;

mod access;
mod crashes;
mod faults;
mod kubectl;
mod logs;
