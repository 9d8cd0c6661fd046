//! What faces the internet: the webhook receiver and pages; no rights of its own.
