//! The Forge trait and its GitHub implementation.
