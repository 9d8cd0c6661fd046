//! Triggers: from an event or a comment to the runs to start and to abort.
