//! Configuration: reading job files as leniently as Prow, defaults, checks, and the layers of Repository.

pub mod layers;
pub mod settings;
