//! A GitHub with state, real git and webhooks.
