//! Stories against the world.
